/** A small Kubernetes client: REST verbs and a streaming watch over kept-alive connections. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { Agent, type Dispatcher } from "undici";
import type { WatchEvent } from "../kube/index.ts";
import { monotonicMs } from "./clock.ts";
import { KubeApiError } from "./kube-api-error.ts";
import { loadKubeConnection, type KubeConfigSource, type KubeConnection } from "./kube-config.ts";
import { LineSplitter } from "./line-splitter.ts";

/** A kind of object by its place in the API; group "" is core, no namespace means cluster-wide. */
export interface ResourceRef {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace?: string;
}

export interface Selectors {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends Selectors {
  readonly limit?: number;
  readonly continue?: string;
}

export interface ListResult<T> {
  items: T[];
  resourceVersion: string;
  continue?: string;
}

export interface WatchOptions extends Selectors {
  readonly resourceVersion: string;
  readonly timeoutSeconds?: number;
  /** The server accepted the watch. */
  readonly onOpen?: () => void;
}

export interface PatchOptions {
  readonly type: "merge" | "strategic" | "json" | "apply";
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Call {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

const requestTimeoutMs = 30_000;
/** A dead connection is noticed by the kernel this long after its last byte, plus its ten probes of a second. */
const keepAliveProbeAfterMs = 15_000;
/** Longer than most pauses between changes, so that the first write after one needs no handshake. */
const keepAliveMs = 60_000;
const longestParseMs = 2;

const patchContentType = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

const userAgent = "metallb-ts";

/** One per process. Every failure is a `KubeApiError`, but an abort through `signal`, which throws its reason. */
export class KubeClient {
  readonly connection: KubeConnection;
  readonly #agent: Agent;

  constructor(connection: KubeConnection) {
    this.connection = connection;
    this.#agent = new Agent({
      headersTimeout: requestTimeoutMs,
      bodyTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      connect: {
        timeout: 10_000,
        keepAlive: true,
        keepAliveInitialDelay: keepAliveProbeAfterMs,
        ca: connection.caData,
        cert: connection.cert,
        key: connection.key,
        servername: connection.tlsServerName,
        rejectUnauthorized: connection.insecureSkipTlsVerify !== true,
      },
    });
  }

  /** A client for the cluster we run in, or for a kubeconfig file. Throws `KubeConfigError`. */
  static fromEnvironment(source: KubeConfigSource): KubeClient {
    return new KubeClient(loadKubeConnection(source));
  }

