/** What a speaker sees of addresses on the wire, for people. */
import { textTable } from "./text-table.ts";

interface AnswerView {
  readonly mac: string;
  readonly on: string;
}

interface CheckView {
  readonly ip: string;
  readonly owners: readonly string[];
  readonly seen: "yes" | "nobody" | "wrong" | "two" | "unknown";
  readonly why?: string;
  readonly answers: readonly AnswerView[];
  readonly strangers: readonly AnswerView[];
}

interface ConflictView extends AnswerView {
  readonly ip: string;
  readonly kind: string;
}

/** The part `wire` of the page `/status`. */
export type WireStatusView =
  | { readonly off: string }
  | {
      readonly seen: Readonly<Record<CheckView["seen"], number>>;
      /** Trouble first. */
      readonly checks: readonly CheckView[];
      /** What the speaker announces itself, and who asks for it. */
      readonly askedByOthers: readonly { readonly ip: string; readonly asker: string }[];
      readonly conflicts: readonly ConflictView[];
    };

/** With thousands of addresses nobody reads on; `-o json` has a thousand. */
const mostShown = 30;

const troubles: ReadonlySet<string> = new Set([
  "nobody",
  "wrong",
  "two",
] satisfies CheckView["seen"][]);

/** Does an address need an operator, as far as this speaker sees? */
export function hasWireTrouble(view: WireStatusView): boolean {
  if ("off" in view) return false;
  return view.conflicts.length > 0 || view.checks.some(({ seen }) => troubles.has(seen));
}

export function wireLines(self: string, view: WireStatusView): string[] {
  if ("off" in view) return [`  on the wire: not looked at: ${view.off}`];
  const { seen, checks, askedByOthers, conflicts } = view;
  const counts = Object.entries(seen).filter(([, count]) => count > 0);
  const told = counts.map(([word, count]) => `${word} ${count}`).join(", ");
  const rows = [
    ...checks.map(rowOf),
    ...askedByOthers.map(({ ip, asker }) => [ip, self, `asked for by ${asker}`, ""]),
  ];
  const more = rows.length - mostShown;
  const table = rows.length === 0 ? [] : textTable([heading, ...rows.slice(0, mostShown)]);
  return [
    `  on the wire: ${told === "" ? "this speaker asks for no address" : `seen of those it asks for: ${told}`}`,
    ...table.map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more; see -o json`] : []),
    ...conflicts.slice(0, mostShown).map(conflictLine),
  ];
}

const heading = ["ADDRESS", "ANNOUNCED BY", "SEEN", "ANSWERED BY"];

function rowOf({ ip, owners, seen, why, answers, strangers }: CheckView): string[] {
  const macs = new Set([...answers, ...strangers].map(({ mac }) => mac));
  const word = why === undefined ? seen : `${seen} (${why})`;
  return [ip, owners.join(", "), word, [...macs].join(", ")];
}

function conflictLine({ ip, mac, on, kind }: ConflictView): string {
  return `  conflict: ${mac} ${kind} ${ip} (heard on ${on})`;
}
