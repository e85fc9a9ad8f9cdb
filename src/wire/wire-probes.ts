/**
 * Asks whether addresses are free to be taken, many at once: a machine whose clock and wire are outside.
 *
 * RFC 5227 section 2.1.1 probes three times, one to two seconds apart, and waits two more: seven seconds that the kernel
 * of a laptop has and a Service has not. On the wired LAN of a cluster a machine answers in a millisecond; three
 * questions 200 ms apart outlast a lost frame and a busy processor, and 200 ms more are left for the last answer.
 */
import { formatAddress, type IpAddress, type MacAddress } from "../ip/index.ts";

const probeCount = 3;
const pauseMs = 200;
/** More at once only somebody who plays with us would ask for. */
const mostAtOnce = 512;

export type ProbeVerdict =
  | { readonly kind: "free" }
  /** `probes`: it asks at the same time whether it may have the address. */
  | {
      readonly kind: "used";
      readonly mac: MacAddress;
      readonly on: string;
      readonly how: "has" | "probes";
    }
  /** On one of the interfaces no question went out. */
  | { readonly kind: "unsent" }
  /** Nobody was heard, but not all frames were looked at. */
  | { readonly kind: "unheard" };

export type ProbeStep =
  | { readonly kind: "send"; readonly ip: IpAddress; readonly on: ReadonlySet<string> }
  | { readonly kind: "verdict"; readonly ip: IpAddress; readonly verdict: ProbeVerdict };

export interface ProbeSighting {
  readonly ip: IpAddress;
  readonly mac: MacAddress;
  readonly on: string;
  readonly kind: "answers" | "claims" | "uses" | "probes";
}

interface Probe {
  readonly ip: IpAddress;
  readonly on: ReadonlySet<string>;
  readonly sinceMs: number;
  /** Interfaces on which a question went out. */
  readonly sent: Set<string>;
  rounds: number;
  nextMs: number;
}

export class WireProbes {
  readonly #open = new Map<string, Probe>();
  /** Interface -> when a frame of it was last passed over. */
  readonly #passedOverMs = new Map<string, number>();

  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /** Begins to ask on these interfaces, or joins those who ask already. False: too many are asked for. */
  begin(ip: IpAddress, on: ReadonlySet<string>, nowMs: number): boolean {
    const text = formatAddress(ip);
    if (this.#open.has(text)) return true;
    if (this.#open.size >= mostAtOnce) return false;
    this.#open.set(text, { ip, on, sinceMs: nowMs, sent: new Set(), rounds: 0, nextMs: nowMs });
    return true;
  }

  /** On these interfaces a question went out. */
  sent(ip: IpAddress, names: Iterable<string>): void {
    const probe = this.#open.get(formatAddress(ip));
    for (const name of names) probe?.sent.add(name);
  }

  /** A frame that was heard there was not looked at: it may have been an answer. */
  passOver(on: string, nowMs: number): void {
    this.#passedOverMs.set(on, nowMs);
  }

  /** What others say; frames of our own machine are for the caller to leave out. */
  hear({ ip, mac, on, kind }: ProbeSighting): ProbeStep[] {
    const text = formatAddress(ip);
    if (this.#open.get(text)?.on.has(on) !== true) return [];
    this.#open.delete(text);
    const how = kind === "probes" ? "probes" : "has";
    return [{ kind: "verdict", ip, verdict: { kind: "used", mac, on, how } }];
  }

  /** What is due. */
  step(nowMs: number): ProbeStep[] {
    const steps: ProbeStep[] = [];
    for (const [text, probe] of this.#open) {
      const { ip, on, rounds, nextMs } = probe;
      if (nextMs > nowMs) continue;
      if (rounds === probeCount) {
        this.#open.delete(text);
        steps.push({ kind: "verdict", ip, verdict: this.#silence(probe) });
        continue;
      }
      steps.push({ kind: "send", ip, on });
      probe.rounds++;
      // From now: a late timer must not shorten the time for answers.
      probe.nextMs = nowMs + pauseMs;
    }
    return steps;
  }

  /** What it means that nobody answered. */
  #silence({ on, sent, sinceMs }: Probe): ProbeVerdict {
    const names = [...on];
    if (!names.every((name) => sent.has(name))) return { kind: "unsent" };
    const isHeard = names.every((name) => (this.#passedOverMs.get(name) ?? -Infinity) < sinceMs);
    return { kind: isHeard ? "free" : "unheard" };
  }

  /** When to call `step` again; Infinity: nothing is asked for. */
  nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const probe of this.#open.values()) nextMs = Math.min(nextMs, probe.nextMs);
    return nextMs;
  }
}
