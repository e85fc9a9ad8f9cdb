/**
 * Answers ARP requests and IPv6 Neighbor Solicitations in the kernel, with the program of `src/bpf`. What it does not
 * answer arrives at the packet sockets as if it were not there, so both run together and nobody answers twice.
 */

import assert from "node:assert";
import {
  addressKey,
  addressValue,
  answersOf,
  dropsOf,
  heartbeatValue,
  INTERFACE_SLOTS,
  interfaceKey,
  interfaceValue,
  type KernelDropReason,
  type KernelInterface,
  MAP_SHAPES,
  type MapUse,
  responderProgram,
} from "../bpf/index.ts";
import { formatAddress, type IpAddress } from "../ip/index.ts";
import type { InterfaceSet } from "../layer2/index.ts";
import { BpfMap, MapFullError } from "./bpf-map.ts";
import {
  attachToIngress,
  type BpfProgram,
  loadProgram,
  mustHaveTcx,
  type TcxLink,
} from "./bpf-program.ts";
import { monotonicNs } from "./clock.ts";

/** The longest that a heartbeat may hold. */
export const HEARTBEAT_LIMIT_MS = 3000;
const MAX_ADDRESSES = 65_536;
/** Clients whose MAC address is remembered, some 0.3 MB; of others a change is not noticed. */
const MAX_SENDERS = 4096;
const ONLY_ELEMENT = new Uint8Array(4);
const ALL_BITS = (1n << BigInt(INTERFACE_SLOTS)) - 1n;

export interface KernelResponderOptions {
  /** A heartbeat holds for so long at most; default 3000 ms. */
  readonly heartbeatLimitMs?: number;
  /** Addresses of each family that can be announced at once; default 65,536. */
  readonly maxAddresses?: number;
}

/** An interface on which ARP is answered, and solicitations too where it has a link-local address. */
export type AnsweringLink = KernelInterface & { readonly name: string };

/** An interface on which the kernel cannot answer: user space still does. */
export interface InterfaceTrouble {
  readonly name: string;
  readonly error: Error;
}

interface Attachment {
  on: AnsweringLink;
  /** Its bit in the values of addresses. */
  readonly slot: number;
  /** Absent until the program is attached. */
  link?: TcxLink;
}

interface Announced {
  readonly ip: IpAddress;
  readonly text: string;
  interfaces: InterfaceSet;
  /** The interfaces as the kernel has them. */
  bits: bigint;
}

type Maps = Readonly<Record<MapUse, BpfMap>>;

/**
 * Starts to answer as soon as there are interfaces and addresses, and stops when nobody calls `beat`, or with the
 * process. Every method throws `BpfError` when the kernel refuses what it must not: close the responder then.
 */
export class KernelResponder {
  readonly #maps: Maps;
  readonly #program: BpfProgram;
  /** By the index of the interface. */
  readonly #attachments = new Map<number, Attachment>();
  /** By the key in the map, as text. */
  readonly #announced = new Map<string, Announced>();
  /** Answers that were counted in entries of the maps that are gone, by the text of the address. */
  readonly #earlierAnswers = new Map<string, number>();

  readonly #heartbeatLimitMs: number;
  /** The slots and their interfaces that the addresses in the kernel are written for; undefined: some have changed. */
  #slotsFollowed: string | undefined;

  private constructor(maps: Maps, program: BpfProgram, heartbeatLimitMs: number) {
    this.#maps = maps;
    this.#program = program;
    this.#heartbeatLimitMs = heartbeatLimitMs;
  }

  /** Throws `BpfError` where the kernel or the capabilities do not allow it: use user space alone then. */
  static open(options: KernelResponderOptions = {}): KernelResponder {
    const maps = openMaps(options.maxAddresses ?? MAX_ADDRESSES);
    const { heartbeatLimitMs = HEARTBEAT_LIMIT_MS } = options;
    try {
      const program = openProgram(maps, heartbeatLimitMs);
      const responder = new KernelResponder(maps, program, heartbeatLimitMs);
      responder.beat();
      return responder;
    } catch (error) {
      closeMaps(maps);
      throw error;
    }
  }

