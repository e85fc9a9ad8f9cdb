/** From method and URL to what is asked: verb, resource, namespace, name, subresource and options. */
import type { Json } from "../schema/index.ts";

export interface User {
  name: string;
  groups: readonly string[];
}

export interface ApiRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  accept: string;
  contentType: string;
  userAgent: string;
  user: User;
  body: Json | undefined;
  /** Sentences for `Warning:` headers; whoever finds one adds it. */
  warnings: string[];
}

/** A path below a group version, taken apart. */
export interface Target {
  group: string;
  version: string;
  plural: string;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string | undefined;
  watch: boolean;
}

/** Undefined for paths that are no resource path, such as /api, /version or /apis/apps/v1. */
export function targetOf(path: string): Target | undefined {
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  const core = parts[0] === "api";
  if (!core && parts[0] !== "apis") return undefined;
  const group = core ? "" : (parts[1] ?? "");
  const version = parts[core ? 1 : 2];
  const rest = parts.slice(core ? 2 : 3);
  const watch = rest[0] === "watch";
  if (watch) rest.shift();
  if (!version || rest.length === 0) return undefined;
  return { group, version, watch, ...placeOf(rest) };
}

/** "namespaces/NAME/RESOURCE" is inside a namespace, but "namespaces/NAME/status" is the namespace itself. */
function placeOf(parts: string[]): Omit<Target, "group" | "version" | "watch"> {
  const own = parts.length === 3 && (parts[2] === "status" || parts[2] === "finalize");
  const inside = parts[0] === "namespaces" && parts.length > 2 && !own;
  const [plural = "", name, ...subresource] = inside ? parts.slice(2) : parts;
  return {
    namespace: inside ? parts[1] : undefined,
    plural,
    name,
    subresource: subresource.length > 0 ? subresource.join("/") : undefined,
  };
}

/** The verb that rules of access and admission speak of. */
export function verbOf(request: ApiRequest, target: Target): string {
  const watching = target.watch || isTrue(request.query.get("watch"));
  switch (request.method) {
    case "GET":
    case "HEAD":
      if (watching) return "watch";
      return target.name ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return target.name ? "delete" : "deletecollection";
    default:
      return request.method.toLowerCase();
  }
}

export function isTrue(value: string | null | undefined): boolean {
  return value === "true" || value === "1";
}

/** "kubectl-edit" from the query, else the first word of the user agent, as field managers are named. */
export function fieldManagerOf(request: ApiRequest): string {
  const given = request.query.get("fieldManager");
  return given || request.userAgent.split("/")[0] || "unknown";
}
