/**
 * Runs in the client's namespace: asks by ARP, again and again, who has an address, and tells who answers.
 * Each request bears a number as its sender's address, so that every answer belongs to one of them.
 * Lines of JSON on stdin (ProbeOrder) and stdout (ProbeLine); times are milliseconds of the machine's monotonic clock.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { formatMac } from "../src/ip/index.ts";
import { ETHERTYPE_ARP } from "../src/layer2/index.ts";
import { PacketSocket } from "../src/platform/index.ts";

export type ProbeOrder =
  | { readonly do: "watch"; readonly ip: string; readonly everyMs: number }
  | { readonly do: "report" }
  | { readonly do: "rest" };

export type ProbeLine =
  /** The first time that this one is heard since the watch began. */
  | { readonly kind: "heard"; readonly mac: string; readonly by: SightingKind; readonly at: number }
  | ({ readonly kind: "report" } & ProbeReport);

export type SightingKind = "answer" | "gratuitous";

export interface ProbeReport {
  readonly now: number;
  readonly sent: number;
  /** Requests of the watch, old enough, that nobody answered. */
  readonly lost: number;
  /** The longest time between two answers, and when it began. */
  readonly gapMs: number;
  readonly answerers: readonly { readonly mac: string; readonly lastAt: number }[];
}

/** A request is lost when there is no answer for so long. */
const lostAfterMs = 100;
const acceptAll = [[0x06, 0, 0, 0xffff_ffff]] as const;
const broadcast = Buffer.alloc(6, 0xff);
const ownMac = Buffer.from(
  readFileSync("/sys/class/net/eth0/address", "utf8").trim().replaceAll(":", ""),
  "hex",
);

let target = Buffer.alloc(4);
let sentMs: number[] = [];
let answered = new Set<number>();
let lastAnswerMs = 0;
let gapMs = 0;
let heard = new Set<string>();
let lastByMac = new Map<string, number>();
let timer: NodeJS.Timeout | undefined;

const nowMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

function tell(line: ProbeLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function requestFrame(number: number): Buffer {
  const sender = Buffer.from([10, 200, (number >> 8) & 0xff, number & 0xff]);
  const head = Buffer.from([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
  return Buffer.concat([broadcast, ownMac, head, ownMac, sender, Buffer.alloc(6), target]);
}

function onArp(frame: Uint8Array): void {
  const arp = Buffer.from(frame).subarray(14);
  if (!target.equals(arp.subarray(14, 18))) return;
  const at = nowMs();
  const mac = formatMac(arp.subarray(8, 14));
  const isGratuitous = target.equals(arp.subarray(24, 28));
  if (!isGratuitous) onAnswer(mac, arp.readUInt16BE(26), at);
  const by: SightingKind = isGratuitous ? "gratuitous" : "answer";
  if (heard.has(mac + by)) return;
  heard.add(mac + by);
  tell({ kind: "heard", mac, by, at });
}

function onAnswer(mac: string, number: number, at: number): void {
  answered.add(number);
  if (lastAnswerMs > 0) gapMs = Math.max(gapMs, at - lastAnswerMs);
  lastAnswerMs = at;
  lastByMac.set(mac, at);
}

function report(): ProbeReport {
  const now = nowMs();
  const lost = sentMs.filter((at, number) => now - at > lostAfterMs && !answered.has(number));
  const answerers = [...lastByMac].map(([mac, lastAt]) => ({ mac, lastAt }));
  return { now, sent: sentMs.length, lost: lost.length, gapMs, answerers };
}

/** Numbers are two bytes long: a watch ends before they come again. */
function ask(): void {
  if (sentMs.length >= 0xffff) return clearInterval(timer);
  const number = sentMs.length;
  sentMs.push(nowMs());
  wire.send(requestFrame(number));
}

function obey(order: ProbeOrder): void {
  if (order.do === "report") return tell({ kind: "report", ...report() });
  clearInterval(timer);
  if (order.do === "rest") return;
  target = Buffer.from(order.ip.split(".").map(Number));
  [sentMs, answered, heard, lastByMac] = [[], new Set(), new Set(), new Map()];
  [lastAnswerMs, gapMs] = [0, 0];
  timer = setInterval(ask, order.everyMs);
}

const wire = new PacketSocket({
  interfaceIndex: Number(readFileSync("/sys/class/net/eth0/ifindex", "utf8")),
  etherType: ETHERTYPE_ARP,
  filter: acceptAll,
  onFrame: ({ bytes }) => onArp(bytes),
  onFailure: (error) => {
    throw error;
  },
});
const orders = createInterface({ input: process.stdin });
orders.on("line", (line) => obey(JSON.parse(line) as ProbeOrder));
orders.on("close", () => process.exit(0));
