/** Raw Ethernet frames of one interface and one EtherType, through AF_PACKET (packet(7)). */

import type { ReceivedFrame } from "../layer2/index.ts";
import { libc, SystemCallError } from "./libc.ts";
import { checked, openRawSocket, ReadableDescriptor } from "./readable-descriptor.ts";

export const AF_PACKET = 17;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const PROGRAM_BYTES = 16;
const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;
const PACKET_IGNORE_OUTGOING = 23;
const MSG_DONTWAIT = 0x40;
const SOCKADDR_LL_BYTES = 20;
const PACKET_TYPE_OFFSET = 10;
/** Longer frames are cut; ARP needs 42 bytes and two tags (L2-206), NDP 86 and few more options. */
const FRAME_BYTES = 2048;
/** Level-triggered readiness brings us back for the rest; timers stay alive meanwhile. */
const FRAMES_PER_WAKE_UP = 256;
/** A full receive buffer holds more: after fewer frames the kernel is not asked, until somebody wants to know. */
const FRAMES_WITHOUT_LOSS = 16;
/** `struct tpacket_stats`: frames that passed the filter, and those of them that found no room. */
const STATISTICS_BYTES = 8;

/** One classic BPF instruction: code, jump if true, jump if false, operand. */
export type FilterInstruction = readonly [code: number, jt: number, jf: number, k: number];

/**
 * ARP requests only (L2-208), and what ends before it says what it is, which is counted (L2-91); the kernel has taken VLAN
 * tags out of the bytes already.
 */
export const ARP_REQUEST_FILTER: readonly FilterInstruction[] = [
  [0x28, 0, 0, 12],
  [0x15, 0, 5, 0x0806],
  [0x80, 0, 0, 0],
  [0x35, 0, 2, 22],
  [0x28, 0, 0, 20],
  [0x15, 0, 1, 1],
  [0x06, 0, 0, 0xffff],
  [0x06, 0, 0, 0],
];

/**
 * Neighbour solicitations only, whatever their hop limit, and ICMPv6 or less that ends before it says what it is: what is
 * wrong with one is counted (L2-113, L2-119). All IPv6 traffic of the interface passes by here and stops in the kernel.
 */
export const NEIGHBOR_SOLICITATION_FILTER: readonly FilterInstruction[] = [
  [0x28, 0, 0, 12],
  [0x15, 0, 9, 0x86dd],
  [0x80, 0, 0, 0],
  [0x35, 0, 6, 21],
  [0x30, 0, 0, 20],
  [0x15, 0, 5, 58],
  [0x80, 0, 0, 0],
  [0x35, 0, 2, 55],
  [0x30, 0, 0, 54],
  [0x15, 0, 1, 135],
  [0x06, 0, 0, 0xffff],
  [0x06, 0, 0, 0],
];

/** Both ends belong to it; IPv4 addresses as numbers. */
export interface SenderRange {
  readonly first: number;
  readonly last: number;
}

/**
 * ARP replies, and of the requests those that say who uses an address: gratuitous ones (sender and target are the same),
 * probes (no sender), and all whose sender is in one of the ranges, RFC 5227 sections 1.1 and 2.4. The many ordinary
 * requests of a LAN stop in the kernel.
 */
export function arpSightingFilter(ranges: readonly SenderRange[]): readonly FilterInstruction[] {
  const take: FilterInstruction = [0x06, 0, 0, 0xffff];
  const drop: FilterInstruction = [0x06, 0, 0, 0];
  const watched = ranges.flatMap(({ first, last }): FilterInstruction[] => [
    [0x35, 0, 2, first],
    [0x25, 1, 0, last],
    take,
  ]);
  return [
    [0x28, 0, 0, 12],
    [0x15, 1, 0, 0x0806],
    drop,
    [0x28, 0, 0, 20],
    [0x15, 0, 1, 2],
    take,
    [0x15, 1, 0, 1],
    drop,
    [0x20, 0, 0, 28],
    [0x15, 0, 1, 0],
    take,
    ...watched,
    [0x07, 0, 0, 0],
    [0x20, 0, 0, 38],
    [0x1d, 0, 1, 0],
    take,
    drop,
  ];
}

/** Neighbour advertisements, and solicitations without a source: probes of duplicate address detection (RFC 4862). */
export const NEIGHBOR_SIGHTING_FILTER: readonly FilterInstruction[] = [
  [0x28, 0, 0, 12],
  [0x15, 0, 14, 0x86dd],
  [0x30, 0, 0, 20],
  [0x15, 0, 12, 58],
  [0x30, 0, 0, 54],
  [0x15, 9, 0, 136],
  [0x15, 0, 9, 135],
  [0x20, 0, 0, 22],
  [0x15, 0, 7, 0],
  [0x20, 0, 0, 26],
  [0x15, 0, 5, 0],
  [0x20, 0, 0, 30],
  [0x15, 0, 3, 0],
  [0x20, 0, 0, 34],
  [0x15, 0, 1, 0],
  [0x06, 0, 0, 0xffff],
  [0x06, 0, 0, 0],
];

