import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import {
  KubeClient,
  makeSelfSigned,
  Metrics,
  silentLogger,
  TlsPoster,
  type HttpServer,
} from "../platform/index.ts";
import { serveSecureMetrics } from "./secure-metrics.ts";

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
  readonly certificate: string;
}

/** One request on a connection of its own; any certificate is fine. */
async function get(server: HttpServer, path: string, token?: string): Promise<Answer> {
  const sent = request({
    host: "127.0.0.1",
    port: server.port,
    path,
    agent: false,
    rejectUnauthorized: false,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  }).end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  const { subject } = (answer.socket as TLSSocket).getPeerCertificate();
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode, text, certificate: String(subject.CN) };
}

describe("secure metrics", () => {
  let api: Server;
  let client: KubeClient;
  let reviews: { kind: string; spec: Record<string, unknown> }[] = [];
  let isApiDown = false;
  /** The API server answers no earlier. */
  let held = Promise.resolve();
  let server: HttpServer;

  before(async () => {
    api = createServer((incoming, response) => {
      let text = "";
      incoming.on("data", (chunk) => (text += String(chunk)));
      incoming.on("end", () => {
        const review = JSON.parse(text) as (typeof reviews)[number];
        reviews.push(review);
        const { token, user } = review.spec;
        const status =
          review.kind === "TokenReview"
            ? { authenticated: token !== "forged", user: { username: token, groups: ["g"] } }
            : { allowed: user === "scraper" };
        const answer = JSON.stringify({ ...review, status });
        void held.then(() => response.writeHead(isApiDown ? 500 : 201).end(answer));
      });
    }).listen(0, "127.0.0.1");
    await once(api, "listening");
    const { port } = api.address() as AddressInfo;
    client = new KubeClient({ server: `http://127.0.0.1:${port}`, origin: "the test" });
  });

  beforeEach(async () => {
    reviews = [];
    isApiDown = false;
    server = await serve("");
  });

  afterEach(() => server.close());

  after(async () => {
    await client.close();
    api.close();
  });

  function serve(certDir: string): Promise<HttpServer> {
    const tls = { minVersion: "TLSv1.3" } as const;
    const metrics = new Metrics();
    metrics.client();
    const probePage = async (text: string) => `you said ${text}`;
    const rest = { logger: silentLogger, port: 0, tls, certDir, probePage };
    return serveSecureMetrics({ metrics, client, ...rest });
  }

  it("MET-1: a token that may get /metrics reads them over HTTPS, by a self-signed certificate", async () => {
    const { status, text, certificate } = await get(server, "/metrics", "scraper");
    assert.equal(status, 200);
    assert.match(text, /^metallb_k8s_client_config_loaded_bool 0$/m);
    assert.equal(certificate, "metallb-metrics");
    assert.deepEqual(reviews[1]?.spec, {
      user: "scraper",
      groups: ["g"],
      nonResourceAttributes: { path: "/metrics", verb: "get" },
    });
  });

  it("POST /probe is answered beside the metrics, bounded in length, and proves itself without a token", async () => {
    const poster = new TlsPoster();
    const url = `https://127.0.0.1:${server.port}/probe`;
    try {
      assert.deepEqual(await poster.post(url, "this", 5000), {
        status: 200,
        text: "you said this",
      });
      assert.equal((await poster.post(url, "x".repeat(16 * 1024 + 1), 5000)).status, 413);
      assert.deepEqual(reviews, []);
      assert.equal((await get(server, "/probe")).status, 405);
    } finally {
      poster.close();
    }
  });

  it("MET-1: no token or an unknown one is 401, one without the right 403", async () => {
    assert.equal((await get(server, "/metrics")).status, 401);
    assert.deepEqual(reviews, [], "nobody was asked about no token");
    assert.equal((await get(server, "/metrics", "forged")).status, 401);
    assert.equal((await get(server, "/metrics", "stranger")).status, 403);
    assert.equal((await get(server, "/other", "scraper")).status, 404);
  });

  it("MET-1: a yes is remembered for a while, a no is asked again", async () => {
    for (let turn = 0; turn < 3; turn++) await get(server, "/metrics", "scraper");
    assert.equal(reviews.length, 2);
    for (let turn = 0; turn < 2; turn++) await get(server, "/metrics", "forged");
    assert.equal(reviews.length, 4);
  });

  it("MET-1: while the API server cannot be asked, 503 says so", async () => {
    isApiDown = true;
    const { status, text } = await get(server, "/metrics", "scraper");
    assert.equal(status, 503);
    assert.match(text, /API server cannot be asked/);
  });

  it("MET-1: strangers with invented tokens ask the API server no more than 8 questions at once", async () => {
    let release: () => void = () => undefined;
    held = new Promise((resolve) => (release = resolve));
    const asking = Array.from({ length: 9 }, () => get(server, "/metrics", "forged"));
    const first = await Promise.race(asking);
    assert.equal(first.status, 503);
    release();
    const statuses = (await Promise.all(asking)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [...Array.from({ length: 8 }, () => 401), 503]);
  });

  it("MET-1: --metrics-cert-dir gives the certificate, followed as it is replaced", async () => {
    const folder = mkdtempSync(join(tmpdir(), "metrics-"));
    const put = async (commonName: string): Promise<void> => {
      const { cert, key } = await makeSelfSigned({ commonName, dnsNames: [], days: 1 });
      writeFileSync(join(folder, "tls.crt"), cert);
      writeFileSync(join(folder, "tls.key"), key);
    };
    await assert.rejects(serve(folder), /--metrics-cert-dir=.*tls\.crt and tls\.key/);
    await put("first");
    const own = await serve(folder);
    try {
      assert.equal((await get(own, "/metrics")).certificate, "first");
      await put("second");
      while ((await get(own, "/metrics")).certificate !== "second");
    } finally {
      await own.close();
      rmSync(folder, { recursive: true });
    }
  });
});
