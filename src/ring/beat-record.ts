/** What one watcher knows of the beats of one member: when the last came, how evenly they come, how many are lost. */

export interface BeatRecord {
  readonly beatMs: number;
  readonly heardMs: number;
  readonly seq: number;
  /** The first number in the row that `seq` is the last of. */
  readonly firstSeq: number;
  /** When the beat of that number came: `heardMs`, but for what was forgiven since. */
  readonly numberedMs: number;
  /** How late beats are, smoothed. */
  readonly jitterMs: number;
  /** Share of beats that never came, smoothed. */
  readonly loss: number;
}

/** Silence shorter than this many beats says nothing, even on a perfect network. */
const fewestMissed = 2;
const mostMissed = 40;
/** Scheduling, garbage collection: what a healthy member may take off. */
const slackMs = 40;
/** One silence in so many may be a chance run of losses: it costs a few questions to others, and accuses nobody. */
const tolerated = 1e-3;
/** Smoothing: about the last 64 beats count. */
const weight = 1 / 64;
/** So many missing in a row are no chance: the link was down, which says little about the loss from now on. */
const longestRun = 8;
/** So many more beats than time has passed for may come, as delays differ: after more its member began anew. */
const mostTooMany = 2;
/** In one life numbers run no further ahead of the time, in which each takes half a beat at least. */
const mostAhead = 10;

export function firstBeat(beatMs: number, seq: number, nowMs: number): BeatRecord {
  return { beatMs, heardMs: nowMs, seq, firstSeq: seq, numberedMs: nowMs, jitterMs: 0, loss: 0 };
}

/**
 * Whether the beat was sent after the last one that we heard, in the same life: numbers wrap, as in RFC 1982, and those
 * of another life begin elsewhere. Where a clock went back, an earlier life has the higher ones, and somebody may have
 * recorded them.
 */
export function isNext(record: BeatRecord, seq: number, nowMs: number): boolean {
  const steps = (seq - record.seq) >>> 0;
  const mostSteps = (2 * (nowMs - record.numberedMs)) / record.beatMs + mostAhead;
  return steps > 0 && steps <= mostSteps;
}

/**
 * With one more beat, the next one. Another says nothing: it was repeated or overtaken on its way, or somebody who
 * recorded it sends it again.
 */
export function withBeat(record: BeatRecord, seq: number, nowMs: number): BeatRecord {
  const heardMs = Math.max(record.heardMs, nowMs);
  const steps = (seq - record.seq) >>> 0;
  const fitting = (nowMs - record.heardMs) / record.beatMs;
  const heard = { ...record, heardMs, seq, numberedMs: nowMs };
  if (steps > fitting + mostTooMany) return heard;
  // So long a silence was an outage, ours or its own, and no run of chance losses.
  if (nowMs - record.heardMs > silenceMs(record)) return heard;
  const lateMs = Math.max(0, nowMs - record.heardMs - steps * record.beatMs);
  const jitterMs =
    record.jitterMs + (lateMs - record.jitterMs) * (lateMs > record.jitterMs ? 1 / 8 : weight);
  const counted = Math.min(steps, longestRun + 1);
  const keep = (1 - weight) ** counted;
  const loss = record.loss * keep + ((counted - 1) / counted) * (1 - keep);
  return { ...heard, jitterMs, loss };
}

/** Its numbers begin anew; what the network does to them stays as it is known. */
export function begunAnew(record: BeatRecord, seq: number, nowMs: number): BeatRecord {
  const heardMs = Math.max(record.heardMs, nowMs);
  return { ...record, heardMs, seq, firstSeq: seq, numberedMs: nowMs };
}

/** Whether the number is one of those that the member has used in the row that we hear. */
export function isSpent({ firstSeq, seq: lastSeq }: BeatRecord, seq: number): boolean {
  return (seq - firstSeq) >>> 0 <= (lastSeq - firstSeq) >>> 0;
}

/**
 * After how long a silence others are asked: as short as the beats allow, longer where the network loses or delays
 * them, in milliseconds.
 */
export function silenceMs({ beatMs, jitterMs, loss }: BeatRecord): number {
  // How many in a row are lost by chance once in `tolerated` times.
  const run = loss > 0 ? Math.ceil(Math.log(tolerated) / Math.log(Math.min(loss, 0.9))) : 0;
  const missed = Math.max(fewestMissed, Math.min(mostMissed, run));
  return missed * beatMs + slackMs + 4 * jitterMs;
}

/** The same on a perfect network. */
export function shortestSilenceMs(beatMs: number): number {
  return fewestMissed * beatMs + slackMs;
}
