/** What the kernel fixes for programs at tc ingress: its functions, the packet's description, the verdicts. */

/** Numbers of helper functions (bpf-helpers(7)). */
export const HELPER = {
  mapLookup: 1,
  mapUpdate: 2,
  monotonicNs: 5,
  storeBytes: 9,
  redirect: 23,
  loadBytes: 26,
  checksumDifference: 28,
  changeTail: 38,
} as const;

/** Offsets in `struct __sk_buff`, the parameter of the program. */
export const PACKET = {
  type: 4,
  protocol: 16,
  vlanPresent: 20,
  vlanTci: 24,
  interfaceIndex: 40,
  data: 76,
  dataEnd: 80,
} as const;

/** Verdict: the next program, or the network stack, decides. */
export const TCX_NEXT = -1;
/** `sll_pkttype` of packet(7): for another host. */
export const PACKET_OTHERHOST = 3;
/** Keeps the checksum right that some network cards give with a packet. */
export const RECOMPUTE_CHECKSUM = 1;

export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;

/** A 16-bit number of the wire as a little-endian load reads it. */
export function wire16(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8);
}
