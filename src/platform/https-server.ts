/**
 * An HTTPS server for callers that nobody vouches for: bounded in connections, time and memory; whatever it cannot
 * serve gets a short answer in plain text and no log line.
 */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Server as TlsServer } from "node:tls";
import { once } from "node:events";
import type { KeyPair } from "./certificates.ts";
import type { HttpServer } from "./http-server.ts";
import { https } from "./node-http.ts";
import { prepareAtFirstCall } from "./late-certificate.ts";
import type { Logger } from "./logger.ts";
import type { TlsOptions } from "./tls-options.ts";

export interface HttpsRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The whole body; rejects with `RequestRefused` when it is larger than the server takes. */
  text(): Promise<string>;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** Thrown by whoever answers, to refuse a request: the message is the whole answer. */
export class RequestRefused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "RequestRefused";
    this.status = status;
  }
}

export interface HttpsOptions {
  /** What is served, for messages: "webhooks". */
  readonly name: string;
  /** Absent: all addresses. */
  readonly host?: string;
  readonly port: number;
  readonly tls: TlsOptions;
  /** As a function: made when the first caller comes. */
  readonly certificate: KeyPair | (() => Promise<KeyPair>);
  /** HTTP/2 beside HTTP/1.1 (WH-1). */
  readonly allowsHttp2?: boolean;
  /** The longest body; default 8 MiB. */
  readonly maxBodyBytes?: number;
  readonly logger: Logger;
  readonly answer: (request: HttpsRequest) => Promise<HttpsAnswer>;
}

export interface HttpsServer extends HttpServer {
  /** New connections get this certificate; open ones go on. */
  useCertificate(certificate: KeyPair): void;
}

const mebibyte = 1024 * 1024;
const connectionsMax = 128;
/** All bodies together, so that many callers at once cannot fill the memory. */
const heldBytesMax = 32 * mebibyte;
/** How much of a refused body is read (and thrown away) so that its sender hears why. */
const discardedBytesMax = 64 * mebibyte;
const handshakeMs = 10_000;
const headersMs = 10_000;
const requestMs = 30_000;
const idleMs = 120_000;
const plainText = "text/plain; charset=utf-8";

/** Listens, or rejects with a message that names the address and the mend. */
export async function serveHttps(options: HttpsOptions): Promise<HttpsServer> {
  const { name, host, port, tls, certificate } = options;
  const bodies = new HeldBodies(options.maxBodyBytes ?? 8 * mebibyte);
  const server = createServer(options, (request, response) => {
    void respond(options, bodies, request, response);
  });
  const useCertificate = (pair: KeyPair): void => server.setSecureContext({ ...tls, ...pair });
  if (typeof certificate === "function") {
    prepareAtFirstCall(server, async () => useCertificate(await certificate()));
  }
  server.maxConnections = connectionsMax;
  const open = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.listen({ port, ...(host ? { host } : {}) });
  try {
    await once(server, "listening");
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const text = `cannot serve ${name} on ${host || "all addresses"}, port ${port} (${why}): choose another port or stop the program that uses it`;
    throw new Error(text, { cause });
  }
  server.on("error", (error) => options.logger.error({ op: name, error, msg: "server failed" }));
  return {
    port: (server.address() as AddressInfo).port,
    useCertificate,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

function createServer(options: HttpsOptions, listener: Listener): TlsServer {
  const { tls, certificate, allowsHttp2 = false } = options;
  const pair = typeof certificate === "function" ? {} : certificate;
  const common = { ...tls, ...pair, handshakeTimeout: handshakeMs };
  if (!allowsHttp2) {
    const limits = { headersTimeout: headersMs, requestTimeout: requestMs };
    return https.createServer({ ...common, ...limits, keepAliveTimeout: idleMs }, listener);
  }
  const http2 = process.getBuiltinModule("node:http2");
  const server = http2.createSecureServer(
    { ...common, allowHTTP1: true, settings: { maxConcurrentStreams: connectionsMax } },
    // The same face, but for trailers and pushes that nobody here uses.
    listener as unknown as Parameters<typeof http2.createSecureServer>[1],
  );
  server.setTimeout(idleMs);
  return Object.assign(server, { headersTimeout: headersMs, requestTimeout: requestMs });
}

async function respond(
  { name, logger, answer }: HttpsOptions,
  bodies: HeldBodies,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = bodies.of(request);
  const { method = "", url = "", headers } = request;
  const path = url.split("?", 1)[0] as string;
  let result: HttpsAnswer;
  try {
    result = await answer({ method, path, headers, text: body.text });
  } catch (error) {
    if (error instanceof RequestRefused) {
      result = { status: error.status, contentType: plainText, text: `${error.message}\n` };
    } else {
      logger.error({ op: name, error, path, msg: "request failed" });
      const text = "internal error: see the log of this program\n";
      result = { status: 500, contentType: plainText, text };
    }
  }
  body.release();
  await discard(request);
  if (response.destroyed) return;
  response.writeHead(result.status, {
    "content-type": result.contentType,
    "x-content-type-options": "nosniff",
  });
  response.end(result.text);
}

/** Reads what nobody wants, within bounds: an answer before the end of a body often gets lost. */
async function discard(request: IncomingMessage): Promise<void> {
  if (request.readableEnded) return;
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > discardedBytesMax) return;
    }
  } catch {
    // Its sender is gone.
  }
}

interface HeldBody {
  readonly text: () => Promise<string>;
  readonly release: () => void;
}

/** The bodies of one server that are being read or answered, counted together. */
class HeldBodies {
  readonly #maxBytes: number;
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Nothing is read before `text`; `release` when the answer is made. */
  of(request: IncomingMessage): HeldBody {
    let bytes = 0;
    const chunks: Buffer[] = [];
    const hold = (chunk: Buffer): void => {
      bytes += chunk.length;
      this.#heldBytes += chunk.length;
      chunks.push(chunk);
      if (bytes > this.#maxBytes) {
        throw new RequestRefused(413, `the body is larger than ${this.#maxBytes} bytes`);
      }
      if (this.#heldBytes > heldBytesMax) {
        throw new RequestRefused(503, "too many large requests at once: try again later");
      }
    };
    return {
      text: async () => {
        await readEach(request, hold);
        return Buffer.concat(chunks).toString("utf8");
      },
      release: () => {
        this.#heldBytes -= bytes;
        chunks.length = 0;
      },
    };
  }
}

/** A refusal does not cut the connection: the rest is thrown away later, so that the answer is heard. */
async function readEach(request: IncomingMessage, hold: (chunk: Buffer) => void): Promise<void> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) hold(chunk as Buffer);
  } catch (error) {
    if (error instanceof RequestRefused) throw error;
    throw new RequestRefused(400, "the body ended too early");
  }
}
