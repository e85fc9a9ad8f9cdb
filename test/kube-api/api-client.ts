/** The least of an API client, so that the suite trusts no code of the project: plain HTTPS and JSON. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { Agent, request, type Dispatcher } from "undici";

// A test reads whatever the server sent; what it relies on is asserted, not typed.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Json;
}

export interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: Json;
}

export const patchTypes = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

interface CallOptions {
  body?: unknown;
  contentType?: string;
  accept?: string;
}

export class ApiClient {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #token: string | undefined;

  constructor(url: string, agent: Agent, token?: string) {
    this.#url = url;
    this.#agent = agent;
    this.#token = token;
  }

  /** The same server as somebody else; without a token, as nobody at all. */
  as(token: string | undefined): ApiClient {
    return new ApiClient(this.#url, this.#agent, token);
  }

  get(path: string, accept?: string): Promise<Reply> {
    return this.call("GET", path, accept === undefined ? {} : { accept });
  }

  post(path: string, body: unknown): Promise<Reply> {
    return this.call("POST", path, { body });
  }

  put(path: string, body: unknown): Promise<Reply> {
    return this.call("PUT", path, { body });
  }

  patch(path: string, type: keyof typeof patchTypes, body: unknown): Promise<Reply> {
    return this.call("PATCH", path, { body, contentType: patchTypes[type] });
  }

  delete(path: string, body?: unknown): Promise<Reply> {
    return this.call("DELETE", path, body === undefined ? {} : { body });
  }

  async call(method: Dispatcher.HttpMethod, path: string, options: CallOptions): Promise<Reply> {
    const reply = await this.#send(method, path, options);
    const text = await reply.body.text();
    const isJson = String(reply.headers["content-type"]).includes("json");
    return {
      status: reply.statusCode,
      headers: reply.headers,
      body: isJson ? JSON.parse(text) : text,
    };
  }

  /** Opens a watch (`path` without `watch=1`); the answer's status must be 200. */
  async watch(path: string, accept?: string): Promise<Watch> {
    const separator = path.includes("?") ? "&" : "?";
    const options = accept === undefined ? {} : { accept };
    const reply = await this.#send("GET", `${path}${separator}watch=1`, options);
    if (reply.statusCode !== 200) assert.fail(`${reply.statusCode} ${await reply.body.text()}`);
    return new Watch(reply.body);
  }

  #send(
    method: Dispatcher.HttpMethod,
    path: string,
    options: CallOptions,
  ): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = { accept: options.accept ?? "application/json" };
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    if (options.body === undefined) {
      return request(this.#url + path, { method, headers, dispatcher: this.#agent });
    }
    headers["content-type"] = options.contentType ?? "application/json";
    const body = typeof options.body === "string" ? options.body : JSON.stringify(options.body);
    return request(this.#url + path, { method, headers, body, dispatcher: this.#agent });
  }
}

/** An open watch, read event by event; `await using` closes it. */
export class Watch {
  readonly #body: Dispatcher.ResponseData["body"];
  readonly #lines: AsyncIterator<string>;

  constructor(body: Dispatcher.ResponseData["body"]) {
    this.#body = body;
    // Closing the watch destroys the stream, which is no news to anybody.
    body.on("error", () => {});
    this.#lines = createInterface({ input: body })[Symbol.asyncIterator]();
  }

  /** The next event; undefined when the server has ended the stream. */
  async next(): Promise<WatchEvent | undefined> {
    const line = await this.#lines.next();
    return line.done ? undefined : (JSON.parse(line.value) as WatchEvent);
  }

  /** The next `count` events as "TYPE name". */
  async take(count: number): Promise<string[]> {
    const seen: string[] = [];
    while (seen.length < count) {
      const event = await this.next();
      assert.ok(event, `the watch ended after ${JSON.stringify(seen)}`);
      seen.push(`${event.type} ${event.object.metadata?.name}`);
    }
    return seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#body.destroy();
  }
}

/** An agent that trusts one authority and gives up on a silent server. */
export function trustingAgent(ca: string | Buffer | undefined): Agent {
  return new Agent({
    ...(ca === undefined ? {} : { connect: { ca } }),
    headersTimeout: 10_000,
    bodyTimeout: 10_000,
    connections: 50,
  });
}

/** Makes a namespace of the test's own and returns its name. */
export async function newNamespace(api: ApiClient): Promise<string> {
  const name = `t-${randomUUID().slice(0, 8)}`;
  const reply = await api.post("/api/v1/namespaces", { metadata: { name } });
  assert.equal(reply.status, 201, JSON.stringify(reply.body));
  return name;
}

/** Asserts success and returns the body. */
export function succeeded(reply: Reply, status: number = 200): Json {
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  return reply.body;
}

/** Asserts the Status that a refusal carries and returns it. */
export function refused(
  reply: Reply,
  code: number,
  reason: string | undefined,
  message?: string | RegExp,
): Json {
  const status = reply.body;
  assert.equal(reply.status, code, JSON.stringify(status));
  assert.partialDeepStrictEqual(status, {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
  });
  assert.equal(status.reason, reason, JSON.stringify(status));
  if (typeof message === "string") assert.equal(status.message, message);
  if (message instanceof RegExp) assert.match(status.message, message);
  return status;
}

/** Asks again until the answer is acceptable: servers take some changes up a moment after their yes. */
export async function eventually<T = Reply>(
  ask: () => Promise<T>,
  acceptable: (answer: T) => boolean,
  withinMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (acceptable(answer)) return answer;
    assert.ok(
      Date.now() < deadline,
      `for ${withinMs / 1000} s nothing but ${JSON.stringify(answer)}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
