/** One question to the ring: is a silent member gone, or do only we not hear it? Decided by those who answer. */

export interface Inquiry {
  readonly about: string;
  readonly id: number;
  readonly startedMs: number;
  /** How long an answer to a question may take. */
  readonly answerMs: number;
  /** When those who have not answered are asked once more. */
  askAgainMs: number;
  /** When stock members are asked once more to pass a ping on. */
  relayAgainMs: number;
  /** Members that were asked. Empty: there is nobody else, so our own pings decide. */
  readonly asked: ReadonlySet<string>;
  /** Some of them are stock members: that they answer says that we are not alone, and nothing yet of the silent one. */
  readonly isRelayed: boolean;
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
/** How long an answer is waited for at least, and at most however slow the network. */
const shortestMs = 100;
const longestMs = 1000;
/** So often are those asked who do not answer: on a network that loses a lot, silence alone means little. */
const rounds = 3;
/** On a slow network they are fewer: an owner that died with another shall not be missed for long. */
const allRoundsMs = 600;
const chanceAlone = 1e-6;
/** Pings that are closer to each other count as one there, as losses come together. */
const chanceEveryMs = 25;
/**
 * We ping the silent member ourselves so often, until the verdict: at 30 % loss no answer comes to the five pings of the
 * shortest inquiry once in 29 times (0.51^5), and to those of another, whose word is needed, too, once in 800.
 */
export const pingEveryMs = 10;
/** What others ping for us costs them as much as us: they are asked less often. */
export const relayEveryMs = 50;

/** `ackMs`: how long answers to pings take at worst, as far as measured. */
export function answerMs(ackMs: number): number {
  return Math.min(longestMs, Math.max(shortestMs, 3 * ackMs));
}

/**
 * The same where nobody else can be asked: so many pings that all of them or their answers are lost by chance once in
 * a million times. `loss` is the share of packets that are lost one way.
 */
export function aloneMs(ackMs: number, loss: number): number {
  const lostRound = 1 - (1 - Math.min(loss, 0.9)) ** 2;
  const pings = lostRound > 0 ? Math.ceil(Math.log(chanceAlone) / Math.log(lostRound)) : 0;
  return Math.max(answerMs(ackMs), Math.min(allRoundsMs, pings * chanceEveryMs));
}

/** How long whoever is asked waits for an answer to its own ping: the answer must come before the verdict. */
export function answerWaitMs(ackMs: number): number {
  return Math.min(longestMs / 3, Math.max(shortestAnswerMs, ackMs));
}

export function withDeaf(inquiry: Inquiry, name: string): Inquiry {
  if (!inquiry.asked.has(name)) return inquiry;
  return { ...inquiry, deaf: new Set([...inquiry.deaf, name]) };
}

/** The members that still owe an answer. */
export function owing({ asked, deaf }: Inquiry): string[] {
  return [...asked].filter((name) => !deaf.has(name));
}

/**
 * When the verdict may be spoken. Once all have answered there is nothing more to wait for but our own pings; where
 * somebody is silent, too, it is asked again before its silence counts.
 */
export function verdictMs(inquiry: Inquiry): number {
  const { asked, startedMs, answerMs: waitMs } = inquiry;
  if (asked.size === 0) return startedMs + waitMs;
  if (owing(inquiry).length === 0) {
    // A ping that a stock member passes on takes two round trips, and no word comes where it fails.
    return startedMs + (inquiry.isRelayed ? waitMs : Math.min(waitMs, shortestAnswerMs));
  }
  return startedMs + Math.max(waitMs, Math.min(allRoundsMs, rounds * waitMs));
}

export function verdictOf({ asked, deaf }: Inquiry): Verdict {
  return asked.size === 0 || deaf.size > 0 ? "dead" : "isolated";
}
