/** The ring for people: a table of members, and what happened lately. */
import { moveText, whyMoved, type AddressMove } from "../election/index.ts";
import { printable, textTable } from "./text-table.ts";

export interface MemberRow {
  readonly name: string;
  readonly address: string;
  readonly state: string;
  readonly incarnation: number;
  readonly sinceSeconds: number;
  readonly isOurs: boolean;
  /** What it says of itself; `l2`: on which interfaces it can answer, and their subnets. */
  readonly says?: Readonly<Record<string, string>>;
  readonly ackMs?: number;
  readonly detector?: {
    readonly heardMsAgo: number;
    readonly silenceMs: number;
    readonly shortestMs: number;
    readonly lossPercent: number;
  };
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
  /** Addresses that came to this speaker's node or went from it, the latest first. */
  readonly moves?: readonly AddressMove[];
}

const mostChanges = 10;

export function membersText(view: RingView): string {
  if (view.off !== undefined) return `gossip is off: ${printable(view.off)}\n`;
  const { self = "?", encryption = "?", members = [], changes = [], watchedBy = [] } = view;
  const { moves = [] } = view;
  const detector = view.fastFailover
    ? `beats every ${view.beatMs} ms, watched by ${watchedBy.join(", ") || "nobody"}`
    : "off";
  const alive = members.filter(({ state }) => state === "alive").length;
  return [
    `${printable(self)} sees ${members.length} members, ${alive} alive`,
    `encryption: ${encryption}; fast failover: ${printable(detector)}`,
    "",
    ...textTable([heading, ...members.map((member) => rowOf(member, self))]),
    ...interfaceLines(members),
    ...(changes.length === 0 ? [] : ["", "lately:"]),
    ...changes.slice(0, mostChanges).map(changeLine),
    ...(moves.length === 0 ? [] : ["", "moved lately:"]),
    ...groupsOf(moves).slice(0, mostChanges).map(moveLine),
    "",
  ].join("\n");
}

/** `eth0!carrier`: it cannot answer there, and why; `eth0?`: only just again. */
function interfaceLines(members: readonly MemberRow[]): string[] {
  const rows = members.flatMap(({ name, says }) => {
    const text = says?.["l2"];
    return text === undefined ? [] : [[`  ${name}`, text.replaceAll(";", "  ") || "none"]];
  });
  return rows.length === 0 ? [] : ["", "interfaces that answer:", ...textTable(rows)];
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

type Moves = [AddressMove, ...AddressMove[]];

/** Neighbours that moved between the same nodes for the same reason, each group with its first move first. */
function groupsOf(moves: readonly AddressMove[]): Moves[] {
  const groups: Moves[] = [];
  for (const move of moves) {
    const last = groups.at(-1);
    if (last !== undefined && isAlike(last[0], move)) last.unshift(move);
    else groups.push([move]);
  }
  return groups;
}

function isAlike(a: AddressMove, b: AddressMove): boolean {
  return a.from === b.from && a.to === b.to && a.because === b.because;
}

const mostNamed = 3;

function moveLine([move, ...others]: Moves): string {
  const { at = "", service, from, to } = move;
  if (others.length === 0) return printable(`  ${at}  ${service}: ${moveText(move)}`);
  const named = [service, ...others.slice(0, mostNamed - 1).map((one) => one.service)].join(", ");
  const more = others.length < mostNamed ? "" : ` and ${others.length + 1 - mostNamed} more`;
  const why = `moved from node "${from}" to node "${to}": ${whyMoved(move)}`;
  return printable(`  ${at}  ${named}${more} ${why}`);
}

function valueText(value: unknown): string {
  if (typeof value === "number") return String(Math.round(value * 10) / 10);
  return typeof value === "string" && !value.includes(" ") ? value : JSON.stringify(value);
}