export interface PacketSocketOptions {
  readonly interfaceIndex: number;
  readonly etherType: number;
  readonly filter: readonly FilterInstruction[];
  /** The bytes are valid during the call only. */
  readonly onFrame: (frame: ReceivedFrame) => void;
  /** The socket failed and has closed itself (L2-205); not called after `close()`. */
  readonly onFailure: (error: SystemCallError) => void;
  /** The kernel did not take a frame, by the symbolic errno: called for each such frame. */
  readonly onNotSent?: (code: string) => void;
  /** So many frames found the receive buffer full, and nobody will see them. */
  readonly onLost?: (frames: number) => void;
}

export class PacketSocket {
  readonly #descriptor: ReadableDescriptor;
  readonly #frame = Buffer.alloc(FRAME_BYTES);
  readonly #sender = Buffer.alloc(SOCKADDR_LL_BYTES);
  readonly #senderLength = Buffer.alloc(4);
  readonly #options: PacketSocketOptions;

  /** Opens and binds; from its first frame on, the socket delivers only what was asked for. Throws `SystemCallError`. */
  constructor(options: PacketSocketOptions) {
    this.#options = options;
    // Protocol 0 receives nothing, so no unfiltered frame can be queued before the bind (L2-200).
    const fd = openRawSocket(AF_PACKET, 0);
    try {
      attachFilter(fd, options.filter);
      ignoreOutgoing(fd);
      const address = linkAddress(options.interfaceIndex, options.etherType);
      checked("bind", libc().bind(fd, address, address.length));
      this.#descriptor = new ReadableDescriptor(fd, () => this.#drain());
    } catch (error) {
      libc().close(fd);
      throw error;
    }
  }

  /** Sends a whole frame; false when the kernel did not take it. */
  send(frame: Uint8Array): boolean {
    if (!this.#descriptor.isOpen) return false;
    const sent = libc().send(this.#descriptor.fd, frame, frame.length, MSG_DONTWAIT);
    if (sent < 0) this.#options.onNotSent?.(libc().errorCode());
    return sent === frame.length;
  }

  /** Asks the kernel for frames that were lost until now, for who is about to rely on what it heard. */
  tellLost(): void {
    if (this.#options.onLost === undefined || !this.#descriptor.isOpen) return;
    const statistics = Buffer.alloc(STATISTICS_BYTES);
    const length = Buffer.from([STATISTICS_BYTES, 0, 0, 0]);
    // Reading sets them back to zero.
    const { fd } = this.#descriptor;
    const result = libc().getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, statistics, length);
    const frames = result < 0 ? 0 : statistics.readUInt32LE(4);
    if (frames > 0) this.#options.onLost(frames);
  }

  close(): void {
    this.tellLost();
    this.#descriptor.close();
  }

  #drain(): void {
    let frames = 0;
    for (; frames < FRAMES_PER_WAKE_UP && this.#descriptor.isOpen; frames++) {
      const length = this.#receive();
      if (length < 0) {
        this.#stopUnlessDrained(libc().errorCode());
        break;
      }
      const packetType = this.#sender.readUInt8(PACKET_TYPE_OFFSET);
      this.#options.onFrame({ bytes: this.#frame.subarray(0, length), packetType });
    }
    if (frames >= FRAMES_WITHOUT_LOSS) this.tellLost();
  }

  #receive(): number {
    // The kernel overwrites the length.
    this.#senderLength.writeUInt32LE(SOCKADDR_LL_BYTES);
    return libc().recvfrom(
      this.#descriptor.fd,
      this.#frame,
      FRAME_BYTES,
      MSG_DONTWAIT,
      this.#sender,
      this.#senderLength,
    );
  }

  #stopUnlessDrained(code: string): void {
    if (code === "EAGAIN" || code === "EINTR") return;
    this.close();
    this.#options.onFailure(new SystemCallError("recvfrom", code));
  }
}

/** `struct sock_fprog` with its instructions behind it, in one buffer: an address alone keeps nothing from being collected. */
function attachFilter(fd: number, filter: readonly FilterInstruction[]): void {
  const program = Buffer.alloc(PROGRAM_BYTES + filter.length * 8);
  for (const [index, [code, jt, jf, k]] of filter.entries()) {
    const at = PROGRAM_BYTES + index * 8;
    program.writeUInt16LE(code, at);
    program.writeUInt8(jt, at + 2);
    program.writeUInt8(jf, at + 3);
    program.writeUInt32LE(k, at + 4);
  }
  program.writeUInt16LE(filter.length, 0);
  program.writeBigUInt64LE(libc().address(program) + BigInt(PROGRAM_BYTES), 8);
  const result = libc().setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, PROGRAM_BYTES);
  checked("setsockopt SO_ATTACH_FILTER", result);
}

/**
 * What this host sends itself does not come back. Linux before 4.20 refuses, and gives it to sockets of all EtherTypes
 * only (L2-201).
 */
function ignoreOutgoing(fd: number): void {
  const on = Buffer.from([1, 0, 0, 0]);
  libc().setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, on, on.length);
}

/** `struct sockaddr_ll` for binding: the protocol is in network order (L2-200); 0 receives nothing. */
export function linkAddress(interfaceIndex: number, etherType: number): Buffer {
  const address = Buffer.alloc(SOCKADDR_LL_BYTES);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(etherType, 2);
  address.writeInt32LE(interfaceIndex, 4);
  return address;
}
