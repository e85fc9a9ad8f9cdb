/** How long a ring may take, as the properties of its simulation demand it. All in milliseconds. */

import { firstBeat, shortestSilenceMs, silenceMs } from "../ring/beat-record.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { defaultBeatMs } from "../ring/index.ts";
import { answerMs } from "../ring/inquiry.ts";
import { watcherCount } from "../ring/watchers.ts";

/**
 * A ring of our own speakers on a network that loses little, from the fault to the new owner: the silence, an inquiry
 * in which somebody has to be asked three times, and as long again for what else is in a fault.
 */
export const takeoverMs = shortestSilenceMs(defaultBeatMs) + 2 * 3 * answerMs(0);
/** After a partition: from the last link that heals to one owner. */
const healMs = 1000;
/** From then on all see the same members; a little later, for the last news go by gossip rounds. */
const viewsMs = 2500;
/** A speaker that was stopped for less is dead for nobody: its next beat comes before anybody asks. */
export const forgivenPauseMs = shortestSilenceMs(defaultBeatMs) - defaultBeatMs - 30;
/** After a quiet network returns, faults may explain a death for so long. */
const echoMs = takeoverMs + 500;

/** Stock members, LAN timings, up to 10: two turns of probes, a failed one, 11.4 s for a suspicion that one confirms. */
const stockTakeoverMs = 20_000;
/**
 * Who was apart when another died, and counts again, may come before it in an order: it alone suspects the dead one,
 * from the exchange of tables with which it returned at the latest. Nobody confirms that, as the others have found the
 * death already (ML-101), so it takes the whole 24 s (ML-106, up to 10), and a second for the news.
 */
const stockReturnMs = 25_000;
/** After a partition stock members meet again by the list of pods, once a minute (ML-159). */
export const rejoinMs = 60_000;
/** A suspicion of the time apart takes 24 s at most, and who counts as dead elsewhere hears no contradiction. */
const stockEchoMs = 30_000;

export interface Bounds {
  readonly takeoverMs: number;
  /** The same where some were apart. */
  readonly apartTakeoverMs: number;
  readonly oneOwnerMs: number;
  readonly viewsMs: number;
  readonly echoMs: number;
  /** Whether a paused speaker below `forgivenPauseMs` must be forgiven. */
  readonly forgivesPauses: boolean;
  /**
   * The network loses so much that a healthy member is suspected now and then, also by one that was stopped until a
   * moment ago, and once in a history counts as dead for a moment: all pings to it, or their answers, are lost by chance.
   * Of 1,700 histories with three nodes and 30 % loss 6 had one such death, so two in one are as rare as 1 in 80,000.
   */
  readonly losesTooMuch: boolean;
  readonly losesNothing: boolean;
  readonly packetsPerSecond: number;
  /** How much longer until a name that died is free for another address (ML-109). */
  readonly reclaimMs: number;
}

/** A node at rest: beats to its watchers, up to three hails with each, probes and answers; or these alone. */
const ourPacketsPerSecond = ((watcherCount + 3) * 1000) / defaultBeatMs + 10;
const stockPacketsPerSecond = 12;
/** A stock member forgets the dead after 30 s, at the end of a turn of probes; then it needs to hear of the new one. */
const stockReclaimMs = 60_000;
/** Up to that loss our own speakers accuse no healthy one. */
const tolerableLoss = 0.15;

/** What a network that loses this share, and delays so much, may add to our own speakers' bounds. */
export function bounds({
  kind,
  loss,
  late,
  delayMs,
}: Pick<FaultPlan, "kind" | "loss" | "late" | "delayMs">): Bounds {
  const packetsPerSecond = kind === "stock" ? stockPacketsPerSecond : ourPacketsPerSecond;
  // A packet that comes late is as good as lost.
  const missing = loss + late;
  if (kind !== "ours") {
    const lossy = missing > 0.02 ? 2 : 1;
    return {
      takeoverMs: stockTakeoverMs * lossy,
      apartTakeoverMs: Math.max(stockTakeoverMs * lossy, stockReturnMs),
      oneOwnerMs: rejoinMs + 5000,
      viewsMs: rejoinMs + stockTakeoverMs * lossy,
      echoMs: stockEchoMs * lossy,
      forgivesPauses: false,
      losesTooMuch: false,
      losesNothing: missing === 0,
      packetsPerSecond,
      reclaimMs: stockReclaimMs,
    };
  }
  const perfect = firstBeat(defaultBeatMs, 0, 0);
  // Few beats measure a loss: the estimate may be half as large again.
  const record = { ...perfect, loss: missing * 1.5, jitterMs: delayMs[1] / 2 };
  const patienceMs = silenceMs(record) - silenceMs(perfect);
  const askingMs = answerMs(3 * delayMs[1]) - answerMs(0);
  // A lost question is asked again.
  const againMs = missing > 0 ? 1000 * missing + 100 : 0;
  const extraMs = patienceMs + askingMs + 2 * againMs;
  const losesTooMuch = missing > tolerableLoss;
  return {
    takeoverMs: takeoverMs + extraMs,
    apartTakeoverMs: takeoverMs + extraMs,
    oneOwnerMs: healMs + extraMs,
    viewsMs: viewsMs + 2 * extraMs,
    echoMs: echoMs + extraMs,
    forgivesPauses: missing <= 0.02,
    losesTooMuch,
    losesNothing: missing === 0,
    // Many questions.
    packetsPerSecond: packetsPerSecond * (losesTooMuch ? 1.5 : 1),
    reclaimMs: 0,
  };
}
