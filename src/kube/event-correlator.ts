/** Folds repeated events as Kubernetes does: the same one again counts up, a flood about one object is cut off. */

import type { KubeEvent, ObjectReference } from "./objects.ts";

/** What a program wants to say about an object. */
export interface EventNote {
  readonly object: ObjectReference;
  readonly type: KubeEvent["type"];
  readonly reason: string;
  readonly message: string;
  /** The same as data, for programs; of repetitions the first one's stay. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export type EventAction =
  | { readonly kind: "create"; readonly key: string; readonly count: number }
  /** Count up the event that was created under `name`. */
  | {
      readonly kind: "patch";
      readonly key: string;
      readonly name: string;
      readonly count: number;
    }
  | { readonly kind: "drop" };

const knownLimit = 4096;
const burstPerObject = 25;
const refillMs = 300_000;

/** Remembers the last 4096 distinct events and, per object, how many more may be said (25, then one in 5 minutes). */
export class EventCorrelator {
  readonly #known = new Map<string, { name?: string; count: number }>();
  readonly #budgets = new Map<string, { left: number; atMs: number }>();

  /** What to do with a note at this moment (any monotonic milliseconds). */
  take(note: EventNote, nowMs: number): EventAction {
    if (!this.#spend(objectText(note.object), nowMs)) return { kind: "drop" };
    const key = [objectText(note.object), note.type, note.reason, note.message].join("\n");
    const known = this.#known.get(key);
    const count = (known?.count ?? 0) + 1;
    remember(this.#known, key, { ...known, count });
    if (known?.name === undefined) return { kind: "create", key, count: 1 };
    return { kind: "patch", key, name: known.name, count };
  }

  /** The server keeps the event of `key` under `name`; undefined: it has no such event any more. */
  created(key: string, name: string | undefined): void {
    if (name === undefined) this.#known.delete(key);
    else remember(this.#known, key, { name, count: this.#known.get(key)?.count ?? 1 });
  }

  #spend(object: string, nowMs: number): boolean {
    const before = this.#budgets.get(object) ?? { left: burstPerObject, atMs: nowMs };
    const refill = (nowMs - before.atMs) / refillMs;
    const left = Math.min(burstPerObject, before.left + refill);
    if (left < 1) return false;
    remember(this.#budgets, object, { left: left - 1, atMs: nowMs });
    return true;
  }
}

function objectText(object: ObjectReference): string {
  return [object.kind, object.namespace, object.name, object.uid].join("/");
}

/** Keeps `value` as the youngest entry and forgets the oldest beyond the limit. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= knownLimit) break;
    map.delete(oldest);
  }
}
