/** One question to the ring: is a silent member gone, or do only we not hear it? Decided by those who answer. */

export interface Inquiry {
  readonly about: string;
  readonly id: number;
  readonly startedMs: number;
  /** When it is decided with the answers that are there. */
  readonly endsMs: number;
  /** Members that were asked. Empty: there is nobody else, so our own pings decide. */
  readonly asked: ReadonlySet<string>;
  /** Those who do not hear it either. */
  readonly deaf: ReadonlySet<string>;
}

export type Verdict =
  /** Nobody reaches it. */
  | "dead"
  /** Those asked are silent as well: the fault may be ours, so nobody is accused. */
  | "isolated";

/** The silent member has at least so long to answer a ping. */
const shortestAnswerMs = 50;
/** How long an inquiry lasts at least, and at most however slow the network. */
const shortestMs = 100;
const longestMs = 1000;

/** How long the silent member has to answer somebody who was asked: less than who asked waits for him. */
export function answerMs(ackMs: number): number {
  return Math.min(longestMs / 2, Math.max(shortestAnswerMs, ackMs));
}

/** `ackMs`: how long answers to pings take at worst, as far as measured. */
export function inquiryLengthMs(ackMs: number): number {
  return Math.min(longestMs, Math.max(shortestMs, 3 * ackMs));
}

export function withDeaf(inquiry: Inquiry, name: string): Inquiry {
  if (!inquiry.asked.has(name)) return inquiry;
  return { ...inquiry, deaf: new Set([...inquiry.deaf, name]) };
}

/** When the verdict may be spoken: once all have answered there is nothing more to wait for but the pings. */
export function verdictMs({ asked, deaf, startedMs, endsMs }: Inquiry): number {
  const isComplete = asked.size > 0 && deaf.size === asked.size;
  return isComplete ? Math.min(endsMs, startedMs + shortestAnswerMs) : endsMs;
}

export function verdictOf({ asked, deaf }: Inquiry): Verdict {
  return asked.size === 0 || deaf.size > 0 ? "dead" : "isolated";
}
