/** How long a suspected member has to speak up: the more others suspect it too, the shorter (ML-106). */

import type { Timings } from "./timings.ts";

export interface Suspicion {
  readonly startedMs: number;
  /** The first accuser; it cannot confirm itself. */
  readonly accuser: string;
  /** Confirmations by others that shorten the wait; 0: the wait is the shortest from the start. */
  readonly wanted: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly confirmedBy: ReadonlySet<string>;
}

/** A suspicion that begins now, in a list of `members`, unreaped dead ones included. */
export function startSuspicion(
  timings: Timings,
  start: { readonly nowMs: number; readonly accuser: string; readonly members: number },
): Suspicion {
  const { suspicionMult, suspicionMaxTimeoutMult, probeIntervalMs } = timings;
  const { nowMs, accuser, members } = start;
  const wished = Math.max(0, suspicionMult - 2);
  // The suspect and we are not among those who could confirm.
  const wanted = members - 2 < wished ? 0 : wished;
  const scale = Math.floor(1000 * Math.max(1, Math.log10(Math.max(1, members)))) / 1000;
  const minMs = suspicionMult * scale * probeIntervalMs;
  const maxMs = suspicionMaxTimeoutMult * minMs;
  return { startedMs: nowMs, accuser, wanted, minMs, maxMs, confirmedBy: new Set() };
}

/** The suspicion with one more accuser; undefined where that is no news. */
export function confirmSuspicion(suspicion: Suspicion, from: string): Suspicion | undefined {
  const { accuser, wanted, confirmedBy } = suspicion;
  if (from === accuser || confirmedBy.has(from) || confirmedBy.size >= wanted) return undefined;
  return { ...suspicion, confirmedBy: new Set([...confirmedBy, from]) };
}

/** When the suspect counts as dead, on the clock of `startedMs`. */
export function suspicionEndsMs(suspicion: Suspicion): number {
  const { startedMs, wanted, minMs, maxMs, confirmedBy } = suspicion;
  if (wanted === 0) return startedMs + minMs;
  const share = Math.log(confirmedBy.size + 1) / Math.log(wanted + 1);
  return startedMs + Math.max(minMs, Math.floor(maxMs - share * (maxMs - minMs)));
}
