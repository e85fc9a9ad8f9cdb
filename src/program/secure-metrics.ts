/** The metrics page of v0.16: HTTPS, for callers whose token may read it (MET-1). */

import {
  followKeyPair,
  makeSelfSigned,
  readKeyPair,
  RequestRefused,
  serveHttps,
  type HttpServer,
  type HttpsRequest,
  type KeyPair,
  type KubeClient,
  type Logger,
  type Metrics,
  type TlsOptions,
} from "../platform/index.ts";
import { probePath } from "./probe-exchange.ts";
import { ScrapeAccess, type ScrapeVerdict } from "./scrape-access.ts";

export interface SecureMetricsOptions {
  readonly metrics: Metrics;
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly port: number;
  readonly tls: TlsOptions;
  /** Folder with tls.crt and tls.key, followed as they change; empty: self-signed. */
  readonly certDir: string;
  /** What is answered to the body of a POST to `/probe`, which proves itself (src/program/probe-exchange.ts). */
  readonly probePage?: ((text: string) => Promise<string>) | undefined;
}

/** A request names 128 addresses at most. */
const probeBytes = 16 * 1024;

/** Rejects, with a message for people, where the certificate cannot be read or the port is taken. */
export async function serveSecureMetrics(options: SecureMetricsOptions): Promise<HttpServer> {
  const { metrics, client, logger, port, tls, certDir, probePage } = options;
  const access = new ScrapeAccess(client);
  const server = await serveHttps({
    name: "metrics",
    port,
    tls,
    certificate: certDir === "" ? selfSigned : given(certDir),
    logger,
    maxBodyBytes: probePage === undefined ? 0 : probeBytes,
    answer: async (request) => {
      if (request.path === probePath && probePage !== undefined) {
        if (request.method !== "POST") throw new RequestRefused(405, "405: only POST");
        const text = await probePage(await request.text());
        return { status: 200, contentType: "application/json", text };
      }
      if (request.path !== "/metrics") throw new RequestRefused(404, "404: see /metrics");
      await authorize(access, request, logger);
      return { status: 200, ...metrics.expose() };
    },
  });
  if (certDir === "") return server;
  const following = followKeyPair(certDir, {
    onPair: (pair) => server.useCertificate(pair),
    onTrouble: (error) => logger.warn({ op: "metrics", error, msg: "the old certificate stays" }),
  });
  return {
    port: server.port,
    close: () => {
      following.stop();
      return server.close();
    },
  };
}

async function authorize(
  access: ScrapeAccess,
  request: HttpsRequest,
  logger: Logger,
): Promise<void> {
  if (request.method !== "GET") throw new RequestRefused(405, "405: only GET");
  let verdict: ScrapeVerdict;
  try {
    verdict = await access.check(request.headers.authorization);
  } catch (error) {
    logger.warn({
      op: "metrics",
      error,
      msg: "the API server cannot say who may read the metrics",
    });
    throw new RequestRefused(503, "503: the API server cannot be asked about this token now");
  }
  if (verdict === "unauthenticated") {
    throw new RequestRefused(401, "401: send a bearer token that the cluster knows");
  }
  if (verdict === "forbidden") {
    throw new RequestRefused(
      403,
      '403: this account needs verb "get" on non-resource URL "/metrics"',
    );
  }
}

function selfSigned(): Promise<KeyPair> {
  return makeSelfSigned({ commonName: "metallb-metrics", dnsNames: ["localhost"], days: 3650 });
}

function given(certDir: string): KeyPair {
  const read = readKeyPair(certDir);
  if (!read.ok) throw new Error(`--metrics-cert-dir=${read.error}`);
  return read.pair;
}
