/**
 * Runs in the client's namespace: `outage-probe.ts ADDRESS PORT`. Connects every 20 ms and listens for gratuitous ARP;
 * prints one JSON line for each thing it sees.
 */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { formatMac } from "../ip/index.ts";
import { ETHERTYPE_ARP } from "../layer2/index.ts";
import { PacketSocket } from "../platform/index.ts";

export interface Sighting {
  /** Date.now() of the moment. */
  readonly at: number;
  readonly kind: "opened" | "announced";
  /** MAC of an announcement. */
  readonly what: string;
}

const connectEveryMs = 20;
const giveUpMs = 500;
const acceptAll = [[0x06, 0, 0, 0xffff_ffff]] as const;

function tell(kind: Sighting["kind"], what = ""): void {
  const sighting: Sighting = { at: Date.now(), kind, what };
  process.stdout.write(`${JSON.stringify(sighting)}\n`);
}

function tryConnection(host: string, port: number): void {
  const socket = connect({ host, port });
  const giveUp = setTimeout(() => socket.destroy(), giveUpMs);
  socket.on("connect", () => {
    tell("opened");
    socket.destroy();
  });
  socket.on("error", () => {});
  socket.on("close", () => clearTimeout(giveUp));
}

/** Gratuitous: an ARP packet whose sender and target are both the watched address. */
function watchArp(address: string): PacketSocket {
  const wanted = Buffer.from(address.split(".").map(Number));
  return new PacketSocket({
    interfaceIndex: Number(readFileSync("/sys/class/net/eth0/ifindex", "utf8")),
    etherType: ETHERTYPE_ARP,
    filter: acceptAll,
    onFrame: ({ bytes }) => {
      const arp = Buffer.from(bytes).subarray(14);
      const isGratuitous =
        wanted.equals(arp.subarray(14, 18)) && wanted.equals(arp.subarray(24, 28));
      if (isGratuitous) tell("announced", formatMac(arp.subarray(8, 14)));
    },
    onFailure: (error) => console.error(error),
  });
}

const [address = "", port = ""] = process.argv.slice(2);
const wire = watchArp(address);
setInterval(() => tryConnection(address, Number(port)), connectEveryMs);
process.stdin.on("end", () => {
  wire.close();
  process.exit(0);
});
process.stdin.resume();
