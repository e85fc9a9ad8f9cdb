/** How long a ring may take, as the properties of its simulation demand it. All in milliseconds. */

import { silenceMs } from "../ring/beat-record.ts";
import type { RingKind } from "./fault-plan.ts";
import { defaultBeatMs } from "../ring/index.ts";
import { answerMs } from "../ring/inquiry.ts";

/** A ring of our own speakers on a network that loses little: from the fault to the new owner. */
export const takeoverMs = 1000;
/** The same after a partition: from the last link that heals to one owner. */
const healMs = 1000;
/** From then on all see the same members; a little later, for the last news go by gossip rounds. */
const viewsMs = 2500;
/** A speaker that was stopped for less is dead for nobody. */
export const forgivenPauseMs = 250;
/** After a quiet network returns, faults may explain a death for so long. */
const echoMs = 1500;

/** Stock members, LAN timings, up to 10: two turns of probes, a failed one, 11.4 s for a suspicion that one confirms. */
const stockTakeoverMs = 20_000;
/** After a partition stock members meet again by the list of pods, once a minute (ML-159). */
export const rejoinMs = 60_000;
/** A suspicion of the time apart takes 24 s at most, and who counts as dead elsewhere hears no contradiction. */
const stockEchoMs = 30_000;

export interface Bounds {
  readonly takeoverMs: number;
  readonly oneOwnerMs: number;
  readonly viewsMs: number;
  readonly echoMs: number;
  /** Whether a paused speaker below `forgivenPauseMs` must be forgiven. */
  readonly forgivesPauses: boolean;
  readonly packetsPerSecond: number;
}

/** A node at rest: two beats of 200 ms, hails, probes and answers; without beats, probes and answers alone. */
const ourPacketsPerSecond = 60;
const stockPacketsPerSecond = 12;

/** What a network that loses this share, and delays up to `delayMs`, may add to our own speakers' bounds. */
export function bounds(kind: RingKind, loss: number, delayMs: number): Bounds {
  const packetsPerSecond = kind === "stock" ? stockPacketsPerSecond : ourPacketsPerSecond;
  if (kind !== "ours") {
    const lossy = loss > 0.02 ? 2 : 1;
    return {
      takeoverMs: stockTakeoverMs * lossy,
      oneOwnerMs: rejoinMs + 5000,
      viewsMs: rejoinMs + stockTakeoverMs * lossy,
      echoMs: stockEchoMs * lossy,
      forgivesPauses: false,
      packetsPerSecond,
    };
  }
  const perfect = { beatMs: defaultBeatMs, heardMs: 0, seq: 0, jitterMs: 0, loss: 0 };
  // Few beats measure a loss: the estimate may be half as large again.
  const record = { ...perfect, loss: loss * 1.5, jitterMs: delayMs / 2 };
  const patienceMs = silenceMs(record) - silenceMs(perfect);
  const askingMs = answerMs(3 * delayMs) - answerMs(0);
  // A lost question is asked again.
  const againMs = loss > 0 ? 1000 * loss + 100 : 0;
  const extraMs = patienceMs + askingMs + 2 * againMs;
  return {
    takeoverMs: takeoverMs + extraMs,
    oneOwnerMs: healMs + extraMs,
    viewsMs: viewsMs + 2 * extraMs,
    echoMs: echoMs + extraMs,
    forgivesPauses: loss <= 0.02,
    packetsPerSecond,
  };
}
