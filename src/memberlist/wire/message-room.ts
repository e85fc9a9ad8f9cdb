/** How much gossip fits into a packet (ML-93). */

export interface RoomSettings {
  /** UDPBufferSize, 1400 if left out (ML-4). */
  readonly packetBytes?: number;
  readonly label?: Uint8Array;
  readonly isEncrypted: boolean;
}

/** Room of a packet for gossip alone; a message takes `messageCost` of it. */
export function gossipRoom(_settings: RoomSettings): number {
  throw new Error("not built yet");
}

/** Room beside a ping, indirect ping, ack or nack in the same packet. */
export function piggybackRoom(_settings: RoomSettings, _message: Uint8Array): number {
  throw new Error("not built yet");
}

export function messageCost(_message: Uint8Array): number {
  throw new Error("not built yet");
}
