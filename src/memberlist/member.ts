/** A member of the ring as one node knows it. */

import type { Accusation, Alive, PushPullNode } from "./wire/index.ts";

export type AliveMessage = Alive;
export type SuspectMessage = Accusation & { readonly kind: "suspect" };
export type DeadMessage = Accusation & { readonly kind: "dead" };

export const memberStates = ["alive", "suspect", "dead", "left"] as const;
export type MemberState = (typeof memberStates)[number];

export interface Member {
  /** The Kubernetes node name, byte for byte (ML-151). */
  readonly name: string;
  /** 4 bytes or 16; a mapped IPv4 address of 16 bytes is another address (ML-27b). */
  readonly addr: Uint8Array;
  /** The same as text: where packets go. */
  readonly address: string;
  readonly port: number;
  /** At most 512 bytes that the member says about itself. */
  readonly meta: Uint8Array;
  /** pmin, pmax, pcur, dmin, dmax, dcur (ML-27c); empty where it was never told. */
  readonly vsn: Uint8Array;
  readonly incarnation: number;
  readonly state: MemberState;
  /** When it came into this state, on our clock. */
  readonly changedMs: number;
}

/** Where packets go: an IP address as text, and a port. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** ML-103: a suspect is a member until it is found dead. */
export function isUsable({ state }: Member): boolean {
  return state === "alive" || state === "suspect";
}

export function isGone({ state }: Member): boolean {
  return state === "dead" || state === "left";
}

/** The highest protocol version that the member speaks. */
export function protocolMax({ vsn }: Member): number {
  return vsn[1] ?? 0;
}

export function memberToPushPull(member: Member): PushPullNode {
  const { name, addr, port, meta, incarnation, vsn } = member;
  return {
    name,
    addr,
    port,
    meta,
    incarnation,
    state: memberStates.indexOf(member.state),
    // A node without versions makes stock members refuse the whole exchange (ML-74).
    vsn: vsn.length >= 6 ? vsn : ourVersions,
  };
}

/** Protocol 2 of 1 to 5, as every MetalLB speaker announces it (ML-27c). */
export const ourVersions = Uint8Array.of(1, 5, 2, 0, 0, 0);

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
