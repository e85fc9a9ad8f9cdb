/** Pieces of the program that decide whether a question is answered, and that send the answer. */
import {
  and,
  at,
  atomicAdd,
  call,
  exit,
  jumpIf,
  load,
  loadMap,
  loadMapValue,
  loadNumber,
  type Memory,
  move,
  type Register,
  r0,
  r1,
  r2,
  r3,
  r4,
  r5,
  r7,
  r8,
  type Step,
  store,
  subtract,
} from "./instruction.ts";
import { addressOf, answer, numberKey, packet } from "./frame-steps.ts";
import { HELPER, PACKET, RECOMPUTE_CHECKSUM } from "./kernel-interface.ts";
import { ADDRESS_VALUE, INTERFACE_VALUE, type MapUse } from "./map-layout.ts";

/** What the program is built for. */
export interface ResponderProgramOptions {
  /** File descriptors of the maps, made by the shapes of `MAP_SHAPES`. */
  readonly maps: Readonly<Record<MapUse, number>>;
  /** Nothing is answered when the last heartbeat is older, in nanoseconds. */
  readonly heartbeatLimitNs: bigint;
}

/** From `findInterface` on: the value of the interface that received the packet. */
const interfaceValue: Register = r7;
/** From `findAddress` on: the value of the address that is asked for. */
const addressValue: Register = r8;

export const ownMac: Memory = at(interfaceValue, INTERFACE_VALUE.mac);
export const ownLinkLocal: Memory = at(interfaceValue, INTERFACE_VALUE.linkLocal);

/** The address of the entry's value in r0, or 0. */
export function lookUp(map: number, key: Memory): Step[] {
  return [loadMap(r1, map), ...addressOf(r2, key), call(HELPER.mapLookup)];
}

/** An interface that the speaker has just attached or is about to leave is not in the table. */
export function findInterface({ maps }: ResponderProgramOptions): Step[] {
  return [
    load(r1, 32, at(packet, PACKET.interfaceIndex)),
    store(32, numberKey, r1),
    ...lookUp(maps.interfaces, numberKey),
    jumpIf(r0, "==", 0, "interface-not-matched"),
    move(interfaceValue, r0),
  ];
}

/** L2-74: the address must be announced, and on this interface. */
export function findAddress(map: number, target: Memory): Step[] {
  return [
    ...lookUp(map, target),
    jumpIf(r0, "==", 0, "not-announced"),
    move(addressValue, r0),
    load(r1, 64, at(addressValue, ADDRESS_VALUE.interfaces)),
    load(r2, 64, at(interfaceValue, INTERFACE_VALUE.bit)),
    and(r1, r2),
    jumpIf(r1, "==", 0, "interface-not-matched"),
  ];
}

/** A speaker that hangs must not hold on to addresses that another node takes over meanwhile. */
export function leaveWithoutHeartbeat(options: ResponderProgramOptions): Step[] {
  return [
    call(HELPER.monotonicNs),
    loadMapValue(r1, options.maps.heartbeat, 0),
    load(r1, 64, at(r1, 0)),
    // A heartbeat from the future (another clock) gives a huge number and is not trusted either.
    subtract(r0, r1),
    loadNumber(r2, options.heartbeatLimitNs),
    jumpIf(r0, ">", r2, "no-heartbeat"),
  ];
}

/**
 * Makes the packet as long as the answer, overwrites it, and sends it out where it came from. Nobody else on this
 * machine sees the question any more. Until the bytes are written the question is whole and can still be passed on.
 */
export function sendAnswer(bytes: number): Step[] {
  return [
    move(r1, packet),
    move(r2, bytes),
    move(r3, 0),
    call(HELPER.changeTail),
    jumpIf(r0, "!=", 0, "no-memory"),
    move(r1, packet),
    move(r2, 0),
    ...addressOf(r3, answer(0)),
    move(r4, bytes),
    move(r5, RECOMPUTE_CHECKSUM),
    call(HELPER.storeBytes),
    jumpIf(r0, "!=", 0, "no-memory"),
    move(r1, 1),
    atomicAdd(at(addressValue, ADDRESS_VALUE.answers), r1),
    load(r1, 32, at(packet, PACKET.interfaceIndex)),
    move(r2, 0),
    call(HELPER.redirect),
    exit(),
  ];
}
