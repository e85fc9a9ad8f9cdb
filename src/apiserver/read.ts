/** Get and list: resourceVersion rules, selectors, and pages that all show the same moment. */
import { fieldError } from "../schema/index.ts";
import {
  ApiError,
  badRequest,
  expired,
  invalidOptions,
  notFound,
  tooLargeVersion,
} from "./api-error.ts";
import { keyOf, type ApiObject } from "./api-object.ts";
import { storageOf, type Resource } from "./resource.ts";
import { objectMatcher } from "./selectors.ts";
import type { ServerState } from "./server-state.ts";

export interface ListResult {
  items: ApiObject[];
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

interface Place {
  rv: number;
  start: string;
}

/** Which resource is asked for, and where: in one namespace, or everywhere. */
export interface Scope {
  state: ServerState;
  resource: Resource;
  namespace: string | undefined;
}

export function get({
  state,
  resource,
  namespace,
  name = "",
}: Scope & { name: string | undefined }): ApiObject {
  const found = state.store.get(storageOf(resource), namespace, name);
  if (!found) throw notFound(resource, name);
  return found;
}

/** Throws 400, 410, 422 or 504 as the real server does for impossible versions and old pages. */
export function list(scope: Scope, query: URLSearchParams): ListResult {
  const { state, resource } = scope;
  const [labelSelector, fieldSelector] = [query.get("labelSelector"), query.get("fieldSelector")];
  const matches = objectMatcher({ labelSelector, fieldSelector }, resource);
  const place = placeIn(query);
  const revision = place?.rv ?? wantedRevision(state, query);
  const objects = snapshot(scope, revision, place);
  const start = place?.start ?? "";
  const isLater = ({ metadata }: ApiObject) => keyOf(metadata.namespace, metadata.name) >= start;
  const rest = objects.filter((object) => isLater(object) && matches(object));
  const limit = Number(query.get("limit") ?? 0);
  const resourceVersion = String(revision);
  if (!(limit > 0) || rest.length <= limit) return { items: rest, resourceVersion };
  const next = rest[limit]!.metadata;
  return {
    items: rest.slice(0, limit),
    resourceVersion,
    continue: writeToken({ rv: revision, start: keyOf(next.namespace, next.name) }),
    ...(labelSelector || fieldSelector ? {} : { remainingItemCount: rest.length - limit }),
  };
}

/** Where an earlier page ended; undefined for a first page. */
function placeIn(query: URLSearchParams): Place | undefined {
  const token = query.get("continue");
  if (!token) return undefined;
  const place = readToken(token);
  if (["", "0"].includes(query.get("resourceVersion") ?? "")) return place;
  throw badRequest("specifying resource version is not allowed when using continue");
}

function snapshot(scope: Scope, revision: number, place: Place | undefined): ApiObject[] {
  const { state, resource, namespace } = scope;
  const { store } = state;
  const storage = storageOf(resource);
  if (revision === store.revision) return store.list(storage, namespace);
  try {
    return store.listAt(storage, revision, namespace);
  } catch (error) {
    if (!place || !(error instanceof ApiError)) throw error;
    const message =
      "The provided continue parameter is too old to display a consistent list result. You can start a new list " +
      "without the continue parameter, or use the continue token in this response to retrieve the remainder of the " +
      "results. Continuing with the provided token results in an inconsistent list - objects that were created, " +
      "modified, or deleted between the time the first chunk was returned and now may show up in the list.";
    throw expired(message, writeToken({ rv: store.revision, start: place.start }));
  }
}

/** Only `resourceVersionMatch=Exact` asks for a past moment; every other list shows the present. */
function wantedRevision(state: ServerState, query: URLSearchParams): number {
  const asked = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  if (match && !asked) {
    const why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
    throw invalidOptions("ListOptions", fieldError.forbidden("resourceVersionMatch", why));
  }
  const revision = parseVersion(asked, "invalid resource version: ");
  if (revision > state.store.revision) throw tooLargeVersion(revision, state.store.revision);
  const exact = match === "Exact" || (match === "" && revision > 0 && query.has("limit"));
  return exact && revision > 0 ? revision : state.store.revision;
}

/** A resourceVersion of the query as a number, 0 when absent. Throws 400 when it is none. */
export function parseVersion(text: string, prefix = ""): number {
  if (text === "") return 0;
  if (/^\d+$/.test(text)) return Number(text);
  const why = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw badRequest(`${prefix}resourceVersion: Invalid value: ${JSON.stringify(text)}: ${why}`);
}

function writeToken(place: Place): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", ...place })).toString("base64url");
}

function readToken(token: string): Place {
  try {
    const place = JSON.parse(Buffer.from(token, "base64url").toString());
    if (typeof place.rv === "number" && typeof place.start === "string") return place;
  } catch {
    // falls through to the refusal
  }
  throw badRequest("invalid continue token: continue key is not valid");
}
