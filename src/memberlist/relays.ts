/** Pings that we send for others who got no answer (ML-87). */

import type { GossipCommand } from "./gossip-messages.ts";
import { setTimer } from "./gossip-messages.ts";
import type { Place } from "./member.ts";
import type { PacketMessage } from "./wire/index.ts";

interface Relay {
  /** Who asked, and the number it asked with. */
  readonly to: Place;
  readonly seqNo: number;
  readonly wantsNack: boolean;
}

/** So many at a time; somebody who asks for more gets no answer. */
const mostRelays = 4096;
const timerPrefix = "relay-";

export class Relays {
  readonly #waitMs: number;
  readonly #relays = new Map<number, Relay>();

  /** `waitMs`: how long the member may take to answer us. */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Begins one under our own number `seqNo`; false when there are too many. */
  begin(seqNo: number, relay: Relay): GossipCommand | undefined {
    if (this.#relays.size >= mostRelays) return undefined;
    this.#relays.set(seqNo, relay);
    return setTimer(`${timerPrefix}${seqNo}`, this.#waitMs);
  }

  /** What to tell whom; undefined where the number is none of ours. */
  onAck(seqNo: number): { readonly to: Place; readonly message: PacketMessage } | undefined {
    const relay = this.#relays.get(seqNo);
    if (relay === undefined) return undefined;
    this.#relays.delete(seqNo);
    return { to: relay.to, message: { kind: "ack", seqNo: relay.seqNo } };
  }

  onTimer(name: string): { readonly to: Place; readonly message: PacketMessage } | undefined {
    if (!name.startsWith(timerPrefix)) return undefined;
    const seqNo = Number(name.slice(timerPrefix.length));
    const relay = this.#relays.get(seqNo);
    if (relay === undefined) return undefined;
    this.#relays.delete(seqNo);
    if (!relay.wantsNack) return undefined;
    return { to: relay.to, message: { kind: "nack", seqNo: relay.seqNo } };
  }

  static cancelTimer(seqNo: number): GossipCommand {
    return { kind: "cancel-timer", name: `${timerPrefix}${seqNo}` };
  }
}
