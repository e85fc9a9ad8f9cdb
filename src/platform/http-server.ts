/** Pages over plain HTTP: metrics as v0.9.5 serves them (LC-42), and health (MET-2). */

import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.ts";
import { http } from "./node-http.ts";

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface PlainPages {
  /** What is served, and the flag that says where, for messages. */
  readonly name: string;
  readonly flag: string;
  /** Absent or empty: all addresses. */
  readonly host?: string;
  readonly port: number;
  /** The page of a path, without its query; undefined: there is none. May take its time. */
  readonly page: (path: string, query: URLSearchParams) => Page | undefined | Promise<Page>;
}

export interface Page {
  readonly text: string;
  readonly contentType: string;
}

const plainText = "text/plain; charset=utf-8";

/** Rejects with a message that names the address when it cannot listen there. */
export async function servePlain(pages: PlainPages): Promise<HttpServer> {
  const { name, flag, host, port } = pages;
  const server = http.createServer((request, response) => {
    const [path = "", query] = (request.url ?? "").split("?", 2);
    void Promise.resolve(pages.page(path, new URLSearchParams(query)))
      .then((page) => {
        const { text, contentType } = page ?? {
          text: "404: no such page\n",
          contentType: plainText,
        };
        response.writeHead(page === undefined ? 404 : 200, { "content-type": contentType });
        response.end(text);
      })
      .catch((error: unknown) => response.writeHead(500).end(`${String(error)}\n`));
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((listening, refused) => {
    server.once("error", (cause) => {
      const why = "code" in cause ? String(cause.code) : cause.message;
      const text = `cannot serve ${name} on ${host || "all addresses"}, port ${port} (${why}): choose another ${flag} or stop the program that uses it`;
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

type Address = Pick<PlainPages, "host" | "port">;

/** What is shown beside the usual, as JSON, by path. */
export type JsonPages = Readonly<Record<string, () => unknown>>;

/** LC-42: `/metrics` without authentication, and what is asked for beside it. */
export function serveMetrics(
  metrics: Metrics,
  address: Address,
  more: JsonPages = {},
): Promise<HttpServer> {
  const page = (path: string): Page | undefined =>
    path === "/metrics" ? metrics.expose() : jsonPage(more, path);
  return servePlain({ ...address, name: "metrics", flag: "--port", page });
}

/** A check, all checks of its kind, and the only one there is by its name, as Kubernetes' own health pages have it. */
const healthPaths = /^\/(?:healthz(?:\/(?:healthz)?)?|readyz(?:\/(?:readyz)?)?)$/;

/** MET-2: a process that answers is alive and ready. */
export function serveHealth(address: Address, more: JsonPages = {}): Promise<HttpServer> {
  const page = (path: string): Page | undefined =>
    healthPaths.test(path) ? { text: "ok", contentType: plainText } : jsonPage(more, path);
  return servePlain({ ...address, name: "health", flag: "--health-probe-port", page });
}

function jsonPage(pages: JsonPages, path: string): Page | undefined {
  if (!Object.hasOwn(pages, path)) return undefined;
  const text = `${JSON.stringify(pages[path]?.(), undefined, 2)}\n`;
  return { text, contentType: "application/json" };
}
