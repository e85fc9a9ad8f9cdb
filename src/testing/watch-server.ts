/** A few lines of an API server over real HTTP: lists and watches one kind, and misbehaves when told to. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { KubeObject, WatchEvent } from "../kube/index.ts";

export class WatchServer {
  readonly objects = new Map<string, KubeObject>();
  /** `GET /api/v1/services?...` of every request, in order. */
  readonly requests: string[] = [];
  /** When set, every other bearer token gets 401. */
  acceptedToken: string | undefined;
  /** Versions below it are answered with 410. */
  compactedTo = 0;
  #version = 1;
  readonly #history: { version: number; event: WatchEvent<KubeObject> }[] = [];
  readonly #watches = new Set<ServerResponse>();
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get watchCount(): number {
    return this.#watches.size;
  }

  /** Listens on the port of the time before, if there was one. */
  async start(): Promise<void> {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Goes away as a killed process does: every connection is cut. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.#server?.closeAllConnections();
    await closed;
  }

  put(name: string, labels: Record<string, string> = {}): void {
    const type = this.objects.has(name) ? "MODIFIED" : "ADDED";
    const metadata = { namespace: "default", name, labels, resourceVersion: this.#nextVersion() };
    this.objects.set(name, { metadata });
    this.#tell({ type, object: { metadata } });
  }

  remove(name: string): void {
    this.objects.delete(name);
    const metadata = { namespace: "default", name, resourceVersion: this.#nextVersion() };
    this.#tell({ type: "DELETED", object: { metadata } });
  }

  /** Forgets the history and ends all watches. */
  compact(): void {
    this.compactedTo = this.#version;
    this.cutWatches();
  }

  cutWatches(): void {
    for (const watch of this.#watches) watch.destroy();
  }

  /** Sends bytes to every watch as they are. */
  sendRaw(bytes: string | Uint8Array): void {
    for (const watch of this.#watches) watch.write(bytes);
  }

  #nextVersion(): string {
    return String(++this.#version);
  }

  #tell(event: WatchEvent<KubeObject>): void {
    this.#history.push({ version: this.#version, event });
    this.sendRaw(`${JSON.stringify(event)}\n`);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method} ${request.url}`);
    const query = new URL(request.url ?? "", this.url).searchParams;
    if (
      this.acceptedToken !== undefined &&
      request.headers.authorization !== `Bearer ${this.acceptedToken}`
    ) {
      refuse(response, 401, "Unauthorized");
    } else if (!query.has("watch")) {
      this.#list(query, response);
    } else if (Number(query.get("resourceVersion")) < this.compactedTo) {
      refuse(response, 410, "Expired");
    } else {
      this.#watch(Number(query.get("resourceVersion")), response);
    }
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const all = [...this.objects.values()];
    const begin = Number(query.get("continue") ?? 0);
    const end = begin + Number(query.get("limit") ?? all.length);
    const metadata = {
      resourceVersion: String(this.#version),
      ...(end < all.length ? { continue: String(end) } : {}),
    };
    response.end(JSON.stringify({ metadata, items: all.slice(begin, end) }));
  }

  #watch(from: number, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    for (const { version, event } of this.#history) {
      if (version > from) response.write(`${JSON.stringify(event)}\n`);
    }
    this.#watches.add(response);
    response.on("close", () => this.#watches.delete(response));
  }
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify({ kind: "Status", code, reason, message: `${reason} by the test` }));
}
