/** A port on the wire: prints every ARP frame that arrives as hex, sends each line of hex from standard input. */

import { createInterface } from "node:readline";
import { ETHERTYPE_ARP } from "../layer2/index.ts";
import { PacketSocket, scanNetworkInterfaces } from "../platform/index.ts";

const [name = "eth0"] = process.argv.slice(2);
const port = scanNetworkInterfaces().find((found) => found.name === name);
if (port === undefined) throw new Error(`no interface ${name}`);
const socket = new PacketSocket({
  interfaceIndex: port.index,
  etherType: ETHERTYPE_ARP,
  filter: [[0x06, 0, 0, 0xffff]],
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
