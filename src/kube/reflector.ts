/**
 * The list/watch machine: tells every change of one kind of object once, whatever the connection does. It keeps only versions;
 * whoever needs the objects keeps what it needs of them.
 */

import { objectKey } from "./object-key.ts";
import type { KubeObject, WatchEvent } from "./objects.ts";

/** Why a request ended: `status` is the HTTP status (or that of a Status object), absent when no answer came. */
export interface Failure {
  readonly status?: number;
  readonly reason?: string;
  readonly message: string;
}

export type ReflectorEvent<T> =
  | { readonly kind: "start" }
  | {
      readonly kind: "page";
      readonly items: readonly T[];
      readonly resourceVersion: string;
      readonly continue?: string;
    }
  | { readonly kind: "listFailed"; readonly failure: Failure }
  /** The server accepted the watch; events may be long in coming. */
  | { readonly kind: "watchOpened" }
  | { readonly kind: "watched"; readonly event: WatchEvent<T> }
  /** The watch is over after `lastedMs`; without a failure the server closed it in good order. */
  | { readonly kind: "watchEnded"; readonly lastedMs: number; readonly failure?: Failure }
  | { readonly kind: "timer"; readonly name: TimerName };

export type TimerName = "retry" | "watchdog";

export type ReflectorCommand<T> =
  /** `limit` absent asks for everything in one page. */
  | { readonly kind: "list"; readonly limit?: number; readonly continue?: string }
  | { readonly kind: "watch"; readonly resourceVersion: string; readonly timeoutSeconds: number }
  /** Drop the watch in flight; no `watchEnded` is expected for it. */
  | { readonly kind: "cancelWatch" }
  | { readonly kind: "setTimer"; readonly name: TimerName; readonly ms: number }
  | { readonly kind: "cancelTimer"; readonly name: TimerName }
  /** The object under `key` is new or different; `object` undefined: it is gone. */
  | { readonly kind: "changed"; readonly key: string; readonly object: T | undefined }
  /** The first whole list has been delivered; said once. */
  | { readonly kind: "synced" }
  /** Something is wrong that a person should know; said once per kind of failure until `recovered`. */
  | { readonly kind: "report"; readonly failure: Failure; readonly during: "list" | "watch" }
  | { readonly kind: "recovered" };

export interface ReflectorOptions {
  /** A number in [0, 1): spreads retries of many clients. */
  readonly random: () => number;
  readonly pageSize?: number;
  readonly timeoutSeconds?: number;
}

const pageSizeDefault = 500;
const timeoutSecondsDefault = 300;
const backOffFirstMs = 200;
const backOffLastMs = 30_000;
/** A watch that lived this long shows a healthy server, even if nothing changed meanwhile. */
const healthyWatchMs = 5_000;
/** So many failures of one resume point make us doubt it (a server restored from a backup, say). */
const resumesBeforeRelist = 5;
const watchdogFactor = 1.2;

/**
 * Jittered exponential back-off of 0.2 s to 30 s.
 * `failures` counts failures in a row, 0 for the first try after progress; the result is in milliseconds.
 */
export function backOffMs(failures: number, random: number): number {
  const full = Math.min(backOffLastMs, backOffFirstMs * 2 ** Math.min(failures, 20));
  return Math.round(full * (0.5 + random / 2));
}

/** One kind of object, listed in pages and then watched; `step` is the only way in, its commands the only way out. */
export class Reflector<T extends KubeObject> {
  /** Of every object that was told and is not gone; undefined where the server gave none. */
  readonly #versions = new Map<string, string | undefined>();
  readonly #random: () => number;
  readonly #pageSize: number;
  readonly #timeoutSeconds: number;
  /** Where the next watch resumes; undefined: list first. */
  #resumeFrom: string | undefined;
  #continue: string | undefined;
  #seenInList = new Set<string>();
  #unpaged = false;
  #failures = 0;
  #reported: string | undefined;
  #isSynced = false;

