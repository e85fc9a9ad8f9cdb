/**
 * Asks the LAN on eth0 who has an IPv6 address, twice, by the group of the address: `solicit-program.ts ADDRESS`. Prints
 * the MAC address of each answer that comes within a second of the last question; what is unasked does not count.
 */

import { parseAddress, type IpAddress } from "../ip/index.ts";
import { ETHERTYPE_IPV6, planInterfaces, solicitedNodeGroup } from "../layer2/index.ts";
import { encodeEthernetFrame } from "../layer2/ethernet-frame.ts";
import { multicastMac } from "../layer2/multicast-address.ts";
import { encodeNeighborSolicitation } from "../layer2/ndp-packet.ts";
import { PacketSocket, scanNetworkInterfaces } from "../platform/index.ts";

const target = parseAddress(process.argv[2] ?? "") as IpAddress;
const [port] = planInterfaces(scanNetworkInterfaces()).ndp.filter(({ name }) => name === "eth0");
if (port === undefined) throw new Error("eth0 has no link-local address yet");
const destination = solicitedNodeGroup(target);
const { mac, linkLocal } = port;
const question = encodeEthernetFrame({
  destination: multicastMac(destination),
  source: mac,
  etherType: ETHERTYPE_IPV6,
  payload: encodeNeighborSolicitation({
    source: linkLocal,
    sourceMac: mac,
    destination,
    target,
  }),
});
const targetHex = target.value.toString(16).padStart(32, "0");

const socket = new PacketSocket({
  interfaceIndex: port.index,
  etherType: ETHERTYPE_IPV6,
  filter: [[0x06, 0, 0, 0xffff]],
  onFrame: ({ bytes }) => {
    const frame = Buffer.from(bytes);
    const isSolicited = frame[54] === 136 && ((frame[58] ?? 0) & 0x40) !== 0;
    if (!isSolicited || frame.toString("hex", 62, 78) !== targetHex) return;
    // The option that follows the target.
    process.stdout.write(`${frame.toString("hex", 80, 86).replace(/..(?=.)/g, "$&:")}\n`);
  },
  onFailure: (error) => {
    throw error;
  },
});
socket.send(question);
setTimeout(() => socket.send(question), 300);
setTimeout(() => socket.close(), 1300);
