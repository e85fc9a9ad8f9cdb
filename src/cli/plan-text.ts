/** The plan for people: a table, then a sentence for each thing that needs one. */
import { isError } from "../config/index.ts";
import type { Plan, PlanChange, PlanFinding, ServicePlan } from "../plan/index.ts";
import { painter, type Output } from "./output.ts";
import { printable, textTable } from "./text-table.ts";

type Paint = ReturnType<typeof painter>;

/** With `changes` these alone; without, every service. */
export function planText(
  plan: Plan,
  changes: readonly PlanChange[] | undefined,
  output: Output,
): string {
  const paint = painter(output);
  const body = changes === undefined ? planLines(plan, paint) : changeLines(changes, paint);
  return `${[...findingLines(plan.findings, paint), ...body].join("\n")}\n`;
}

function planLines({ services }: Plan, paint: Paint): string[] {
  const entries = Object.entries(services);
  if (entries.length === 0) return ["There is no Service of type LoadBalancer."];
  const heading = ["SERVICE", "ADDRESS", "POOL", "LAYER 2", "BGP"];
  const rows = entries.map(([key, service]) => [key, ...cellsOf(service)]);
  const [first = "", ...rest] = textTable([heading, ...rows]);
  const without = entries.filter(([, { ips }]) => ips.length === 0);
  const sentences = without.map(
    ([key, { reason }]) =>
      `${paint("yellow", printable(key))} has no address: ${printable(reason)}`,
  );
  const silent = entries.filter(([, service]) => isSilent(service));
  const warnings = silent.map(
    ([key, service]) =>
      `${paint("yellow", printable(key))} is announced by nobody: ${printable(silence(key, service))}`,
  );
  const notes = [...sentences, ...warnings];
  const sum = `${entries.length - without.length} of ${entries.length} Services have an address.`;
  return [paint("bold", first), ...rest, "", ...notes, sum];
}

function cellsOf({ ips, pool, l2, bgp }: ServicePlan): string[] {
  const nodes = new Set(Object.values(l2).map(({ node }) => node ?? "nobody"));
  const peers = new Set(bgp.map(({ peer }) => peer));
  const from = new Set(bgp.map(({ node }) => node)).size;
  const routes = `${from} ${from === 1 ? "node" : "nodes"} to ${[...peers].join(", ")}`;
  return [
    ips.join(", ") || "-",
    pool ?? "-",
    [...nodes].join(", ") || "-",
    bgp.length === 0 ? "-" : routes,
  ];
}

function isSilent({ ips, l2, bgp }: ServicePlan): boolean {
  return ips.length > 0 && bgp.length === 0 && Object.values(l2).every(({ node }) => node === null);
}

/** The reasons of the nodes, each once. */
function silence(key: string, { l2, pool }: ServicePlan): string {
  const candidates = Object.values(l2).flatMap((one) => one.candidates);
  const reasons = new Set(candidates.map(({ reason }) => reason));
  if (reasons.size > 0) return [...reasons].join("; ");
  return pool === null ? "no pool contains its address" : `see metallb explain service ${key}`;
}

function changeLines(changes: readonly PlanChange[], paint: Paint): string[] {
  if (changes.length === 0) return ["Nothing changes."];
  const lines = changes.map((change) => {
    const { service, isLoss } = change;
    const mark = isLoss ? paint("red", "-") : paint("cyan", "~");
    return `${mark} ${printable(`${service}: ${changeSentence(change)}`)}`;
  });
  const losses = changes.filter(({ isLoss }) => isLoss).length;
  const count = `${changes.length} ${changes.length === 1 ? "change" : "changes"}`;
  return [...lines, "", `${count}, of which ${losses} lose something.`];
}

type ChangeSentence = (from: string, to: string, subject: string) => string;

const changeSentences: Readonly<Record<PlanChange["kind"], ChangeSentence>> = {
  "service-added": (_from, to) => `is new and gets ${to}`,
  "service-removed": (from) => `is gone, and with it ${from}`,
  "address-gained": (from, to) => `gets ${to} (had ${from})`,
  "address-lost": (from, to) => `loses ${from} and keeps ${to}`,
  "address-changed": (from, to) => `changes its address from ${from} to ${to}`,
  "node-gained": (_from, to, subject) => `${subject} is announced by ${to}, before by nobody`,
  "node-lost": (from, _to, subject) => `${subject} is announced by nobody, before by ${from}`,
  "node-moved": (from, to, subject) => `${subject} moves from ${from} to ${to}`,
  "peer-gained": (_from, to) => `new route: ${to}`,
  "peer-lost": (from) => `lost route: ${from}`,
  "route-changed": (from, to, subject) => `${subject} changes: ${from} becomes ${to}`,
};

function changeSentence({ kind, subject = "", from, to }: PlanChange): string {
  return changeSentences[kind](from ?? "no address", to ?? "no address", subject);
}

/** One line for the place and the fault, one for the mend. */
export function findingLines(findings: readonly PlanFinding[], paint: Paint): string[] {
  return findings.flatMap((finding) => {
    const { code, severity, object, path, message, fix, file, line } = finding;
    const place = file === undefined ? "" : `${file}:${line ?? 1}: `;
    const where = [object, path].filter((part) => part !== "").join(" ");
    const head = paint(isError(finding) ? "red" : "yellow", `${severity} ${code}`);
    const text = printable(`${where}${where === "" ? "" : ": "}${message}`);
    return [`${printable(place)}${head} ${text}`, `  ${paint("cyan", "fix:")} ${printable(fix)}`];
  });
}
