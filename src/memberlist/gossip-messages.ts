/** What goes into the gossip machine and what comes out of it. */

import type { Outgoing } from "./broadcast-queue.ts";
import type { Member, Place } from "./member.ts";
import type { PacketMessage, StreamMessage } from "./wire/index.ts";

export type GossipEvent =
  | { readonly kind: "start" }
  | { readonly kind: "packet"; readonly from: Place; readonly messages: readonly PacketMessage[] }
  /** The kernel refused a packet at once (ML-85). */
  | { readonly kind: "send-failed"; readonly to: Place }
  | { readonly kind: "timer"; readonly name: string }
  /** Exchange the whole state with each of these (ML-154). */
  | { readonly kind: "join"; readonly places: readonly Place[] }
  /** Another member dialled us and sent this. */
  | { readonly kind: "stream-message"; readonly stream: string; readonly message: StreamMessage }
  /** The other side of a connection that we dialled answered. */
  | { readonly kind: "stream-answer"; readonly stream: string; readonly message: StreamMessage }
  /** A connection that we dialled brought no answer. */
  | { readonly kind: "stream-failed"; readonly stream: string; readonly error: string }
  /** Say goodbye; "departed" follows (ML-108). */
  | { readonly kind: "leave" };

export type MemberChange = "join" | "leave" | "update";

export type GossipCommand =
  | {
      readonly kind: "send";
      readonly to: Place;
      readonly messages: readonly Outgoing[];
      /** ML-33 */
      readonly withChecksum: boolean;
    }
  /** Dial, send the message, await one answer until `timeoutMs` is over, close. */
  | {
      readonly kind: "dial";
      readonly stream: string;
      readonly to: Place;
      readonly message: StreamMessage;
      readonly timeoutMs: number;
    }
  /** Send the message on a connection that was dialled to us, and close; without a message only close. */
  | {
      readonly kind: "answer";
      readonly stream: string;
      readonly message: StreamMessage | undefined;
    }
  /** One timer a name; setting it again moves it. */
  | { readonly kind: "set-timer"; readonly name: string; readonly ms: number }
  | { readonly kind: "cancel-timer"; readonly name: string }
  /** `accuser`: who found the member dead; the member itself where it said goodbye. */
  | {
      readonly kind: "member";
      readonly change: MemberChange;
      readonly member: Member;
      readonly accuser: string | undefined;
    }
  /** A message of ours to our own kind came in (ML-27d). */
  | { readonly kind: "user"; readonly from: Place; readonly payload: Uint8Array }
  /** What came along with another member's table; never empty. */
  | { readonly kind: "user-state"; readonly bytes: Uint8Array }
  /** How long a member took to answer a ping. */
  | { readonly kind: "ack-time"; readonly name: string; readonly ms: number }
  /** We suspect a member ourselves: it did not answer our probe, or another told us that it is gone. */
  | { readonly kind: "suspected"; readonly name: string }
  /** A ping of `check` was answered. */
  | { readonly kind: "checked"; readonly name: string }
  /** All of a join were tried. */
  | { readonly kind: "joined"; readonly reached: number; readonly failed: readonly FailedJoin[] }
  /** The goodbye has been sent as often as it is worth. */
  | { readonly kind: "departed" }
  | {
      readonly kind: "log";
      readonly level: "debug" | "info" | "warn";
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** A suspect whose time is up gets more of it: `waitMs`, or the shortest time that a suspicion has. */
export interface Reprieve {
  readonly commands: readonly GossipCommand[];
  readonly waitMs?: number;
}

export interface FailedJoin {
  readonly place: Place;
  readonly error: string;
}

export function setTimer(name: string, ms: number): GossipCommand {
  return { kind: "set-timer", name, ms: Math.max(0, ms) };
}

export function logLine(
  level: "debug" | "info" | "warn",
  fields: Readonly<Record<string, unknown>>,
): GossipCommand {
  return { kind: "log", level, fields };
}

export function memberChange(
  change: MemberChange,
  member: Member,
  accuser?: string,
): GossipCommand {
  return { kind: "member", change, member, accuser };
}