  constructor(options: ReflectorOptions) {
    this.#random = options.random;
    this.#pageSize = options.pageSize ?? pageSizeDefault;
    this.#timeoutSeconds = options.timeoutSeconds ?? timeoutSecondsDefault;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Takes one event and answers what to do, in order. */
  step(event: ReflectorEvent<T>): ReflectorCommand<T>[] {
    switch (event.kind) {
      case "start":
        return [this.#next()];
      case "page":
        return this.#onPage(event.items, event.resourceVersion, event.continue);
      case "listFailed":
        return this.#onListFailed(event.failure);
      case "watchOpened":
        return this.#recovered();
      case "watched":
        return this.#onWatched(event.event);
      case "watchEnded":
        return this.#onWatchEnded(event.lastedMs, event.failure);
      case "timer":
        return event.name === "retry" ? this.#watchdogOf(this.#next()) : this.#onSilence();
      default:
        return event satisfies never;
    }
  }

  /** The request that brings us on: resume the watch, go on with the list, or begin one. */
  #next(): ReflectorCommand<T> {
    if (this.#resumeFrom !== undefined) {
      const timeoutSeconds = Math.round(this.#timeoutSeconds * (1 + this.#random() / 5));
      return { kind: "watch", resourceVersion: this.#resumeFrom, timeoutSeconds };
    }
    if (this.#continue === undefined) this.#seenInList = new Set();
    return {
      kind: "list",
      ...(this.#unpaged ? {} : { limit: this.#pageSize }),
      ...(this.#continue === undefined ? {} : { continue: this.#continue }),
    };
  }

  /** A watch gets its watchdog: the server ends it after `timeoutSeconds`, so a longer one is dead. */
  #watchdogOf(command: ReflectorCommand<T>): ReflectorCommand<T>[] {
    if (command.kind !== "watch") return [command];
    const ms = command.timeoutSeconds * 1000 * watchdogFactor;
    return [command, { kind: "setTimer", name: "watchdog", ms }];
  }

  #onPage(
    items: readonly T[],
    resourceVersion: string,
    continueToken: string | undefined,
  ): ReflectorCommand<T>[] {
    const commands: ReflectorCommand<T>[] = [];
    for (const object of items) {
      this.#seenInList.add(objectKey(object.metadata));
      this.#tell(object, commands);
    }
    this.#continue = continueToken || undefined;
    if (this.#continue !== undefined) return [...commands, this.#next()];

    for (const key of this.#versions.keys()) {
      if (!this.#seenInList.has(key)) this.#remove(key, commands);
    }
    this.#seenInList = new Set();
    this.#unpaged = false;
    this.#resumeFrom = resourceVersion;
    if (!this.#isSynced) {
      this.#isSynced = true;
      commands.push({ kind: "synced" });
    }
    if (this.#reported?.startsWith("list")) commands.push(...this.#recovered());
    return [...commands, ...this.#watchdogOf(this.#next())];
  }

  #onListFailed(failure: Failure): ReflectorCommand<T>[] {
    if (isGone(failure) && this.#continue !== undefined) {
      // The pages ran out of time: their snapshot is compacted. One big page cannot expire.
      this.#continue = undefined;
      this.#unpaged = true;
    }
    return this.#retryAfter(failure, "list");
  }

  #onWatched(event: WatchEvent<T>): ReflectorCommand<T>[] {
    const commands: ReflectorCommand<T>[] = [];
    if (event.type === "ERROR") {
      const { code, reason, message } = event.object;
      const failure: Failure = {
        message: message ?? "the watch reported an error",
        ...(code === undefined ? {} : { status: code }),
        ...(reason === undefined ? {} : { reason }),
      };
      return [{ kind: "cancelWatch" }, ...this.#onWatchEnded(0, failure)];
    }
    this.#failures = 0;
    this.#resumeFrom = event.object.metadata.resourceVersion ?? this.#resumeFrom;
    if (event.type === "DELETED") this.#remove(objectKey(event.object.metadata), commands);
    else if (event.type !== "BOOKMARK") this.#tell(event.object, commands);
    return commands;
  }

  #onWatchEnded(lastedMs: number, failure: Failure | undefined): ReflectorCommand<T>[] {
    const commands: ReflectorCommand<T>[] = [{ kind: "cancelTimer", name: "watchdog" }];
    if (lastedMs >= healthyWatchMs) this.#failures = 0;
    if (failure !== undefined && isGone(failure)) {
      this.#resumeFrom = undefined;
      if (this.#failures++ === 0) return [...commands, this.#next()];
    } else if (this.#failures + 1 >= resumesBeforeRelist && failure?.status !== undefined) {
      this.#resumeFrom = undefined;
    }
    return [...commands, ...this.#retryAfter(failure, "watch")];
  }

  #onSilence(): ReflectorCommand<T>[] {
    const failure: Failure = { message: "the watch fell silent" };
    return [{ kind: "cancelWatch" }, ...this.#onWatchEnded(0, failure)];
  }

  #retryAfter(failure: Failure | undefined, during: "list" | "watch"): ReflectorCommand<T>[] {
    const commands: ReflectorCommand<T>[] = [];
    const kind = failure && `${during} ${failure.status ?? failure.message}`;
    // One cut of a healthy watch is daily life; anything the server says, or a second cut, is news.
    const isNews = during === "list" || failure?.status !== undefined || this.#failures > 0;
    const isKnown = kind === this.#reported || (failure && isGone(failure));
    if (failure !== undefined && isNews && !isKnown) {
      this.#reported = kind;
      commands.push({ kind: "report", failure, during });
    }
    const ms = backOffMs(this.#failures++, this.#random());
    return [...commands, { kind: "setTimer", name: "retry", ms }];
  }

  #recovered(): ReflectorCommand<T>[] {
    const wasReported = this.#reported !== undefined;
    this.#reported = undefined;
    return wasReported ? [{ kind: "recovered" }] : [];
  }

  /** The same version again is no change. */
  #tell(object: T, commands: ReflectorCommand<T>[]): void {
    const key = objectKey(object.metadata);
    const { resourceVersion: version } = object.metadata;
    if (version !== undefined && this.#versions.get(key) === version) return;
    this.#versions.set(key, version);
    commands.push({ kind: "changed", key, object });
  }

  #remove(key: string, commands: ReflectorCommand<T>[]): void {
    if (this.#versions.delete(key)) commands.push({ kind: "changed", key, object: undefined });
  }
}

/** The version we hold is no longer in the server's window: HTTP 410, or a Status that says so. */
function isGone(failure: Failure): boolean {
  return failure.status === 410 || failure.reason === "Expired" || failure.reason === "Gone";
}
