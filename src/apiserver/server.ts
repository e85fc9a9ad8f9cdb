/** HTTP around the API: bodies and content types in, JSON, tables and watch streams out. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { parse as parseYaml, stringify as stringifyYaml } from "yaml";
import { formatJson, parseJson } from "../kube/index.ts";
import type { Json, JsonObject } from "../schema/index.ts";
import { ApiError, badRequest, noSuchResource } from "./api-error.ts";
import { discover, discoveryContentType, VERSION } from "./discovery.ts";
import { duplicateKeys } from "./duplicate-keys.ts";
import { dispatch } from "./dispatch.ts";
import { OPENAPI_PROTOBUF, openApiV2Protobuf } from "./openapi-protobuf.ts";
import { openApiV2, openApiV3, openApiV3Index } from "./openapi.ts";
import { decodeProtobuf } from "./protobuf.ts";
import { targetOf, verbOf, type ApiRequest, type Target } from "./request.ts";
import type { Registry, Resource } from "./resource.ts";
import type { ServerState } from "./server-state.ts";
import type { Answer } from "./subresources.ts";
import { inForm, wantedForm } from "./table.ts";
import { streamWatch } from "./watch-stream.ts";

export interface Tls {
  cert: string;
  key: string;
  ca?: string;
}

const BODY_LIMIT_BYTES = 3 * 1024 * 1024;

export function createApiServer(state: ServerState, tls: Tls | undefined): Server {
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    respond(state, incoming, outgoing).catch((error: unknown) => {
      if (!(error instanceof ApiError)) {
        const { stack } = error as Error;
        state.log({ level: "error", msg: "request failed", url: incoming.url, error: stack });
      }
      sendError(incoming, outgoing, error);
    });
  };
  return tls ? createTlsServer({ cert: tls.cert, key: tls.key }, listener) : createServer(listener);
}

function sendError(incoming: IncomingMessage, outgoing: ServerResponse, error: unknown): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  if (error instanceof NoSuchPath) return sendText(outgoing, 404, `${error.message}\n`);
  const unforeseen = `Internal error occurred: ${String(error)}`;
  const refusal =
    error instanceof ApiError ? error : new ApiError(500, "InternalError", unforeseen);
  // An unread body would otherwise block the connection.
  if (!incoming.complete) outgoing.setHeader("Connection", "close");
  send(outgoing, refusal.code, refusal.status(), incoming.headers.accept ?? "");
}

async function respond(
  state: ServerState,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const url = new URL(incoming.url ?? "/", "http://server");
  const accept = incoming.headers.accept ?? "";
  const user = state.access.authenticate(incoming.headers.authorization);
  const contentType = (incoming.headers["content-type"] ?? "").split(";")[0]!.trim();
  const request: ApiRequest = {
    method: incoming.method ?? "GET",
    path: url.pathname.replace(/(.)\/+$/, "$1"),
    query: url.searchParams,
    accept,
    contentType,
    userAgent: incoming.headers["user-agent"] ?? "",
    user,
    body: undefined,
    warnings: [],
  };
  const target = targetOf(request.path);
  const verb = target ? verbOf(request, target) : request.method.toLowerCase();
  state.access.authorize(request, target, verb);
  if (!target) return sendNonResource(state, request, outgoing);
  const resource = resourceOf(state, target);
  if (resource.deprecation) warn(outgoing, resource.deprecation);
  checkAccept(accept);
  if (verb === "watch") return streamWatch(state, request, { target, resource }, outgoing);
  const strict = url.searchParams.get("fieldValidation") === "Strict";
  request.body = parseBody(await readBody(incoming), contentType, resource, strict);
  // Warnings reach the client of a refused request too.
  const reply = await dispatch(state, request, target, resource).finally(() => {
    for (const warning of request.warnings) warn(outgoing, warning);
  });
  if (reply.text !== undefined) return sendText(outgoing, reply.code, reply.text);
  send(outgoing, reply.code, present(reply, resource, request), accept);
}

function warn(outgoing: ServerResponse, sentence: string): void {
  outgoing.appendHeader("Warning", `299 - ${JSON.stringify(sentence)}`);
}

function present(reply: Answer, resource: Resource, request: ApiRequest): JsonObject {
  const form = wantedForm(request.accept);
  if (!form || (request.method !== "GET" && reply.body.kind === "Status")) return reply.body;
  const includeObject = request.query.get("includeObject") ?? undefined;
  return inForm(reply.body, resource, { form, now: Date.now(), includeObject });
}

function resourceOf(state: ServerState, target: Target): Resource {
  const { group, version, plural } = target;
  const resource = state.registry.find(group, version, plural);
  if (resource) return resource;
  if (state.registry.groups().get(group)?.includes(version)) throw noSuchResource();
  throw new NoSuchPath();
}

/** Paths outside of every served group version get plain text, as from the real server. */
class NoSuchPath extends ApiError {
  constructor() {
    super(404, "NotFound", "404 page not found");
  }
}

