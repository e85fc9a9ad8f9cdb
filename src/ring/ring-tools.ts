/** What the detector's parts need of gossip. */

import { type GossipCommand, isUsable, type Member, type Place } from "../memberlist/index.ts";
import { type BeatMessage, encodeBeatMessage } from "./beat-messages.ts";
import { readOwnKind } from "./own-kind.ts";

/**
 * The hardware address of that neighbour is to be asked for at once: something was sent to it, and the kernel may have
 * asked in vain a moment ago.
 */
export interface ResolveCommand {
  readonly kind: "resolve";
  readonly address: string;
}

export interface RingTools {
  /** Our own name. */
  readonly name: string;
  /** Where our numbers begin: above those of any earlier life of ours. */
  readonly firstSeq: number;
  members(): ReadonlyMap<string, Member>;
  /** A message to our own kind. */
  user(to: Place, payload: Uint8Array): GossipCommand;
  /** Pings the member, directly and through the named ones; "checked" follows if it answers. */
  check(name: string, through: readonly Member[], nowMs: number): GossipCommand[];
  declareDead(name: string, nowMs: number): GossipCommand[];
  /** Refutes that we are dead, to `to` first. */
  speakUp(accused: number, to: Place, nowMs: number): GossipCommand[];
  /** Exchanges tables; nothing where that is under way, or too much is. */
  exchange(to: Place): GossipCommand[];
  /** Which claims we know, in 32 bits; 0: none. */
  claims(): number;
  /** How long gossip carries news until everybody is likely to have them. */
  newsMs(): number;
}

export function say(tools: RingTools, to: Place, message: BeatMessage): GossipCommand {
  return tools.user(to, encodeBeatMessage(message));
}

/** Who may watch whom: the members that beat and are there. */
export function beating(members: ReadonlyMap<string, Member>): string[] {
  return [...members.values()]
    .filter((member) => isUsable(member) && beats(member))
    .map(({ name }) => name);
}

/** Of our own kind, and beating: such a member is watched by beats. */
export function beats(member: Member): boolean {
  return (readOwnKind(member.meta)?.beatMs ?? 0) > 0;
}
