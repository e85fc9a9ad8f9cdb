/** The ring for people: a table of members, and what happened lately. */
import { moveText, type AddressMove } from "../election/index.ts";
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

/** Addresses that came to this speaker's node, or went from it; `at`: wall time. */
export type MoveRow = AddressMove & { readonly at: string };

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
  readonly moves?: readonly MoveRow[];
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
    ...(changes.length === 0 ? [] : ["", "lately:"]),
    ...changes.slice(0, mostChanges).map(changeLine),
    ...(moves.length === 0 ? [] : ["", "moved lately:"]),
    ...moves.slice(0, mostChanges).map(moveLine),
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

function moveLine({ at, ...move }: MoveRow): string {
  return printable(`  ${at}  ${move.service}: ${moveText(move)}`);
}

function valueText(value: unknown): string {
  if (typeof value === "number") return String(Math.round(value * 10) / 10);
  return typeof value === "string" && !value.includes(" ") ? value : JSON.stringify(value);
}
