/**
 * Runs in the client's namespace: `outage-probe.ts ADDRESS PORT`. Connects every 20 ms and listens for gratuitous ARP
 * or, for an IPv6 address, unsolicited advertisements; prints one JSON line for each thing it sees.
 */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { addressBytes, formatMac, type IpAddress, parseAddress } from "../ip/index.ts";
import { ETHERTYPE_ARP, ETHERTYPE_IPV6 } from "../layer2/index.ts";
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

/** Tells of every frame that says unasked who has the address. */
function watch(address: IpAddress): PacketSocket {
  const wanted = Buffer.from(addressBytes(address));
  const read = address.family === 4 ? gratuitousArp : unsolicitedAdvertisement;
  return new PacketSocket({
    interfaceIndex: Number(readFileSync("/sys/class/net/eth0/ifindex", "utf8")),
    etherType: address.family === 4 ? ETHERTYPE_ARP : ETHERTYPE_IPV6,
    filter: acceptAll,
    onFrame: ({ bytes }) => {
      const mac = read(Buffer.from(bytes), wanted);
      if (mac !== undefined) tell("announced", formatMac(mac));
    },
    onFailure: (error) => console.error(error),
  });
}

/** An ARP packet whose sender and target are both the address. */
function gratuitousArp(frame: Buffer, wanted: Buffer): Buffer | undefined {
  const arp = frame.subarray(14);
  const isGratuitous = wanted.equals(arp.subarray(14, 18)) && wanted.equals(arp.subarray(24, 28));
  return isGratuitous ? arp.subarray(8, 14) : undefined;
}

/** A neighbour advertisement for the address with flag O and not S; its option follows the target. */
function unsolicitedAdvertisement(frame: Buffer, wanted: Buffer): Buffer | undefined {
  const isUnsolicited = frame[54] === 136 && ((frame[58] ?? 0) & 0x60) === 0x20;
  return isUnsolicited && wanted.equals(frame.subarray(62, 78))
    ? frame.subarray(80, 86)
    : undefined;
}

const [address = "", port = ""] = process.argv.slice(2);
const target = parseAddress(address);
if (target === undefined) throw new Error(`no address: ${address}`);
const wire = watch(target);
setInterval(() => tryConnection(address, Number(port)), connectEveryMs);
process.stdin.on("end", () => {
  wire.close();
  process.exit(0);
});
process.stdin.resume();
