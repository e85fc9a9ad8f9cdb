/** How much gossip fits into a packet (ML-93). */
import { ENCRYPTION_OVERHEAD } from "./encryption.ts";
import { labelOverhead } from "./label.ts";

/** UDPBufferSize of stock nodes (ML-4). */
const PACKET_BYTES = 1400;
/** Type and count of a compound; the length of each part. */
const COMPOUND_BYTES = 2;
const PART_LENGTH_BYTES = 2;

export interface RoomSettings {
  /** UDPBufferSize, 1400 if left out (ML-4). */
  readonly packetBytes?: number;
  readonly label?: Uint8Array;
  readonly isEncrypted: boolean;
}

/** Room of a packet for gossip alone; a message takes `messageCost` of it. */
export function gossipRoom(settings: RoomSettings): number {
  const { packetBytes = PACKET_BYTES, label, isEncrypted } = settings;
  const encryption = isEncrypted ? ENCRYPTION_OVERHEAD : 0;
  return packetBytes - COMPOUND_BYTES - labelOverhead(label) - encryption;
}

/** Room beside a ping, indirect ping, ack or nack in the same packet, whose length stands in the compound, too. */
export function piggybackRoom(settings: RoomSettings, message: Uint8Array): number {
  return gossipRoom(settings) - messageCost(message);
}

export function messageCost(message: Uint8Array): number {
  return message.length + PART_LENGTH_BYTES;
}
