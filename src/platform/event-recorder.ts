/** Writes Kubernetes events about objects, in the background and never at the program's expense. */

import { setTimeout as sleep } from "node:timers/promises";
import {
  EventCorrelator,
  type EventAction,
  type EventNote,
  type KubeEvent,
  type KubeObject,
  type ObjectReference,
} from "../kube/index.ts";
import { monotonicMs, timestampOfSecond } from "./clock.ts";
import { hasStatus, KubeApiError } from "./kube-api-error.ts";
import type { KubeClient, ResourceRef } from "./kube-client.ts";
import type { Logger } from "./logger.ts";

const pendingLimit = 10_000;
const triesPerEvent = 12;
const retryAfterMs = 10_000;

interface Recorded {
  readonly note: EventNote;
  /** When it was said; it may be written much later. */
  readonly at: string;
}

/** Writes one event at a time; `component` is the event's source, such as `metallb-controller`. */
export class EventRecorder {
  readonly #client: KubeClient;
  readonly #source: KubeEvent["source"];
  readonly #logger: Logger;
  readonly #correlator = new EventCorrelator();
  readonly #pending: Recorded[] = [];
  #isSending = false;
  #isRefusalTold = false;
  readonly #stopped = new AbortController();

  constructor(client: KubeClient, source: KubeEvent["source"], logger: Logger) {
    this.#client = client;
    this.#source = source;
    this.#logger = logger;
  }

  /** Queues an event of this moment. When 10,000 wait already it is dropped: events are a help, not a record. */
  record(note: EventNote): void {
    if (this.#pending.length >= pendingLimit || this.#stopped.signal.aborted) return;
    this.#pending.push({ note, at: timestampOfSecond() });
    if (!this.#isSending) void this.#sendAll();
  }

  stop(): void {
    this.#stopped.abort();
    this.#pending.length = 0;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      await this.#send(next);
    }
    this.#isSending = false;
  }

  async #send(recorded: Recorded): Promise<void> {
    const { note } = recorded;
    const action = this.#correlator.take(note, monotonicMs());
    for (let tries = 1; tries <= triesPerEvent; tries++) {
      try {
        await this.#write(recorded, action);
        return;
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        const isPassing =
          error instanceof KubeApiError && (error.status === 0 || error.status >= 500);
        if (!isPassing) {
          this.#tellOnce(note.reason, error);
          return;
        }
      }
      await sleep(retryAfterMs, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
  }

  async #write({ note, at }: Recorded, action: EventAction): Promise<void> {
    if (action.kind === "drop") return;
    const ref = eventsOf(note.object);
    if (action.kind === "patch") {
      const patch = { count: action.count, lastTimestamp: at };
      try {
        await this.#client.patch(ref, action.name, patch, { type: "strategic" });
        return;
      } catch (error) {
        // The server forgets events after an hour: then the next one is a first one.
        if (!hasStatus(error, 404)) throw error;
        this.#correlator.created(action.key, undefined);
      }
    }
    const created = await this.#client.create<KubeEvent>(ref, this.#event({ note, at }));
    this.#correlator.created(action.key, created.metadata.name);
  }

  #event({ note, at }: Recorded): KubeEvent {
    const unique = process.hrtime.bigint().toString(16);
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: `${note.object.name ?? "unknown"}.${unique}`,
        namespace: note.object.namespace ?? "default",
        ...(note.annotations !== undefined && { annotations: note.annotations }),
      },
      involvedObject: note.object,
      reason: note.reason,
      message: note.message,
      type: note.type,
      source: this.#source,
      reportingComponent: this.#source.component,
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    };
  }

  #tellOnce(reason: string, error: unknown): void {
    if (this.#isRefusalTold) return;
    this.#isRefusalTold = true;
    const why = error instanceof Error ? error.message : String(error);
    const msg = "events cannot be written; going on";
    this.#logger.warn({ op: "recordEvent", reason, error: why, msg });
  }
}

/** A reference to `object` as events carry it; `kind` because lists leave it out of their items. */
export function referenceTo(kind: string, object: KubeObject): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    kind,
    apiVersion: object.apiVersion ?? "v1",
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

function eventsOf(object: ObjectReference): ResourceRef {
  return { group: "", version: "v1", plural: "events", namespace: object.namespace ?? "default" };
}
