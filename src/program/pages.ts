/** What a program serves for monitoring, as its process interface asks for it. */

import {
  parseTlsFlags,
  serveHealth,
  serveMetrics,
  serveProfiles,
  type HttpServer,
  type JsonPages,
  type KubeClient,
  type Logger,
  type Metrics,
  type modernFlags,
  type FlagValues,
  type ProcessInterface,
} from "../platform/index.ts";
import { serveSecureMetrics } from "./secure-metrics.ts";

export interface PagesOptions {
  readonly processInterface: ProcessInterface;
  readonly flags: FlagValues<typeof modernFlags> & { readonly port: number };
  readonly metrics: Metrics;
  readonly client: KubeClient;
  readonly logger: Logger;
  /** Address of the plain metrics page (LC-42); absent or empty: all. */
  readonly metricsHost?: string;
  /** Address of the health page (MET-2); absent: all. */
  readonly healthHost?: string;
  /** More pages, by path: beside health, in v0.9.5's interface beside the metrics. */
  readonly morePages?: JsonPages;
  /** What is answered to the body of a POST to `/probe` beside the HTTPS metrics; absent: there is no such page. */
  readonly probePage?: ((text: string) => Promise<string>) | undefined;
}

/** Opens all of them; one that cannot be opened is told in the log, for addresses matter more than pages about them. */
export async function openPages(options: PagesOptions): Promise<{ close(): Promise<void> }> {
  const opening = pagesOf(options).map(async (page) => {
    try {
      return await page;
    } catch (error) {
      options.logger.error({ op: "startup", error, msg: "going on without this page" });
      return undefined;
    }
  });
  const opened = (await Promise.all(opening)).filter((page) => page !== undefined);
  const ports = opened.map(({ port }) => port);
  options.logger.info({ op: "startup", ports, msg: "serving" });
  return {
    close: async () => {
      for (const page of opened) await page.close();
    },
  };
}

function pagesOf(options: PagesOptions): Promise<HttpServer>[] {
  const { processInterface, flags, metrics, client, logger, metricsHost, healthHost } = options;
  const { morePages = {}, probePage } = options;
  const { port } = flags;
  const pages: Promise<HttpServer>[] = [];
  const profiler = flags["pprof-bind-address"];
  if (profiler !== "") pages.push(serveProfiles(profiler));
  if (processInterface === "legacy") {
    const host = metricsHost === undefined ? {} : { host: metricsHost };
    return [...pages, serveMetrics(metrics, { port, ...host }, morePages)];
  }
  const healthPort = flags["health-probe-port"];
  if (healthPort !== 0) {
    const host = healthHost === undefined ? {} : { host: healthHost };
    pages.push(serveHealth({ port: healthPort, ...host }, morePages));
  }
  const tls = parseTlsFlags(flags);
  if (port !== 0 && tls.ok) {
    const certDir = flags["metrics-cert-dir"];
    const secure = { metrics, client, logger, port, tls: tls.options, certDir, probePage };
    pages.push(serveSecureMetrics(secure));
  }
  return pages;
}
