/** Who answers for an address, judged from what came back to one question. */
import type { MacAddress } from "../ip/index.ts";

/**
 * `yes`: its owner and nobody else; `wrong`: others, and not the owner; `two`: the owner and others; `unknown`: nobody can
 * tell, for the reason beside it.
 */
export type Seen = "yes" | "nobody" | "wrong" | "two" | "unknown";

/**
 * `alone`: there is no other speaker to ask; `apart`: the asker is in no network with the owner; `silent`: it was, but now
 * the owner's own address is not answered either; `stranger`: somebody answers where the owner's own address is not answered.
 */
export type WhyUnknown = "alone" | "apart" | "silent" | "stranger";

export interface Answer {
  readonly mac: MacAddress;
  /** The interface of the asker. */
  readonly on: string;
}

export interface Finding {
  readonly seen: Seen;
  /** The owner's; with `stranger` all. */
  readonly answers: readonly Answer[];
  /** Of others. None with `two` and `wrong`: they change each time. */
  readonly strangers: readonly Answer[];
  readonly why?: WhyUnknown;
}

export interface Evidence {
  readonly answers: readonly Answer[];
  /** Who should answer, without the asker: several only where services of v0.9.5 share an address (L2-49). */
  readonly owners: readonly string[];
  /** MAC addresses that answer for the node's own address on the interface; none: it is not in that network. */
  readonly macsOf: (node: string, on: string) => ReadonlySet<MacAddress>;
  /** The same, and where it is not answered this time those that did the last time. */
  readonly knownMacsOf: (node: string, on: string) => ReadonlySet<MacAddress>;
  /** Whether the node's own speaker says in the ring that one of its interfaces has it. */
  readonly isSaidBy: (node: string, mac: MacAddress) => boolean;
  /** Whether the node's own address was ever answered on the interface. */
  readonly wasSeenOn: (node: string, on: string) => boolean;
  /** Interfaces of the asker where the address is announced, as far as their names tell. */
  readonly where: readonly string[];
}

/**
 * Of one of the owners, in a network where its own address is answered. With strictARP a node answers for that on one
 * interface only, and for those that it announces on all (L2-100, L2-191): whose the others are only its speaker can say.
 */
function isRight({ mac, on }: Answer, { owners, knownMacsOf, isSaidBy }: Evidence): boolean {
  return owners.some((owner) => {
    const macs = knownMacsOf(owner, on);
    return macs.has(mac) || (macs.size > 0 && isSaidBy(owner, mac));
  });
}

/** Answers of those who are not the owner, as far as it is known which MAC addresses are its own. */
function strangersIn(evidence: Evidence): Answer[] {
  const { answers, owners, knownMacsOf } = evidence;
  return answers.filter((answer) => {
    const isKnowable =
      owners.length === 0 || owners.some((owner) => knownMacsOf(owner, answer.on).size > 0);
    return isKnowable && !isRight(answer, evidence);
  });
}

export function isAnsweredByOwner(evidence: Evidence): boolean {
  return evidence.answers.some((answer) => isRight(answer, evidence));
}

export function judge(evidence: Evidence): Finding {
  const { answers, owners, macsOf, isSaidBy, wasSeenOn, where } = evidence;
  const strangers = strangersIn(evidence);
  if (owners.length === 0) return { seen: "unknown", why: "alone", answers: [], strangers };
  const right = answers.filter((answer) => isRight(answer, evidence));
  if (right.length > 0) {
    return { seen: strangers.length > 0 ? "two" : "yes", answers: right, strangers };
  }
  if (strangers.length > 0) return { seen: "wrong", answers: [], strangers };
  // Silence means something only where the owner's own address is answered at the same time, whatever comes elsewhere.
  const isShared = where.some((on) => owners.some((owner) => macsOf(owner, on).size > 0));
  if (isShared) return { seen: "nobody", answers: [], strangers };
  const former = where.filter((on) => owners.some((owner) => wasSeenOn(owner, on)));
  // No accusation: it may as well be the asker that is cut off.
  if (former.length > 0 && !answers.some(({ on }) => former.includes(on))) {
    return { seen: "unknown", why: "silent", answers: [], strangers };
  }
  // Nothing speaks against what the owner's speaker says, where its own address is answered nowhere.
  const said = answers.filter(({ mac }) => owners.some((owner) => isSaidBy(owner, mac)));
  if (said.length > 0) return { seen: "yes", answers: said, strangers };
  return { seen: "unknown", why: answers.length > 0 ? "stranger" : "apart", answers, strangers };
}

/** Does it need an operator? */
export function isTrouble({ seen }: Finding): boolean {
  return seen === "nobody" || seen === "wrong" || seen === "two";
}

/** Was somebody else found? */
export function hasStrangers(finding: Finding | undefined): boolean {
  return finding?.seen === "wrong" || finding?.seen === "two";
}

/** Whether two findings say the same. */
export function isSameFinding(a: Finding | undefined, b: Finding): boolean {
  const list = (answers: readonly Answer[]): string[] =>
    answers.map(({ mac, on }) => `${mac} ${on}`).sort();
  const text = ({ seen, why, answers, strangers }: Finding): string =>
    JSON.stringify([seen, why, list(answers), list(strangers)]);
  return a !== undefined && text(a) === text(b);
}
