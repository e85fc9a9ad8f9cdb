/**
 * A port on the wire: prints every ARP frame that arrives as hex, or only the requests when its argument is
 * `requests`, and sends each line of hex from standard input.
 */

import { createInterface } from "node:readline";
import { ETHERTYPE_ARP } from "../layer2/index.ts";
import { ARP_REQUEST_FILTER, PacketSocket, scanNetworkInterfaces } from "../platform/index.ts";

const port = scanNetworkInterfaces().find(({ name }) => name === "eth0");
if (port === undefined) throw new Error("no interface eth0");
const socket = new PacketSocket({
  interfaceIndex: port.index,
  etherType: ETHERTYPE_ARP,
  filter: process.argv[2] === "requests" ? ARP_REQUEST_FILTER : [[0x06, 0, 0, 0xffff]],
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
