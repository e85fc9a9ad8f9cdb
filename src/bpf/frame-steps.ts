/** Pieces of the program about frames: reading one, comparing, copying and filling its bytes. */
import {
  add,
  and,
  at,
  call,
  framePointer,
  jump,
  jumpIf,
  label,
  load,
  type Memory,
  move,
  type Register,
  r0,
  r1,
  r2,
  r3,
  r4,
  r6,
  type Step,
  store,
  type Width,
} from "./instruction.ts";
import { HELPER, PACKET, PACKET_OTHERHOST } from "./kernel-interface.ts";

/** Through the whole program: the packet's description. */
export const packet: Register = r6;

/**
 * Both frames begin 2 bytes behind a multiple of 8, so that the words behind the 14 bytes of Ethernet's header, IPv6
 * addresses included, can be read and written whole. The longest has 86 bytes.
 */
const RECEIVED_AT = -94;
const ANSWER_AT = -190;
const NUMBER_KEY_AT = -200;
const SENDER_KEY_AT = -208;
const SENDER_VALUE_AT = -216;
/** The VLAN id in a tag's two bytes. */
const VLAN_ID_BITS = 0xfff;

/** A byte of the received frame, once it was read. */
export const received = (offset: number): Memory => at(framePointer, RECEIVED_AT + offset);
/** A byte of the answer that is being written. */
export const answer = (offset: number): Memory => at(framePointer, ANSWER_AT + offset);
/** Room for the 4 bytes of a lookup's key. */
export const numberKey: Memory = at(framePointer, NUMBER_KEY_AT);
/** Room for the 8 bytes of a key, and of a value, of `senders`. */
export const senderKey: Memory = at(framePointer, SENDER_KEY_AT);
export const senderValue: Memory = at(framePointer, SENDER_VALUE_AT);

/** Offsets in a frame: Ethernet's header. */
export const ETHERNET = { destination: 0, source: 6, etherType: 12 } as const;
export const MAC_BYTES = 6;

/** Copies the first bytes of the packet to the stack, wherever the network card left them. */
export function readFrame(bytes: number, whenShorter: string): Step[] {
  return [
    move(r1, packet),
    move(r2, 0),
    ...addressOf(r3, received(0)),
    move(r4, bytes),
    call(HELPER.loadBytes),
    jumpIf(r0, "!=", 0, whenShorter),
  ];
}

export function addressOf(destination: Register, { base, offset }: Memory): Step[] {
  return [move(destination, base), add(destination, offset)];
}

/** Uses r1. */
export function copy(from: Memory, to: Memory, bytes: number): Step[] {
  return chunks(bytes, from.offset, to.offset).flatMap(({ offset, width }) => [
    load(r1, width, behind(from, offset)),
    store(width, behind(to, offset), r1),
  ]);
}

export function storeZeros(to: Memory, bytes: number): Step[] {
  return chunks(bytes, to.offset).map(({ offset, width }) => store(width, behind(to, offset), 0));
}

/** Uses r1 and r2. */
export function jumpIfDifferent(
  left: Memory,
  right: Memory,
  { bytes, to }: { bytes: number; to: string },
): Step[] {
  return chunks(bytes, left.offset, right.offset).flatMap(({ offset, width }) => [
    load(r1, width, behind(left, offset)),
    load(r2, width, behind(right, offset)),
    jumpIf(r1, "!=", r2, to),
  ]);
}

/** Uses r1 and r2. `elsewhere` is a label that this makes: it must be new. */
export function jumpIfSame(
  left: Memory,
  right: Memory,
  { bytes, to, elsewhere }: { bytes: number; to: string; elsewhere: string },
): Step[] {
  return [...jumpIfDifferent(left, right, { bytes, to: elsewhere }), jump(to), label(elsewhere)];
}

/**
 * L2-202: a frame of a VLAN is left to the VLAN's device. The kernel has taken the tag out of the bytes, but not yet
 * marked the frame as another host's, as it does before user space sees it.
 */
export function leaveTagged(): Step[] {
  return [
    load(r1, 32, at(packet, PACKET.type)),
    jumpIf(r1, "==", PACKET_OTHERHOST, "other-vlan"),
    load(r1, 32, at(packet, PACKET.vlanTci)),
    and(r1, VLAN_ID_BITS),
    jumpIf(r1, "!=", 0, "other-vlan"),
    load(r1, 32, at(packet, PACKET.vlanPresent)),
    jumpIf(r1, "!=", 0, "priority-tagged"),
  ];
}

/** The memory that lies so many bytes behind this. */
export function behind({ base, offset }: Memory, bytes: number): Memory {
  return at(base, offset + bytes);
}

interface Chunk {
  readonly offset: number;
  readonly width: Width;
}

/** Cuts bytes into the widest pieces that lie aligned at all these places: the kernel refuses others on the stack. */
function chunks(bytes: number, ...places: number[]): Chunk[] {
  const cut: Chunk[] = [];
  for (let offset = 0; offset < bytes;) {
    const size = [8, 4, 2, 1].find(
      (size) => offset + size <= bytes && places.every((place) => (place + offset) % size === 0),
    ) as number;
    cut.push({ offset, width: (size * 8) as Width });
    offset += size;
  }
  return cut;
}
