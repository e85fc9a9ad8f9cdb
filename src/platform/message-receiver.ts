/** Receives one frame with what the kernel says beside it: the VLAN tag it took off, and whom the frame was for. */

import type { ReceivedFrame } from "../layer2/index.ts";
import { libc } from "./libc.ts";

const SOL_PACKET = 263;
const PACKET_AUXDATA = 8;
const MSG_DONTWAIT = 0x40;
const TP_STATUS_VLAN_VALID = 0x10;
/** Longer frames are cut; ARP needs 42 bytes and two tags (L2-206). */
const FRAME_BYTES = 2048;
const ADDRESS_BYTES = 20;
const CONTROL_BYTES = 64;
const PACKET_TYPE_OFFSET = 10;

/**
 * Buffers of `recvmsg(2)`, laid out once for 64-bit Linux. The kernel gets raw addresses of these buffers, which
 * keep nothing alive: they are fields, so that they live as long as the receiver.
 */
export class MessageReceiver {
  readonly #frame = Buffer.alloc(FRAME_BYTES);
  readonly #address = Buffer.alloc(ADDRESS_BYTES);
  readonly #control = Buffer.alloc(CONTROL_BYTES);
  readonly #vector = Buffer.alloc(16);
  readonly #header = Buffer.alloc(56);

  constructor() {
    const native = libc();
    this.#vector.writeBigUInt64LE(native.address(this.#frame), 0);
    this.#vector.writeBigUInt64LE(BigInt(FRAME_BYTES), 8);
    this.#header.writeBigUInt64LE(native.address(this.#address), 0);
    this.#header.writeBigUInt64LE(native.address(this.#vector), 16);
    this.#header.writeBigUInt64LE(1n, 24);
    this.#header.writeBigUInt64LE(native.address(this.#control), 32);
  }

  /** The next frame, valid until the next call; undefined when `recvmsg` failed, also for want of frames. */
  receive(fd: number): ReceivedFrame | undefined {
    // The kernel overwrites both lengths.
    this.#header.writeUInt32LE(ADDRESS_BYTES, 8);
    this.#header.writeUInt32LE(CONTROL_BYTES, 40);
    const length = Number(libc().recvmsg(fd, this.#header, MSG_DONTWAIT));
    if (length < 0) return undefined;
    const vlanId = this.#vlanId();
    return {
      bytes: this.#frame.subarray(0, length),
      packetType: this.#address.readUInt8(PACKET_TYPE_OFFSET),
      ...(vlanId !== undefined && { vlanId }),
    };
  }

  /** From `struct tpacket_auxdata`, the only control message we ask for. */
  #vlanId(): number | undefined {
    const hasAuxdata =
      this.#header.readUInt32LE(40) >= 36 &&
      this.#control.readInt32LE(8) === SOL_PACKET &&
      this.#control.readInt32LE(12) === PACKET_AUXDATA;
    if (!hasAuxdata || (this.#control.readUInt32LE(16) & TP_STATUS_VLAN_VALID) === 0)
      return undefined;
    return this.#control.readUInt16LE(32) & 0xfff;
  }
}
