/** The metrics page: plain HTTP, `/metrics` and nothing else (LC-42). */

import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.ts";
import { http } from "./node-http.ts";

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `metrics` on `host` (absent or empty: all addresses) and `port`.
 * Rejects with a message that names the address when it cannot listen there.
 */
export async function serveMetrics(
  metrics: Metrics,
  address: { readonly host?: string; readonly port: number },
): Promise<HttpServer> {
  const server = http.createServer((request, response) => {
    if (request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404, { "content-type": "text/plain" }).end("404: see /metrics\n");
      return;
    }
    const { text, contentType } = metrics.expose();
    response.writeHead(200, { "content-type": contentType }).end(text);
  });
  server.keepAliveTimeout = 60_000;
  const { port, host } = address;
  await new Promise<void>((listening, refused) => {
    server.once("error", (cause) => {
      const why = "code" in cause ? String(cause.code) : cause.message;
      const text = `cannot serve metrics on ${host || "all addresses"}, port ${port} (${why}): choose another --port or stop the program that uses it`;
      refused(new Error(text, { cause }));
    });
    server.listen({ port, ...(host ? { host } : {}) }, listening);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
