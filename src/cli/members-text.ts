/** The ring for people: a table of members, and what happened lately. */
import { printable, textTable } from "./text-table.ts";

export interface MemberRow {
  readonly name: string;
  readonly address: string;
  readonly state: string;
  readonly incarnation: number;
  readonly sinceSeconds: number;
  readonly isOurs: boolean;
  readonly ackMs?: number;
  readonly detector?: {
    readonly heardMsAgo: number;
    readonly silenceMs: number;
    readonly shortestMs: number;
    readonly lossPercent: number;
  };
}

/** An address that this speaker took over; `at`: wall time. */
export interface TakeoverRow {
  readonly at: string;
  readonly service: string;
  readonly ips: readonly string[];
  readonly from: readonly string[];
  readonly because: string;
  readonly foundBy?: string;
  readonly silentMs?: number;
  readonly inquiryMs?: number;
  readonly announcedMs: number;
}

/** What the speaker's page holds. */
export interface RingView {
  /** Why gossip is off; then there is nothing else. */
  readonly off?: string;
  readonly self?: string;
  readonly encryption?: string;
  readonly fastFailover?: boolean;
  readonly beatMs?: number;
  readonly watchedBy?: readonly string[];
  readonly members?: readonly MemberRow[];
  readonly changes?: readonly Readonly<Record<string, unknown>>[];
  readonly takeovers?: readonly TakeoverRow[];
}

const mostChanges = 10;

export function membersText(view: RingView): string {
  if (view.off !== undefined) return `gossip is off: ${printable(view.off)}\n`;
  const { self = "?", encryption = "?", members = [], changes = [], watchedBy = [] } = view;
  const { takeovers = [] } = view;
  const detector = view.fastFailover
    ? `beats every ${view.beatMs} ms, watched by ${watchedBy.join(", ") || "nobody"}`
    : "off";
  const alive = members.filter(({ state }) => state === "alive").length;
  return [
    `${printable(self)} sees ${members.length} members, ${alive} alive`,
    `encryption: ${encryption}; fast failover: ${printable(detector)}`,
    "",
    ...textTable([heading, ...members.map((member) => rowOf(member, self))]),
    ...(changes.length === 0 ? [] : ["", "lately:"]),
    ...changes.slice(0, mostChanges).map(changeLine),
    ...(takeovers.length === 0 ? [] : ["", "taken over lately:"]),
    ...takeovers.slice(0, mostChanges).map(takeoverLine),
    "",
  ].join("\n");
}

const heading = ["NAME", "ADDRESS", "STATE", "SINCE", "ACK", "PATIENCE", "LOSS", "KIND"];

function rowOf(member: MemberRow, self: string): string[] {
  const { name, address, state, sinceSeconds, ackMs, detector, isOurs } = member;
  return [
    name,
    address,
    state,
    duration(sinceSeconds),
    ackMs === undefined ? "-" : `${ackMs.toFixed(1)} ms`,
    detector === undefined ? (isOurs || name === self ? "-" : "gossip's") : patienceOf(detector),
    detector === undefined ? "-" : `${detector.lossPercent.toFixed(1)} %`,
    name === self ? "this speaker" : isOurs ? "metallb-ts" : "stock",
  ];
}

function patienceOf({ silenceMs, shortestMs }: NonNullable<MemberRow["detector"]>): string {
  const widened = silenceMs > 1.3 * shortestMs ? " (widened)" : "";
  return `${Math.round(silenceMs)} ms${widened}`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)}s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes}m` : `${Math.round(minutes / 60)}h`;
}

function changeLine(change: Readonly<Record<string, unknown>>): string {
  const { at, what, ...facts } = change;
  const told = Object.entries(facts).map(([name, value]) => `${name}=${valueText(value)}`);
  return printable(`  ${String(at)}  ${String(what)}  ${told.join(" ")}`);
}

function takeoverLine(takeover: TakeoverRow): string {
  const { at, service, ips, from, because, foundBy, silentMs, inquiryMs, announcedMs } = takeover;
  const parts = [
    ...(silentMs === undefined ? [] : [`silent for ${silentMs} ms`]),
    ...(inquiryMs === undefined ? [] : [`decided in ${inquiryMs} ms`]),
    `announced in ${announcedMs} ms`,
  ];
  const why = foundBy === undefined ? because : `${because}, found by ${foundBy}`;
  const what = `${service} (${ips.join(", ")}) from ${from.join(", ")}: ${why}`;
  return printable(`  ${at}  ${what}; ${parts.join(", ")}`);
}

function valueText(value: unknown): string {
  if (typeof value === "number") return String(Math.round(value * 10) / 10);
  return typeof value === "string" && !value.includes(" ") ? value : JSON.stringify(value);
}