function sendNonResource(state: ServerState, request: ApiRequest, outgoing: ServerResponse): void {
  const { path, accept } = request;
  if (/^\/(health|ready|live)z(\/ping)?$/.test(path)) return sendText(outgoing, 200, "ok");
  if (path === "/version") return send(outgoing, 200, VERSION, "");
  if (path === "/openapi/v2" && accept.includes(OPENAPI_PROTOBUF)) {
    // The type itself holds an "@", which the mime parsers of newer Go versions refuse.
    outgoing.writeHead(200, { "Content-Type": "application/octet-stream" });
    outgoing.end(openApiV2Protobuf(state.registry));
    return;
  }
  const found = openApi(state.registry, path) ?? discover(state.registry, path, accept);
  if (!found) throw new NoSuchPath();
  outgoing.setHeader("Content-Type", discoveryContentType(path, accept));
  send(outgoing, 200, found, "");
}

function openApi(registry: Registry, path: string): JsonObject | undefined {
  if (path === "/openapi/v2") return openApiV2(registry);
  if (path === "/openapi/v3") return openApiV3Index(registry);
  const root = /^\/openapi\/v3\/(.+)$/.exec(path)?.[1];
  return root ? openApiV3(registry, root) : undefined;
}

function sendText(outgoing: ServerResponse, code: number, text: string): void {
  outgoing.writeHead(code, { "Content-Type": "text/plain; charset=utf-8" });
  outgoing.end(text);
}

function send(outgoing: ServerResponse, code: number, body: Json, accept: string): void {
  const yaml = accept.startsWith("application/yaml");
  const text = yaml ? stringifyYaml(body) : formatJson(body);
  const contentType =
    outgoing.getHeader("Content-Type") ?? (yaml ? "application/yaml" : "application/json");
  outgoing.writeHead(code, {
    "Content-Type": contentType,
    "Content-Length": Buffer.byteLength(text),
  });
  outgoing.end(text);
}

function checkAccept(accept: string): void {
  const offers = accept.split(",").map((one) => one.split(";")[0]!.trim());
  const known = ["", "*/*", "application/*", "application/json", "application/yaml"];
  if (offers.some((one) => known.includes(one))) return;
  const message =
    "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/json;stream=watch";
  throw new ApiError(406, "NotAcceptable", message, {});
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > BODY_LIMIT_BYTES) {
      const message = `Request entity too large: limit is ${BODY_LIMIT_BYTES}`;
      throw new ApiError(413, "RequestEntityTooLarge", message);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function parseBody(
  bytes: Buffer,
  contentType: string,
  resource: Resource,
  strict: boolean,
): Json | undefined {
  if (contentType === "application/vnd.kubernetes.protobuf") return decodeProtobuf(bytes);
  const text = bytes.toString();
  if (text.trim() === "") return undefined;
  const isPatch = contentType.includes("patch");
  try {
    // JSON is YAML too, and only our JSON keeps the digits of large numbers.
    const isYaml = contentType.includes("yaml") && !text.trimStart().startsWith("{");
    if (isYaml) return parseYaml(text) as Json;
    const body = parseJson(text) as Json;
    if (!isPatch && strict) refuseDuplicates(text, resource);
    return body;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const why = (error as Error).message;
    if (isPatch) throw badRequest(`error decoding patch: ${why}`);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; ` +
        `json parse error: ${why}`,
    );
  }
}

function refuseDuplicates(text: string, { kind, version }: Resource): void {
  const twice = duplicateKeys(text).map((path) => `duplicate field "${path}"`);
  if (twice.length === 0) return;
  const cannot = `${kind} in version "${version}" cannot be handled as a ${kind}`;
  throw badRequest(`${cannot}: strict decoding error: ${twice.join(", ")}`);
}
