/** What the probe asks on the LAN and how it reads what is told, by ARP and by NDP. */
import { readFileSync } from "node:fs";
import { addressBytes, formatMac, type IpAddress, type MacAddress } from "../ip/index.ts";
import { ETHERTYPE_ARP, ETHERTYPE_IPV6, solicitedNodeGroup } from "../layer2/index.ts";
import { encodeEthernetFrame } from "../layer2/ethernet-frame.ts";
import { multicastMac } from "../layer2/multicast-address.ts";
import { encodeNeighborSolicitation } from "../layer2/ndp-packet.ts";

export interface Heard {
  readonly mac: MacAddress;
  /** Told to all, without a question. */
  readonly isUnasked: boolean;
  /** Of the question that it answers, where it says so. */
  readonly number?: number;
}

export interface Questions {
  readonly etherType: number;
  ask(number: number): Uint8Array;
  /** Undefined for frames about something else. */
  read(frame: Buffer): Heard | undefined;
}

/** Each request bears its number, at most 65,535, in its sender's address, so that every answer belongs to one of them. */
export function arpQuestions(target: IpAddress, ownMac: MacAddress): Questions {
  const wanted = Buffer.from(addressBytes(target));
  const mac = Buffer.from(ownMac.replaceAll(":", ""), "hex");
  return {
    etherType: ETHERTYPE_ARP,
    ask(number) {
      const sender = Buffer.from([10, 200, (number >> 8) & 0xff, number & 0xff]);
      const head = Buffer.from([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
      const everybody = Buffer.alloc(6, 0xff);
      return Buffer.concat([everybody, mac, head, mac, sender, Buffer.alloc(6), wanted]);
    },
    read(frame) {
      const arp = frame.subarray(14);
      if (!wanted.equals(arp.subarray(14, 18))) return undefined;
      const found = formatMac(arp.subarray(8, 14));
      if (wanted.equals(arp.subarray(24, 28))) return { mac: found, isUnasked: true };
      return { mac: found, isUnasked: false, number: arp.readUInt16BE(26) };
    },
  };
}

/** Asks from the client's own link-local address: MetalLB's kernel looks for whom it answers before it does. */
export function ndpQuestions(target: IpAddress, ownMac: MacAddress): Questions {
  const wanted = Buffer.from(addressBytes(target));
  const group = solicitedNodeGroup(target);
  const payload = encodeNeighborSolicitation({
    source: ownLinkLocal(),
    sourceMac: ownMac,
    destination: group,
    target,
  });
  const ends = { destination: multicastMac(group), source: ownMac };
  const question = encodeEthernetFrame({ ...ends, etherType: ETHERTYPE_IPV6, payload });
  return {
    etherType: ETHERTYPE_IPV6,
    ask: () => question,
    read(frame) {
      if (frame[54] !== 136 || !wanted.equals(frame.subarray(62, 78))) return undefined;
      const isUnasked = ((frame[58] ?? 0) & 0x40) === 0;
      return { mac: formatMac(frame.subarray(80, 86)), isUnasked };
    },
  };
}

/** Of eth0; the kernel's list of addresses has the interface's name at the end of the line. */
function ownLinkLocal(): IpAddress {
  const found = /^(fe80[0-9a-f]{28}) .* eth0$/m.exec(readFileSync("/proc/net/if_inet6", "utf8"));
  if (found === null) throw new Error("eth0 has no link-local address");
  return { family: 6, value: BigInt(`0x${found[1]}`) };
}