  async list<T>(ref: ResourceRef, options: ListOptions = {}): Promise<ListResult<T>> {
    interface Answer {
      items?: T[] | null;
      metadata?: { resourceVersion?: string; continue?: string };
    }
    const answer = await this.#json<Answer>({
      method: "GET",
      path: resourcePath(ref),
      query: { ...options },
    });
    return {
      items: answer.items ?? [],
      resourceVersion: answer.metadata?.resourceVersion ?? "",
      ...(answer.metadata?.continue ? { continue: answer.metadata.continue } : {}),
    };
  }

  async get<T>(ref: ResourceRef, name: string): Promise<T> {
    return this.#json<T>({ method: "GET", path: resourcePath(ref, name) });
  }

  async create<T>(ref: ResourceRef, body: T): Promise<T> {
    return this.#json<T>({ method: "POST", path: resourcePath(ref), body });
  }

  /** Replaces the object, or one subresource such as `status`; a stale resourceVersion is a 409. */
  async update<T>(ref: ResourceRef, name: string, body: T, subresource?: string): Promise<T> {
    return this.#json<T>({ method: "PUT", path: resourcePath(ref, name, subresource), body });
  }

  async patch<T>(
    ref: ResourceRef,
    name: string,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T> {
    return this.#json<T>({
      method: "PATCH",
      path: resourcePath(ref, name, options.subresource),
      query: { fieldManager: options.fieldManager, force: options.force },
      body: patch,
      contentType: patchContentType[options.type],
    });
  }

  async delete(ref: ResourceRef, name: string, options: DeleteOptions = {}): Promise<void> {
    const { gracePeriodSeconds, uid } = options;
    await this.#json<unknown>({
      method: "DELETE",
      path: resourcePath(ref, name),
      body: { gracePeriodSeconds, ...(uid === undefined ? {} : { preconditions: { uid } }) },
    });
  }

  /** A GET of any path of the server, such as `/version`. */
  async getPath<T>(path: string): Promise<T> {
    return this.#json<T>({ method: "GET", path });
  }

  /**
   * The changes after `resourceVersion`, until the server ends the stream (the loop ends), the connection breaks
   * (`KubeApiError`) or `signal` aborts. Long runs of events give the event loop a turn every 2 ms.
   */
  async *watch<T>(
    ref: ResourceRef,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const { onOpen, ...query } = options;
    const call: Call = {
      method: "GET",
      path: resourcePath(ref),
      query: { ...query, watch: true, allowWatchBookmarks: true },
      signal,
    };
    const { body } = await this.#request(call, { bodyTimeout: 0 });
    onOpen?.();
    const splitter = new LineSplitter();
    let turnBeganMs = monotonicMs();
    try {
      for await (const chunk of body) {
        for (const line of splitter.push(chunk as Uint8Array)) {
          yield parseWatchLine<T>(line, call);
          if (monotonicMs() - turnBeganMs < longestParseMs) continue;
          await nextTurn();
          turnBeganMs = monotonicMs();
        }
      }
    } catch (error) {
      throw this.#asApiError(error, signal);
    }
  }

  /** Closes every connection; requests in flight fail. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #json<T>(call: Call): Promise<T> {
    const { body } = await this.#request(call);
    let text: string;
    try {
      text = await body.text();
    } catch (error) {
      throw this.#asApiError(error, call.signal);
    }
    try {
      return JSON.parse(text) as T;
    } catch {
      throw badAnswer(call, text);
    }
  }

  /** Sends a request; after a 401 once more with a token read anew. Any other status but 2xx throws. */
  async #request(call: Call, options: { bodyTimeout?: number } = {}): Promise<Answer> {
    let answer = await this.#send(call, options);
    if (answer.statusCode === 401 && this.connection.token !== undefined) {
      await answer.body.dump();
      this.connection.token({ renew: true });
      answer = await this.#send(call, options);
    }
    if (answer.statusCode < 300) return answer;
    const text = await answer.body.text().catch(() => "");
    throw KubeApiError.refused(`${call.method} ${call.path}`, answer.statusCode, text);
  }

  async #send(call: Call, options: { bodyTimeout?: number }): Promise<Answer> {
    const { server } = this.connection;
    const token = this.connection.token?.();
    try {
      return await this.#agent.request({
        origin: new URL(server).origin,
        path: basePath(server) + call.path + queryText(call.query),
        method: call.method,
        headers: {
          accept: "application/json",
          "user-agent": userAgent,
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(call.body === undefined
            ? {}
            : { "content-type": call.contentType ?? "application/json" }),
        },
        body: call.body === undefined ? null : JSON.stringify(call.body),
        signal: call.signal ?? null,
        ...options,
      });
    } catch (error) {
      throw this.#asApiError(error, call.signal);
    }
  }

  #asApiError(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted === true || error instanceof KubeApiError) return error;
    return KubeApiError.unreachable(this.connection.server, this.connection.origin, error);
  }
}

type Answer = Dispatcher.ResponseData;

/** The path of a kind, one object of it, or a subresource of that. */
export function resourcePath(ref: ResourceRef, name?: string, subresource?: string): string {
  const parts = ref.group === "" ? ["api", ref.version] : ["apis", ref.group, ref.version];
  if (ref.namespace !== undefined) parts.push("namespaces", ref.namespace);
  parts.push(ref.plural);
  if (name !== undefined) parts.push(name);
  if (subresource !== undefined) parts.push(subresource);
  return `/${parts.map(encodeURIComponent).join("/")}`;
}

/** A server behind a path prefix (a proxy) keeps its prefix. */
function basePath(server: string): string {
  return new URL(server).pathname.replace(/\/$/, "");
}

function queryText(query: Query = {}): string {
  const given = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) given.set(key, String(value));
  }
  return given.size === 0 ? "" : `?${given.toString()}`;
}

function parseWatchLine<T>(line: string, call: Call): WatchEvent<T> {
  let event: Partial<WatchEvent<T>> | null = null;
  try {
    event = JSON.parse(line) as Partial<WatchEvent<T>> | null;
  } catch {
    // Told below, together with JSON that is no event.
  }
  if (event?.type === undefined || event.object === undefined) throw badAnswer(call, line);
  return event as WatchEvent<T>;
}

function badAnswer(call: Call, text: string): KubeApiError {
  const message = `${call.method} ${call.path}: the answer is not JSON: ${JSON.stringify(text.slice(0, 80))} (is this address a Kubernetes API server?)`;
  return new KubeApiError(message, { code: "ERR_KUBE_BAD_ANSWER", status: 0, reason: "" });
}
