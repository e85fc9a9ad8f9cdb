/** A small Kubernetes client: REST verbs and a streaming watch over kept-alive connections. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { IncomingMessage } from "node:http";
import { formatJson, type WatchEvent } from "../kube/index.ts";
import { monotonicMs } from "./clock.ts";
import { parseCounts } from "./exact-counts.ts";
import { KubeApiError } from "./kube-api-error.ts";
import { loadKubeConnection, type KubeConfigSource, type KubeConnection } from "./kube-config.ts";
import { KubeTransport, readText } from "./kube-transport.ts";
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

/** How to read answers. */
export interface Reading {
  /** Whole numbers under these keys come out as big integers where a double cannot hold them. */
  readonly exactKeys?: ReadonlySet<string>;
}

export interface ListOptions extends Selectors, Reading {
  readonly limit?: number;
  readonly continue?: string;
}

export interface ListResult<T> {
  items: T[];
  resourceVersion: string;
  continue?: string;
}

export interface WatchOptions extends Selectors, Reading {
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
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  readonly isStream?: boolean;
  readonly exactKeys?: ReadonlySet<string> | undefined;
}

const longestParseMs = 2;

const patchContentType = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

/** One per process. Every failure is a `KubeApiError`, but an abort through `signal`, which throws its reason. */
export class KubeClient {
  readonly connection: KubeConnection;
  readonly #transport: KubeTransport;
  readonly #userAgent: string;

  /**
   * `program`: the name by which the server files what we write (`managedFields`), where a user looks for MetalLB's
   * and tools are told to leave it alone.
   */
  constructor(connection: KubeConnection, program?: string) {
    this.connection = connection;
    this.#userAgent = program === undefined ? "metallb-ts" : `${program}/metallb-ts`;
    this.#transport = new KubeTransport(connection);
  }

  /** A client for the cluster we run in, or for a kubeconfig file. Throws `KubeConfigError`. */
  static fromEnvironment(source: KubeConfigSource, program?: string): KubeClient {
    return new KubeClient(loadKubeConnection(source), program);
  }

  async list<T>(ref: ResourceRef, options: ListOptions = {}): Promise<ListResult<T>> {
    interface Answer {
      items?: T[] | null;
      metadata?: { resourceVersion?: string; continue?: string };
    }
    const { exactKeys, ...query } = options;
    const answer = await this.#json<Answer>({
      method: "GET",
      path: resourcePath(ref),
      query,
      exactKeys,
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

  /** Asks a subresource, such as a service account's `token`, for what it makes. */
  async post<T>(ref: ResourceRef, name: string, subresource: string, body: T): Promise<T> {
    return this.#json<T>({ method: "POST", path: resourcePath(ref, name, subresource), body });
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
    const { onOpen, exactKeys, ...query } = options;
    const call: Call = {
      method: "GET",
      path: resourcePath(ref),
      query: { ...query, watch: true, allowWatchBookmarks: true },
      signal,
      isStream: true,
      exactKeys,
    };
    const body = await this.#request(call);
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
      signal.throwIfAborted();
    } catch (error) {
      throw this.#asApiError(error, signal);
    }
  }

  /** Closes every connection; requests in flight fail. */
  close(): Promise<void> {
    this.#transport.close();
    return Promise.resolve();
  }

  async #json<T>(call: Call): Promise<T> {
    const answer = await this.#request(call);
    const text = await this.#textOf(answer, call);
    try {
      return parse(text, call) as T;
    } catch {
      throw badAnswer(call, text);
    }
  }

  /** Sends a request; after a 401 once more with a token read anew. Any other status but 2xx throws. */
  async #request(call: Call): Promise<IncomingMessage> {
    let answer = await this.#send(call);
    if (answer.statusCode === 401 && this.connection.token !== undefined) {
      await this.#textOf(answer, call);
      this.connection.token({ renew: true });
      answer = await this.#send(call);
    }
    const { statusCode = 0 } = answer;
    if (statusCode < 300) return answer;
    const text = await readText(answer).catch(() => "");
    throw KubeApiError.refused(`${call.method} ${call.path}`, statusCode, text);
  }

  async #send(call: Call): Promise<IncomingMessage> {
    const { method, signal, isStream = false, body, contentType = "application/json" } = call;
    const token = this.connection.token?.();
    const headers = {
      accept: "application/json",
      "user-agent": this.#userAgent,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": contentType }),
    };
    const path = call.path + queryText(call.query);
    const content = body === undefined ? {} : { body: formatJson(body) };
    try {
      return await this.#transport.send({ method, path, headers, signal, isStream, ...content });
    } catch (error) {
      throw this.#asApiError(error, signal);
    }
  }

  async #textOf(answer: IncomingMessage, { signal }: Call): Promise<string> {
    try {
      return await readText(answer);
    } catch (error) {
      throw this.#asApiError(error, signal);
    }
  }

  #asApiError(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted === true) return signal.reason;
    if (error instanceof KubeApiError) return error;
    return KubeApiError.unreachable(this.connection.server, this.connection.origin, error);
  }
}

/** The path of a kind, one object of it, or a subresource of that. */
export function resourcePath(ref: ResourceRef, name?: string, subresource?: string): string {
  const parts = ref.group === "" ? ["api", ref.version] : ["apis", ref.group, ref.version];
  if (ref.namespace !== undefined) parts.push("namespaces", ref.namespace);
  parts.push(ref.plural);
  if (name !== undefined) parts.push(name);
  if (subresource !== undefined) parts.push(subresource);
  return `/${parts.map(encodeURIComponent).join("/")}`;
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
    event = parse(line, call) as Partial<WatchEvent<T>> | null;
  } catch {
    // Told below, together with JSON that is no event.
  }
  if (event?.type === undefined || event.object === undefined) throw badAnswer(call, line);
  return event as WatchEvent<T>;
}

function parse(text: string, { exactKeys }: Call): unknown {
  return exactKeys === undefined ? JSON.parse(text) : parseCounts(text, exactKeys);
}

function badAnswer(call: Call, text: string): KubeApiError {
  const message = `${call.method} ${call.path}: the answer is not JSON: ${JSON.stringify(text.slice(0, 80))} (is this address a Kubernetes API server?)`;
  return new KubeApiError(message, { code: "ERR_KUBE_BAD_ANSWER", status: 0, reason: "" });
}
