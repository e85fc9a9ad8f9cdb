/** The exchange of whole tables (ML-70 to ML-74): what we tell, and how we take what we are told. */

import {
  type DeadMessage,
  type Member,
  memberStates,
  memberToPushPull,
  type SuspectMessage,
} from "./member.ts";
import type { Alive, PushPull, PushPullNode } from "./wire/index.ts";

/** Everybody we know, the suspect and the gone too (ML-71). */
export function ownState(
  members: Iterable<Member>,
  isJoin: boolean,
  userState: Uint8Array = new Uint8Array(),
): PushPull {
  const nodes = [...members].map(memberToPushPull);
  return { kind: "push-pull", isJoin, nodes, userState };
}

/**
 * Why two tables cannot be merged, or undefined: everybody must speak a version that all who are
 * alive understand (ML-74).
 */
export function versionConflict(
  local: Iterable<Member>,
  remote: readonly PushPullNode[],
): string | undefined {
  const all = [
    ...remote.map(({ name, vsn, state }) => ({ name, vsn, isAlive: state === 0 })),
    ...[...local].map(({ name, vsn, state }) => ({ name, vsn, isAlive: state === "alive" })),
  ];
  const alive = all.filter(({ vsn, isAlive }) => isAlive && vsn.length >= 6);
  for (const [what, offset] of [
    ["protocol", 0],
    ["delegate", 3],
  ] as const) {
    const least = Math.max(0, ...alive.map(({ vsn }) => vsn[offset]!));
    const most = Math.min(255, ...alive.map(({ vsn }) => vsn[offset + 1]!));
    for (const { name, vsn } of all) {
      const spoken = vsn[offset + 2] ?? 0;
      if (spoken >= least && spoken <= most) continue;
      return `member "${name}" speaks ${what} version ${spoken}, the others ${least} to ${most}`;
    }
  }
  return undefined;
}

/**
 * A told member as the message that it amounts to (ML-73). A death is never believed at second hand:
 * it becomes our own suspicion, which the member can refute.
 */
export function messageOfTold(
  told: PushPullNode,
  self: string,
): Alive | SuspectMessage | DeadMessage | undefined {
  const { name: node, incarnation, addr, port, meta, vsn } = told;
  switch (memberStates[told.state]) {
    case "alive":
      return { kind: "alive", incarnation, node, addr, port, meta, vsn };
    case "left":
      return { kind: "dead", incarnation, node, from: node };
    case "dead":
    case "suspect":
      return { kind: "suspect", incarnation, node, from: self };
    default:
      return undefined;
  }
}
