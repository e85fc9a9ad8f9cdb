/**
 * `npm run -s simulate -- --seeds 10000 [--from N] [--kind ours|mixed|stock]`: random histories of rings, each from its
 * seed. `--seed N` runs one and tells what happened in it.
 */
import { parseArgs } from "node:util";
import { planFaults, type PlanWishes, type RingKind } from "../src/testing/fault-plan.ts";
import { type HistoryOutcome, runHistory } from "../src/testing/ring-history.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    kind: { type: "string" },
    nodes: { type: "string" },
  },
});
const wishes: PlanWishes = {
  ...(values.kind !== undefined && { kind: values.kind as RingKind }),
  ...(values.nodes !== undefined && { nodes: Number(values.nodes) }),
};

function run(seed: number): HistoryOutcome {
  return runHistory(planFaults(seed, wishes));
}

function replay(seed: number): string {
  const words = Object.entries(wishes).map(([name, value]) => ` --${name} ${value}`);
  return `npm run -s simulate -- --seed ${seed}${words.join("")}`;
}

if (values.seed !== undefined) {
  const { failures, transcript } = run(Number(values.seed));
  process.stdout.write(`${transcript}\n`);
  for (const failure of failures) process.stdout.write(`FAILED at ${failure}\n`);
  process.exit(failures.length === 0 ? 0 : 1);
}

const sums = { seeds: 0, failed: 0, simulatedHours: 0, packets: 0, deaths: 0, longestUnownedMs: 0 };
const startedMs = performance.now();
const first = Number(values.from);
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  const outcome = run(seed);
  sums.seeds++;
  sums.simulatedHours += outcome.simulatedMs / 3_600_000;
  sums.packets += outcome.packets;
  sums.deaths += outcome.deaths;
  sums.longestUnownedMs = Math.max(sums.longestUnownedMs, outcome.longestUnownedMs);
  if (outcome.failures.length > 0) {
    sums.failed++;
    process.stdout.write(`${replay(seed)}\n  ${outcome.failures.join("\n  ")}\n`);
  }
  if (sums.seeds % 1000 === 0) process.stderr.write(`${sums.seeds} seeds, ${sums.failed} failed\n`);
}
const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
const cpuSeconds = Math.round(process.cpuUsage().user / 1e5) / 10;
process.stdout.write(`${JSON.stringify({ ...sums, seconds, cpuSeconds })}\n`);
process.exit(sums.failed === 0 ? 0 : 1);