  /** The speaker is alive: for so long from now on the kernel answers, and no longer than the limit; default: the limit. */
  beat(holdsMs: number = this.#heartbeatLimitMs): void {
    const missingMs = Math.max(0, this.#heartbeatLimitMs - holdsMs);
    // The program knows the limit alone: a beat that holds for less is written as one of earlier.
    const beganNs = monotonicNs() - BigInt(Math.round(missingMs * 1e6));
    this.#maps.heartbeat.set(ONLY_ELEMENT, heartbeatValue(beganNs));
  }

  /**
   * Takes the interfaces as they are now and follows every difference: new, gone, renamed, another MAC address. Those
   * in the result are left to user space until the next call.
   */
  setInterfaces(interfaces: readonly AnsweringLink[]): InterfaceTrouble[] {
    const wanted = new Map(interfaces.map((on) => [on.index, on]));
    for (const [index, { link }] of this.#attachments) {
      if (!wanted.has(index) || link?.isAttached() !== true) this.#leave(index);
    }
    const withoutSlot = interfaces.filter((on) => !this.#takeSlot(on));
    this.#followSlots();
    const troubles = interfaces.flatMap((on) => this.#attach(on) ?? []);
    return [...troubles, ...withoutSlot.map(({ name }) => ({ name, error: noSlot() }))];
  }

  /**
   * Answers for the address on these interfaces, and on no others, from now on. Throws `MapFullError` when there is
   * no room for it: user space answers for it all the same.
   */
  announce(ip: IpAddress, interfaces: InterfaceSet): void {
    const bits = this.#bitsOf(interfaces);
    const known = this.#announced.get(keyText(addressKey(ip)));
    if (known?.bits === bits) {
      known.interfaces = interfaces;
      return;
    }
    this.withdraw(ip);
    const text = formatAddress(ip);
    const key = addressKey(ip);
    try {
      this.#mapOf(ip).set(key, addressValue(bits));
    } catch (error) {
      if (!(error instanceof MapFullError)) throw error;
      throw new MapFullError(`${text} is answered by user space only: ${error.message}`);
    }
    this.#announced.set(keyText(key), { ip, text, interfaces, bits });
  }

  /** Stops answering for the address at once. */
  withdraw(ip: IpAddress): void {
    const key = addressKey(ip);
    const known = this.#announced.get(keyText(key));
    if (known === undefined) return;
    this.#announced.delete(keyText(key));
    const value = this.#mapOf(ip).take(key);
    if (value !== undefined) addTo(this.#earlierAnswers, known.text, answersOf(value));
  }

  /**
   * How many questions were answered, by canonical text of the address, also of addresses withdrawn since (L2-144).
   * Each counts as a request received and as a response sent: the kernel does not tell when the link's queue is full.
   */
  answers(): ReadonlyMap<string, number> {
    const answers = new Map(this.#earlierAnswers);
    for (const map of [this.#maps.ipv4, this.#maps.ipv6]) {
      map.visit((key, value) => {
        const known = this.#announced.get(keyText(key));
        if (known !== undefined) addTo(answers, known.text, answersOf(value));
      });
    }
    return answers;
  }

  /** ARP requests and solicitations that were passed on, by reason, since the responder was opened. */
  drops(): Readonly<Record<KernelDropReason, number>> {
    const value = this.#maps.drops.get(ONLY_ELEMENT);
    assert(value !== undefined, "an array has all its elements");
    return dropsOf(value);
  }

  /** The program leaves all interfaces at once. */
  close(): void {
    for (const { link } of this.#attachments.values()) link?.close();
    this.#attachments.clear();
    this.#program.close();
    closeMaps(this.#maps);
  }

  /**
   * Before a slot has its new interface, no address may be announced on it for the sake of the old one. Interfaces of pods
   * come and go all the time and change nothing here, so thousands of addresses are gone through only when one of ours did.
   */
  #followSlots(): void {
    const slots = [...this.#attachments.values()].map(({ slot, on }) => `${slot} ${on.name}`);
    const text = slots.sort().join("\n");
    if (text === this.#slotsFollowed) return;
    const announced = [...this.#announced.values()];
    for (const { ip, interfaces } of announced) this.announce(ip, interfaces);
    this.#slotsFollowed = text;
  }

  #leave(index: number): void {
    this.#attachments.get(index)?.link?.close();
    this.#attachments.delete(index);
    this.#slotsFollowed = undefined;
    this.#maps.interfaces.take(interfaceKey(index));
  }

  /** Gives the interface its bit, or keeps it; false when all are taken. */
  #takeSlot(on: AnsweringLink): boolean {
    const known = this.#attachments.get(on.index);
    if (known !== undefined) {
      known.on = on;
      return true;
    }
    const taken = new Set([...this.#attachments.values()].map(({ slot }) => slot));
    for (let slot = 0; slot < INTERFACE_SLOTS; slot++) {
      if (taken.has(slot)) continue;
      this.#attachments.set(on.index, { on, slot });
      return true;
    }
    return false;
  }

  /** The entry is replaced as a whole, so a question is answered with the old MAC address or with the new. */
  #attach(on: AnsweringLink): InterfaceTrouble | undefined {
    const attachment = this.#attachments.get(on.index);
    if (attachment === undefined) return undefined;
    this.#maps.interfaces.set(interfaceKey(on.index), interfaceValue(on, attachment.slot));
    try {
      attachment.link ??= attachToIngress(this.#program, on);
      return undefined;
    } catch (error) {
      this.#leave(on.index);
      return { name: on.name, error: error as Error };
    }
  }

  #bitsOf(interfaces: InterfaceSet): bigint {
    if (interfaces === "all") return ALL_BITS;
    let bits = 0n;
    for (const { on, slot } of this.#attachments.values()) {
      if (interfaces.has(on.name)) bits |= 1n << BigInt(slot);
    }
    return bits;
  }

  #mapOf(ip: IpAddress): BpfMap {
    return ip.family === 4 ? this.#maps.ipv4 : this.#maps.ipv6;
  }
}

function openMaps(maxAddresses: number): Maps {
  const sizes: Record<MapUse, number> = {
    interfaces: INTERFACE_SLOTS,
    ipv4: maxAddresses,
    ipv6: maxAddresses,
    senders: MAX_SENDERS,
    drops: 1,
    heartbeat: 1,
  };
  const maps: Partial<Record<MapUse, BpfMap>> = {};
  try {
    for (const use of Object.keys(sizes) as MapUse[]) {
      maps[use] = new BpfMap(MAP_SHAPES[use], sizes[use]);
    }
  } catch (error) {
    closeMaps(maps);
    throw error;
  }
  return maps as Maps;
}

function openProgram(maps: Maps, heartbeatLimitMs: number): BpfProgram {
  const fds = Object.entries(maps).map(([use, { fd }]) => [use, fd]);
  const instructions = responderProgram({
    maps: Object.fromEntries(fds) as Record<MapUse, number>,
    heartbeatLimitNs: BigInt(heartbeatLimitMs) * 1_000_000n,
  });
  const program = loadProgram(instructions, "l2_responder");
  try {
    mustHaveTcx(program);
  } catch (error) {
    program.close();
    throw error;
  }
  return program;
}

function closeMaps(maps: Partial<Maps>): void {
  for (const map of Object.values(maps)) map.close();
}

/** Families differ in length, so no two addresses have one text. */
function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}

function addTo(counts: Map<string, number>, text: string, more: number): void {
  counts.set(text, (counts.get(text) ?? 0) + more);
}

function noSlot(): Error {
  return new Error(
    `the kernel answers on ${INTERFACE_SLOTS} interfaces at most: exclude interfaces that lead to no ` +
      "client (announcedInterfacesToExclude), or leave the rest to user space",
  );
}
