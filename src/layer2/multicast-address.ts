/** The multicast addresses of NDP: who listens for solicitations, and which Ethernet address they have. */
import { formatMac, type IpAddress, type MacAddress } from "../ip/index.ts";

/** `ff02::1`: every node on the link. */
export const ALL_NODES: IpAddress = { family: 6, value: (0xff02n << 112n) | 1n };

const SOLICITED_NODE_PREFIX = (0xff02n << 112n) | 0x1_ff00_0000n;
const LOW_24_BITS = 0xff_ffffn;

/** `ff02::1:ffXX:XXXX` with the last 24 bits of the address, which others may share (RFC 4291 section 2.7.1). */
export function solicitedNodeGroup({ value }: IpAddress): IpAddress {
  return { family: 6, value: SOLICITED_NODE_PREFIX | (value & LOW_24_BITS) };
}

/** `33:33` and the last four bytes of the group (RFC 2464 section 7). */
export function multicastMac({ value }: IpAddress): MacAddress {
  const bytes = Uint8Array.of(0x33, 0x33, 0, 0, 0, 0);
  new DataView(bytes.buffer).setUint32(2, Number(value & 0xffff_ffffn));
  return formatMac(bytes);
}

/** Is the frame meant for a group, or for everybody? */
export function isGroupMac(mac: MacAddress): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}
