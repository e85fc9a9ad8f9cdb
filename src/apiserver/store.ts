/** The database: every object in memory, every write in SQLite before it is acknowledged, recent writes kept for watches. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { formatJson, parseJson } from "../kube/index.ts";
import { ApiError, expired } from "./api-error.ts";
import { keyOf, type ApiObject } from "./api-object.ts";

export interface StoreEvent {
  type: "ADDED" | "MODIFIED" | "DELETED";
  revision: number;
  resource: string;
  object: ApiObject;
  /** The object before this write; absent for ADDED. */
  previous?: ApiObject;
}

interface Pending {
  event: StoreEvent;
  key: string;
}

interface Waiter {
  resolve: () => void;
  reject: (error: Error) => void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (resource, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS revision (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL);
`;

/**
 * Writes of one turn of the event loop share one transaction (and one fsync). A write shows in memory at once, and
 * `durable()` tells when it is on disk; watchers hear of it only then. If the disk refuses, the whole batch is undone.
 */
export class Store {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #historySize: number;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #setRevision: StatementSync;
  readonly #objects = new Map<string, Map<string, ApiObject>>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #undoListeners = new Set<(event: StoreEvent) => void>();
  #history: StoreEvent[] = [];
  #revision = 1;
  #forgotten = 1;
  #pending: Pending[] = [];
  #waiters: Waiter[] = [];
  #closed = false;

  /** `file` is a path or ":memory:"; `historySize` is how many writes a watcher may lag behind before 410 Gone. */
  constructor(file: string, historySize: number) {
    this.#file = file;
    this.#historySize = historySize;
    this.#db = new DatabaseSync(file);
    this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 0;");
    this.#db.exec("PRAGMA locking_mode = EXCLUSIVE;");
    this.#db.exec(SCHEMA);
    this.#put = this.#db.prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?)");
    this.#delete = this.#db.prepare("DELETE FROM objects WHERE resource = ? AND key = ?");
    this.#setRevision = this.#db.prepare("INSERT OR REPLACE INTO revision VALUES (1, ?)");
    this.#load();
  }

  #load(): void {
    for (const row of this.#db.prepare("SELECT resource, key, json FROM objects").iterate()) {
      this.#kind(String(row.resource)).set(
        String(row.key),
        parseJson(String(row.json)) as ApiObject,
      );
    }
    const row = this.#db.prepare("SELECT value FROM revision").get();
    if (row) this.#revision = Number(row.value);
    this.#forgotten = this.#revision;
  }

  /** The revision of the newest write. */
  get revision(): number {
    return this.#revision;
  }

  /** The database, for tests that take its space away. */
  get database(): DatabaseSync {
    return this.#db;
  }

  get(resource: string, namespace: string | undefined, name: string): ApiObject | undefined {
    return this.#objects.get(resource)?.get(keyOf(namespace, name));
  }

  /** All objects of a resource, or of one namespace, in the order of their keys. */
  list(resource: string, namespace?: string): ApiObject[] {
    return sorted(this.#objects.get(resource) ?? [], namespace);
  }

  /** The objects as they were at `revision`, by undoing newer writes. Throws 410 when those are forgotten. */
  listAt(resource: string, revision: number, namespace?: string): ApiObject[] {
    const then = new Map(this.#objects.get(resource));
    const pending = this.#pending.map(({ event }) => event);
    const newer = [...this.since(resource, revision), ...pending];
    for (const event of newer.reverse()) {
      if (event.resource !== resource) continue;
      const { namespace: space, name } = event.object.metadata;
      if (event.previous) then.set(keyOf(space, name), event.previous);
      else then.delete(keyOf(space, name));
    }
    return sorted(then, namespace);
  }

  resources(): string[] {
    return [...this.#objects.keys()];
  }

  /** Stores a new version and gives it the next revision as its resourceVersion. */
  put(resource: string, object: ApiObject): ApiObject {
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const previous = this.#kind(resource).get(key);
    const stored = this.#stamped(object);
    this.#kind(resource).set(key, stored);
    const type = previous ? "MODIFIED" : "ADDED";
    this.#record(key, {
      type,
      revision: this.#revision,
      resource,
      object: stored,
      ...(previous && { previous }),
    });
    return stored;
  }

  /** Removes an object; `last` is what watchers get to see of it. */
  remove(resource: string, last: ApiObject): ApiObject {
    const key = keyOf(last.metadata.namespace, last.metadata.name);
    const previous = this.#kind(resource).get(key) ?? last;
    this.#kind(resource).delete(key);
    const object = this.#stamped(last);
    this.#record(key, { type: "DELETED", revision: this.#revision, resource, object, previous });
    return object;
  }

  /** Resolves when everything written so far is on disk; rejects when the disk refused it. */
  durable(): Promise<void> {
    if (this.#pending.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Writes after `revision`, oldest first. Throws 410 when some of them are forgotten. */
  since(resource: string, revision: number): StoreEvent[] {
    if (revision < this.#forgotten) {
      throw expired(`too old resource version: ${revision} (${this.#forgotten})`);
    }
    let at = this.#history.length;
    while (at > 0 && this.#history[at - 1]!.revision > revision) at--;
    return this.#history.slice(at).filter((event) => event.resource === resource);
  }

  /** Forgets writes up to `revision`, as etcd's compaction does. */
  compact(revision: number): void {
    this.#history = this.#history.filter((event) => event.revision > revision);
    this.#forgotten = Math.max(this.#forgotten, Math.min(revision, this.#revision));
  }

  /** Calls `listener` for each durable write; returns the way to stop. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` for each write that the disk refused, newest first, after it was undone. */
  onUndone(listener: (event: StoreEvent) => void): void {
    this.#undoListeners.add(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#db.close();
  }

  #kind(resource: string): Map<string, ApiObject> {
    let kind = this.#objects.get(resource);
    if (!kind) this.#objects.set(resource, (kind = new Map()));
    return kind;
  }

  #stamped(object: ApiObject): ApiObject {
    this.#revision++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
  }

