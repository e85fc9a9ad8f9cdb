/** Questions of ping (ICMP echo, RFC 792 and RFC 4443) as frames in hex, for machines without ping. */
import { addressBytes, type IpAddress, type MacAddress } from "../ip/index.ts";
import { ETHERTYPE_IPV6 } from "../layer2/index.ts";
import { encodeEthernetFrame } from "../layer2/ethernet-frame.ts";
import { encodeIcmpv6Packet } from "../layer2/ipv6-packet.ts";

const ETHERTYPE_IPV4 = 0x0800;

interface Ends {
  readonly from: { readonly mac: MacAddress; readonly ip: IpAddress };
  readonly to: { readonly mac: MacAddress; readonly ip: IpAddress };
}

export function echoRequest({ from, to }: Ends): string {
  const isIpv4 = to.ip.family === 4;
  const payload = isIpv4
    ? ipv4Echo(from.ip, to.ip)
    : encodeIcmpv6Packet(from.ip, to.ip, Uint8Array.of(128, 0, 0, 0, 0, 1, 0, 1), 64);
  const ends = { destination: to.mac, source: from.mac };
  const etherType = isIpv4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
  return Buffer.from(encodeEthernetFrame({ ...ends, etherType, payload })).toString("hex");
}

/** Whether a frame in hex is the answer of `ip` to such a question. */
export function isEchoReply(frame: string, ip: IpAddress): boolean {
  const source = Buffer.from(addressBytes(ip)).toString("hex");
  if (ip.family === 4) return frame.slice(52, 60) === source && frame.slice(68, 70) === "00";
  return frame.slice(44, 76) === source && frame.slice(108, 110) === "81";
}

function ipv4Echo(from: IpAddress, to: IpAddress): Uint8Array {
  const head = Buffer.from([0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0]);
  const header = Buffer.concat([head, addressBytes(from), addressBytes(to)]);
  const message = Buffer.from([8, 0, 0, 0, 0, 1, 0, 1]);
  header.writeUInt16BE(checksum(header), 10);
  message.writeUInt16BE(checksum(message), 2);
  return Buffer.concat([header, message]);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}
