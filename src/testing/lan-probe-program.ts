/**
 * Runs in the client's namespace: asks by ARP or NDP, again and again, who has an address, and tells who answers.
 * Lines of JSON on stdin (ProbeOrder) and stdout (ProbeLine); times are milliseconds of the machine's monotonic clock.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { type IpAddress, parseAddress } from "../ip/index.ts";
import { PacketSocket } from "../platform/index.ts";
import { arpQuestions, type Heard, ndpQuestions, type Questions } from "./lan-questions.ts";

export type ProbeOrder =
  | { readonly do: "watch"; readonly watch: number; readonly ip: string; readonly everyMs: number }
  | { readonly do: "report" }
  | { readonly do: "rest" };

export type ProbeLine =
  /** The first time that this one is heard since the watch began. */
  | {
      readonly kind: "heard";
      readonly watch: number;
      readonly mac: string;
      readonly by: SightingKind;
      readonly at: number;
    }
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
const ownMac = readFileSync("/sys/class/net/eth0/address", "utf8").trim();
const interfaceIndex = Number(readFileSync("/sys/class/net/eth0/ifindex", "utf8"));

let questions: Questions | undefined;
let wire: PacketSocket | undefined;
let sentMs: number[] = [];
let answered = new Set<number>();
let lastAnswerMs = 0;
let gapMs = 0;
/** The number of the watch, so that what is told belongs to it. */
let watch = 0;
let heard = new Set<string>();
let lastByMac = new Map<string, number>();
let timer: NodeJS.Timeout | undefined;

const nowMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

function tell(line: ProbeLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function onFrame(frame: Uint8Array): void {
  const told = questions?.read(Buffer.from(frame));
  if (told === undefined) return;
  const at = nowMs();
  const { mac } = told;
  if (!told.isUnasked) onAnswer(told, at);
  const by: SightingKind = told.isUnasked ? "gratuitous" : "answer";
  if (heard.has(mac + by)) return;
  heard.add(mac + by);
  tell({ kind: "heard", watch, mac, by, at });
}

function onAnswer({ mac, number }: Heard, at: number): void {
  answered.add(number ?? oldestWaiting(at));
  if (lastAnswerMs > 0) gapMs = Math.max(gapMs, at - lastAnswerMs);
  lastAnswerMs = at;
  lastByMac.set(mac, at);
}

/** An advertisement does not say which question it answers: the first that may still be answered. */
function oldestWaiting(now: number): number {
  const first = Math.max(0, sentMs.findLastIndex((at) => now - at > lostAfterMs) + 1);
  let number = first;
  while (answered.has(number) && number < sentMs.length - 1) number++;
  return number;
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
  if (questions !== undefined) wire?.send(questions.ask(number));
}

function obey(order: ProbeOrder): void {
  if (order.do === "report") return tell({ kind: "report", ...report() });
  clearInterval(timer);
  if (order.do === "rest") return;
  watch = order.watch;
  listenFor(parseAddress(order.ip) as IpAddress);
  [sentMs, answered, heard, lastByMac] = [[], new Set(), new Set(), new Map()];
  [lastAnswerMs, gapMs] = [0, 0];
  timer = setInterval(ask, order.everyMs);
}

function listenFor(target: IpAddress): void {
  const before = questions?.etherType;
  questions = target.family === 4 ? arpQuestions(target, ownMac) : ndpQuestions(target, ownMac);
  if (questions.etherType === before) return;
  wire?.close();
  wire = new PacketSocket({
    interfaceIndex,
    etherType: questions.etherType,
    filter: acceptAll,
    onFrame: ({ bytes }) => onFrame(bytes),
    onFailure: (error) => {
      throw error;
    },
  });
}

const orders = createInterface({ input: process.stdin });
orders.on("line", (line) => obey(JSON.parse(line) as ProbeOrder));
orders.on("close", () => process.exit(0));