  #record(key: string, event: StoreEvent): void {
    if (this.#pending.length === 0) setImmediate(() => this.#flush());
    this.#pending.push({ event, key });
  }

  #flush(): void {
    const batch = this.#pending;
    const waiters = this.#waiters;
    if (batch.length === 0 || this.#closed) return;
    this.#pending = [];
    this.#waiters = [];
    try {
      this.#commit(batch);
    } catch (error) {
      this.#undo(batch);
      const refusal = this.#refusal(error as Error);
      for (const waiter of waiters) waiter.reject(refusal);
      return;
    }
    for (const { event } of batch) this.#history.push(event);
    this.#trim();
    for (const waiter of waiters) waiter.resolve();
    for (const { event } of batch) for (const listener of this.#listeners) listener(event);
  }

  #commit(batch: Pending[]): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      for (const { event, key } of batch) {
        if (event.type === "DELETED") this.#delete.run(event.resource, key);
        else this.#put.run(event.resource, key, formatJson(event.object));
      }
      this.#setRevision.run(batch.at(-1)!.event.revision);
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #undo(batch: Pending[]): void {
    for (const { event, key } of batch.reverse()) {
      if (event.previous) this.#kind(event.resource).set(key, event.previous);
      else this.#kind(event.resource).delete(key);
      for (const listener of this.#undoListeners) listener(event);
    }
  }

  #trim(): void {
    const surplus = this.#history.length - this.#historySize;
    if (surplus <= 0) return;
    this.#forgotten = Math.max(this.#forgotten, this.#history[surplus - 1]!.revision);
    // Dropped now and then only, as moving the whole list for each write would cost more than it saves.
    if (surplus > this.#historySize / 4) this.#history = this.#history.slice(surplus);
  }

  #refusal(error: Error): ApiError {
    const message =
      `nothing was written: database file ${this.#file} does not take more (${error.message}); ` +
      "free some space on its file system and try again: reads and watches go on meanwhile";
    return new ApiError(507, "InsufficientStorage", message);
  }
}

/** The objects of a namespace, or all, in the order of their keys. */
function sorted(
  objects: Iterable<[string, ApiObject]>,
  namespace: string | undefined,
): ApiObject[] {
  const prefix = namespace ? `${namespace}/` : "";
  const entries = [...objects].filter(([key]) => key.startsWith(prefix));
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
