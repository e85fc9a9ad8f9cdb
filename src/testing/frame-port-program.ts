/**
 * A port on the wire: prints every frame of the protocol that its argument names as hex, and sends each line of hex from
 * standard input. `arp`, `ndp` and `ipv4` take all frames of the EtherType, `arp-requests` and `ndp-requests` only what a speaker
 * takes.
 */

import { createInterface } from "node:readline";
import { ETHERTYPE_ARP, ETHERTYPE_IPV6 } from "../layer2/index.ts";
import {
  ARP_REQUEST_FILTER,
  NEIGHBOR_SOLICITATION_FILTER,
  PacketSocket,
  scanNetworkInterfaces,
} from "../platform/index.ts";

const everything = [[0x06, 0, 0, 0xffff]] as const;
const ports = new Map([
  ["arp", { etherType: ETHERTYPE_ARP, filter: everything }],
  ["arp-requests", { etherType: ETHERTYPE_ARP, filter: ARP_REQUEST_FILTER }],
  ["ipv4", { etherType: 0x0800, filter: everything }],
  ["ndp", { etherType: ETHERTYPE_IPV6, filter: everything }],
  ["ndp-requests", { etherType: ETHERTYPE_IPV6, filter: NEIGHBOR_SOLICITATION_FILTER }],
]);

const wanted = ports.get(process.argv[2] ?? "");
const found = scanNetworkInterfaces().find(({ name }) => name === "eth0");
if (wanted === undefined || found === undefined) throw new Error("no such protocol, or no eth0");
const socket = new PacketSocket({
  interfaceIndex: found.index,
  ...wanted,
  onFrame: ({ bytes }) => {
    process.stdout.write(`got ${Buffer.from(bytes).toString("hex")}\n`);
  },
  onFailure: (error) => process.stdout.write(`${error.message}\n`),
});
createInterface(process.stdin).on("line", (line) => socket.send(Buffer.from(line, "hex")));
process.once("SIGTERM", () => {
  socket.close();
  process.stdin.destroy();
});
process.stdout.write("ready\n");
