/**
 * What somebody without the key can do who hears everything: record the packets of a node, and send them again, as
 * they were, once it is gone.
 */

import type { PacketMessage, Place } from "../memberlist/index.ts";

export interface RecordedPacket {
  readonly from: Place;
  readonly to: Place;
  readonly messages: readonly PacketMessage[];
}

/** The last ones of each node. */
const mostPackets = 300;

export class RecordedPackets {
  readonly #byNode = new Map<number, RecordedPacket[]>();

  /** From now on what this node sends is kept. */
  follow(node: number): void {
    this.#byNode.set(node, []);
  }

  add(node: number, packet: RecordedPacket): void {
    const packets = this.#byNode.get(node);
    if (packets === undefined) return;
    packets.push(packet);
    if (packets.length > mostPackets) packets.shift();
  }

  of(node: number): readonly RecordedPacket[] {
    return this.#byNode.get(node) ?? [];
  }
}
