/** HTTP requests to one API server over kept-alive connections, by Node's own client. */

import type { Agent, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { KubeConnection } from "./kube-config.ts";
import { http, https } from "./node-http.ts";

export interface HttpCall {
  readonly method: string;
  /** With the query, as it goes into the request line. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
  /** The answer goes on for as long as the server likes, with any pauses. */
  readonly isStream?: boolean;
}

const connectTimeoutMs = 10_000;
/** The longest silence of a request that is no stream. */
const requestTimeoutMs = 30_000;
/** A dead connection is noticed by the kernel this long after its last byte, plus its ten probes of a second. */
const keepAliveProbeAfterMs = 15_000;
/** Longer than most pauses between changes, so that the first write after one needs no handshake. */
const idleConnectionMs = 60_000;

/** One per client; errors are Node's own, with their `code`. */
export class KubeTransport {
  readonly #server: URL;
  readonly #isTls: boolean;
  readonly #agent: Agent;

  constructor(connection: KubeConnection) {
    this.#server = new URL(connection.server);
    this.#isTls = this.#server.protocol === "https:";
    const options = {
      keepAlive: true,
      keepAliveMsecs: keepAliveProbeAfterMs,
      timeout: idleConnectionMs,
    };
    this.#agent = this.#isTls
      ? new https.Agent({ ...options, ...tlsOptions(connection) })
      : new http.Agent(options);
  }

  /** Resolves with the answer as soon as its headers are there; its body must be read or destroyed. */
  send(call: HttpCall): Promise<IncomingMessage> {
    const { method, headers, body, signal } = call;
    return new Promise((resolve, reject) => {
      let answer: IncomingMessage | undefined;
      const request = (this.#isTls ? https : http).request({
        agent: this.#agent,
        // IPv6 addresses stand in brackets in a URL only.
        host: this.#server.hostname.replace(/^\[(.*)\]$/, "$1"),
        port: this.#server.port,
        path: this.#server.pathname.replace(/\/$/, "") + call.path,
        method,
        headers: body === undefined ? headers : { ...headers, ...lengthOf(body) },
        timeout: connectTimeoutMs,
        ...(signal ? { signal } : {}),
      });
      request.on("socket", (socket) => {
        const connected = (): void => void socket.setTimeout(requestTimeoutMs);
        if (socket.connecting) socket.once(this.#isTls ? "secureConnect" : "connect", connected);
        else connected();
      });
      request.on("timeout", () => (answer ?? request).destroy(silence(request.socket)));
      request.on("response", (response) => {
        // A stream may be silent: the kernel's probes and the caller's watchdog look after it.
        if (call.isStream) response.socket.setTimeout(0);
        answer = response;
        resolve(response);
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  /** Cuts every connection; requests in flight fail. */
  close(): void {
    this.#agent.destroy();
  }
}

/** The whole body as text. Rejects when the connection breaks before its end. */
export async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** Node adds it by itself to some methods only, and not to a DELETE. */
function lengthOf(body: string): Record<string, string> {
  return { "content-length": String(Buffer.byteLength(body)) };
}

function tlsOptions(connection: KubeConnection) {
  const { caData, cert, key, tlsServerName, insecureSkipTlsVerify } = connection;
  return {
    ...(caData === undefined ? {} : { ca: caData }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
    rejectUnauthorized: insecureSkipTlsVerify !== true,
  };
}

function silence(socket: Socket | null): Error {
  const code = socket?.connecting === false ? "ERR_KUBE_SILENT" : "ETIMEDOUT";
  return Object.assign(new Error("no answer in time"), { code });
}
