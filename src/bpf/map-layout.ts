/** The maps that the program shares with the speaker: their shapes, keys and values on a little-endian machine. */
import assert from "node:assert";
import { addressBytes, type IpAddress, type MacAddress, parseMac } from "../ip/index.ts";
import { KERNEL_DROP_REASONS, type KernelDropReason } from "./drop-reasons.ts";

/** What the kernel must know to make a map. */
export interface MapShape {
  /** Shown by the kernel's tools; at most 15 bytes. */
  readonly name: string;
  /** An array has one element, with key 0. An LRU hash makes room: it forgets what was not used for longest. */
  readonly type: "hash" | "lru" | "array";
  readonly keyBytes: number;
  readonly valueBytes: number;
}

/** One bit of an address's value for each interface. */
export const INTERFACE_SLOTS = 64;

/** Offsets in the value of an interface. */
export const INTERFACE_VALUE = { mac: 0, linkLocal: 8, bit: 24 } as const;
/** Offsets in the value of an address. */
export const ADDRESS_VALUE = { interfaces: 0, answers: 8 } as const;

/** The maps by their use in the program. */
export const MAP_SHAPES = {
  /** Interface index -> MAC address, link-local address (zeros: none), its bit. */
  interfaces: { name: "l2_interfaces", type: "hash", keyBytes: 4, valueBytes: 32 },
  /** IPv4 address -> bits of its interfaces, and how many requests were answered. */
  ipv4: { name: "l2_ipv4", type: "hash", keyBytes: 4, valueBytes: 16 },
  /** The same for IPv6; a map of its own, so that `::ffff:192.0.2.1` is never taken for `192.0.2.1`. */
  ipv6: { name: "l2_ipv6", type: "hash", keyBytes: 16, valueBytes: 16 },
  /**
   * Interface index and IPv4 address of who asked -> its MAC address and two zeros, as of the last request that was
   * answered. The program alone writes it.
   */
  senders: { name: "l2_senders", type: "lru", keyBytes: 8, valueBytes: 8 },
  /** A counter for each of `KERNEL_DROP_REASONS`. */
  drops: {
    name: "l2_drops",
    type: "array",
    keyBytes: 4,
    valueBytes: KERNEL_DROP_REASONS.length * 8,
  },
  /** When the speaker was last known to be alive: nanoseconds of CLOCK_MONOTONIC. */
  heartbeat: { name: "l2_heartbeat", type: "array", keyBytes: 4, valueBytes: 8 },
} as const satisfies Record<string, MapShape>;

export type MapUse = keyof typeof MAP_SHAPES;

/** An interface as the program must know it; without a link-local address it answers no solicitation (L2-110). */
export interface KernelInterface {
  readonly index: number;
  readonly mac: MacAddress;
  readonly linkLocal?: IpAddress | undefined;
}

export function interfaceKey(index: number): Uint8Array {
  const key = new Uint8Array(MAP_SHAPES.interfaces.keyBytes);
  new DataView(key.buffer).setUint32(0, index, true);
  return key;
}

/** `slot` is 0..63 and belongs to this interface alone. */
export function interfaceValue(of: KernelInterface, slot: number): Uint8Array {
  const value = new Uint8Array(MAP_SHAPES.interfaces.valueBytes);
  const mac = parseMac(of.mac);
  assert(mac !== undefined, `interface ${of.index} has no MAC address: "${of.mac}"`);
  value.set(mac, INTERFACE_VALUE.mac);
  if (of.linkLocal?.family === 6) value.set(addressBytes(of.linkLocal), INTERFACE_VALUE.linkLocal);
  new DataView(value.buffer).setBigUint64(INTERFACE_VALUE.bit, 1n << BigInt(slot), true);
  return value;
}

export function addressKey(ip: IpAddress): Uint8Array {
  return addressBytes(ip);
}

/** `interfaces` has the bits of the interfaces on which the address is answered; nothing is counted yet. */
export function addressValue(interfaces: bigint): Uint8Array {
  const value = new Uint8Array(MAP_SHAPES.ipv4.valueBytes);
  new DataView(value.buffer).setBigUint64(ADDRESS_VALUE.interfaces, interfaces, true);
  return value;
}

/** How many questions for the address were answered. */
export function answersOf(value: Uint8Array): number {
  return uint64At(value, ADDRESS_VALUE.answers);
}

/** The counters by reason. */
export function dropsOf(value: Uint8Array): Record<KernelDropReason, number> {
  const counts = KERNEL_DROP_REASONS.map((reason, index) => [reason, uint64At(value, index * 8)]);
  return Object.fromEntries(counts) as Record<KernelDropReason, number>;
}

/** A moment of CLOCK_MONOTONIC in nanoseconds. */
export function heartbeatValue(nowNs: bigint): Uint8Array {
  const value = new Uint8Array(MAP_SHAPES.heartbeat.valueBytes);
  new DataView(value.buffer).setBigUint64(0, nowNs, true);
  return value;
}

function uint64At(bytes: Uint8Array, offset: number): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset + offset).getBigUint64(0, true));
}
