/** Which MAC addresses answer for each node's own addresses, by interface of ours: how an owner is recognised. */
import type { MacAddress } from "../ip/index.ts";
import type { Answer } from "./finding.ts";

/** So long an answer counts; then the node is asked again. */
const freshMs = 60_000;
/** Where something is wrong it is asked again, but not for every address of the node. */
const againMs = 1000;
/** More stations do not answer for one address unless somebody forges. */
const mostMacs = 8;

type ByInterface = Map<string, Set<MacAddress>>;

interface Known {
  readonly askedMs: number;
  readonly current: ByInterface;
  /** Of the questions before, the last answers on each interface. */
  readonly before: ByInterface;
  /** Interfaces on which it has ever answered. */
  readonly seenOn: Set<string>;
}

const none: ReadonlySet<MacAddress> = new Set();

export class NodeMacs {
  readonly #windowMs: number;
  readonly #known = new Map<string, Known>();

  /** `windowMs`: how long answers are awaited. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Should the node be asked before its addresses are judged? `isDoubted`: the last answer did not fit. */
  isDue(node: string, nowMs: number, isDoubted: boolean): boolean {
    const askedMs = this.#known.get(node)?.askedMs ?? Number.NEGATIVE_INFINITY;
    return nowMs - askedMs >= (isDoubted ? againMs : freshMs);
  }

  asked(node: string, nowMs: number): void {
    const known = this.#known.get(node);
    const before: ByInterface = new Map([...(known?.before ?? []), ...(known?.current ?? [])]);
    const seenOn = known?.seenOn ?? new Set();
    this.#known.set(node, { askedMs: nowMs, current: new Map(), before, seenOn });
  }

  /** Only while an answer is awaited: what is said unasked would let anybody pass for the node. */
  heard(node: string, { on, mac }: Answer, nowMs: number): void {
    const known = this.#known.get(node);
    if (known === undefined || nowMs - known.askedMs > this.#windowMs) return;
    const macs = known.current.get(on) ?? new Set();
    if (macs.size < mostMacs) macs.add(mac);
    known.current.set(on, macs);
    known.seenOn.add(on);
  }

  /** Has the node ever answered on this interface of ours, since it has the addresses that it has? */
  wasSeenOn(node: string, on: string): boolean {
    return this.#known.get(node)?.seenOn.has(on) ?? false;
  }

  /** Those that answer now. While an answer is awaited those of the question before count as well. */
  of(node: string, on: string, nowMs: number): ReadonlySet<MacAddress> {
    const known = this.#known.get(node);
    if (known === undefined) return none;
    const current = known.current.get(on) ?? none;
    if (nowMs - known.askedMs >= this.#windowMs) return current;
    return new Set([...current, ...(known.before.get(on) ?? none)]);
  }

  /** The same, and where the node is not heard now those that it had when it was heard last. */
  known(node: string, on: string, nowMs: number): ReadonlySet<MacAddress> {
    const now = this.of(node, on, nowMs);
    return now.size > 0 ? now : (this.#known.get(node)?.before.get(on) ?? none);
  }

  /** The node whose MAC address it is; undefined: not known. */
  nodeWith(mac: MacAddress): string | undefined {
    for (const [node, { current, before }] of this.#known) {
      for (const macs of [...current.values(), ...before.values()]) {
        if (macs.has(mac)) return node;
      }
    }
    return undefined;
  }

  forget(node: string): void {
    this.#known.delete(node);
  }
}
