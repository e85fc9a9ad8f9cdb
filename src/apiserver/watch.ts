/** Watches: the state of the world or the writes since a version, then every write as it becomes durable. */
import { type JsonObject, fieldError } from "../schema/index.ts";
import { ApiError, invalidOptions } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import { parseVersion, type Scope } from "./read.ts";
import { isTrue } from "./request.ts";
import { groupVersion, storageOf, type Resource } from "./resource.ts";
import { objectMatcher } from "./selectors.ts";
import type { StoreEvent } from "./store.ts";

export type WatchType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

/** Where the events of one watch go. `send` returns false when the client does not keep up. */
export interface WatchSink {
  send(type: WatchType, object: ApiObject | JsonObject): boolean;
  end(): void;
}

const BOOKMARK_EVERY_MS = 60_000;

interface Watch extends Scope {
  query: URLSearchParams;
}

/** Starts a watch and returns the way to stop it. Bad selectors throw; an old version is told by an ERROR event. */
export function startWatch(watch: Watch, sink: WatchSink): () => void {
  const { state, resource, query } = watch;
  const labelSelector = query.get("labelSelector");
  const fieldSelector = query.get("fieldSelector");
  const matches = objectMatcher({ labelSelector, fieldSelector }, resource);
  checkInitialEvents(query);
  const version = parseVersion(query.get("resourceVersion") ?? "");
  const filter = eventFilter(watch, matches);
  let stopped = false;
  const stops: (() => void)[] = [];
  const stop = () => {
    stopped = true;
    for (const one of stops.splice(0)) one();
  };
  const deliver = (event: StoreEvent) => {
    const seen = filter(event);
    if (stopped || !seen) return;
    if (!sink.send(seen.type, seen.object)) {
      stop();
      sink.end();
    }
  };
  const start = beginning(watch, matches, version, sink);
  if (start === undefined) {
    sink.end();
    return () => undefined;
  }
  for (const event of start.missed) deliver(event);
  if (stopped) return stop;
  stops.push(state.store.subscribe((event) => event.revision > start.revision && deliver(event)));
  const bookmark = () => sink.send("BOOKMARK", bookmarkOf(resource, state.store.revision));
  if (isTrue(query.get("allowWatchBookmarks"))) {
    const timer = setInterval(bookmark, BOOKMARK_EVERY_MS);
    stops.push(() => clearInterval(timer));
  }
  const seconds = Number(query.get("timeoutSeconds")) || 1800 + Math.floor(Math.random() * 1800);
  const timer = setTimeout(() => {
    if (isTrue(query.get("allowWatchBookmarks"))) bookmark();
    stop();
    sink.end();
  }, seconds * 1000);
  stops.push(() => clearTimeout(timer));
  return stop;
}

function checkInitialEvents(query: URLSearchParams): void {
  if (!query.has("sendInitialEvents") || query.get("resourceVersionMatch") === "NotOlderThan")
    return;
  const why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
  throw invalidOptions("ListOptions", fieldError.forbidden("resourceVersionMatch", why));
}

interface Beginning {
  /** Writes up to here need not be sent any more. */
  revision: number;
  missed: StoreEvent[];
}

/** Version 0 or none: everything that exists, as ADDED. Else the writes since; undefined after an ERROR event. */
function beginning(
  { state, resource, namespace, query }: Watch,
  matches: (object: ApiObject) => boolean,
  version: number,
  sink: WatchSink,
): Beginning | undefined {
  const { revision } = state.store;
  const initial = isTrue(query.get("sendInitialEvents"));
  if (version === 0 || initial) {
    for (const object of state.store.list(storageOf(resource), namespace)) {
      if (matches(object)) sink.send("ADDED", object);
    }
    if (initial && isTrue(query.get("allowWatchBookmarks"))) {
      sink.send(
        "BOOKMARK",
        bookmarkOf(resource, revision, { "k8s.io/initial-events-end": "true" }),
      );
    }
    return { revision, missed: [] };
  }
  try {
    return { revision: version, missed: state.store.since(storageOf(resource), version) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    sink.send("ERROR", error.status());
    return undefined;
  }
}

function bookmarkOf(
  resource: Resource,
  revision: number,
  annotations?: Record<string, string>,
): JsonObject {
  const { kind } = resource;
  return {
    kind,
    apiVersion: groupVersion(resource),
    metadata: { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) },
  };
}

/** An object that leaves the selection is DELETED for this watcher, one that enters it is ADDED. */
function eventFilter({ resource, namespace }: Watch, matches: (object: ApiObject) => boolean) {
  const storage = storageOf(resource);
  return (event: StoreEvent): { type: WatchType; object: ApiObject } | undefined => {
    if (event.resource !== storage) return undefined;
    if (namespace && event.object.metadata.namespace !== namespace) return undefined;
    const before = event.previous !== undefined && matches(event.previous);
    const after = event.type !== "DELETED" && matches(event.object);
    if (after) return { type: before ? "MODIFIED" : "ADDED", object: event.object };
    if (!before) return undefined;
    const { resourceVersion } = event.object.metadata;
    const last = event.type === "DELETED" ? event.object : event.previous!;
    return {
      type: "DELETED",
      object: { ...last, metadata: { ...last.metadata, resourceVersion } },
    };
  };
}
