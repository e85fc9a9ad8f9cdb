/**
 * Row `failover`: a node that announces falls away, in one of six ways; from then to the first answer (or gratuitous
 * ARP) of another node, as a client on the LAN sees it. `--trials N` (20) of each fault, `--others N` for others than
 * ours (the same number; a trial of theirs takes ten times as long), `--nodes 3,15` (3), `--faults
 * power,kill,link,split,pause,term`, `--who NAME,NAME`, `--family 6` for NDP in place of ARP. With METALLB_BENCH_LOGS the
 * speakers' logs stay in that folder. `split` is a `link` that stays up: the switch passes nothing. `--outage SECONDS` (0):
 * `link`, `split` and `pause` go on for up to so long after another node took over.
 *
 * The client asks every 10 ms. Of a planned end (`term`) it asks every ms, and what is told is the longest time
 * between two answers, and how many requests nobody answered. `back_ms` are, after the fault: the first answer of the
 * node that came back or, where it was never gone (`link`, `split`, `pause`), the last one before one node alone answers.
 */
import {
  announcedRanges,
  createAnnounced,
  createNodes,
  deleteAnnounced,
  deleteNodes,
} from "./lib-announced.ts";
import { type Contender, contenders } from "./lib-contenders.ts";
import { calmOwner, runTrial, type TrialResult, type TrialStage } from "./lib-failover-trial.ts";
import { type FaultName, faultNames } from "./lib-faults.ts";
import { apiServerAddress, BenchLan, layManagement } from "./lib-lan.ts";
import { listFlag, numberFlag, percentile, printRow } from "./lib-numbers.ts";
import { LanProbe } from "../src/testing/index.ts";
import { SpeakerRing } from "./lib-ring.ts";
import { openStage, type Stage } from "./lib-stage.ts";
import { enterPrivateWorld } from "./lib-world.ts";

/** Several, so that the announcing node is not always the same one. */
const addressCount = 4;
/** Short turns, so that a slow minute of the machine hits every contender. */
const trialsPerTurn = 25;

interface Plan {
  readonly stage: Stage;
  readonly lan: BenchLan;
  readonly ips: readonly string[];
  readonly faults: readonly FaultName[];
  readonly outageMs: number;
}

const keepsLogs = process.env["METALLB_BENCH_LOGS"] !== undefined;

type Results = Map<FaultName, (TrialResult | undefined)[]>;

export async function run(args: string[]): Promise<void> {
  const trials = numberFlag(args, "trials", 20);
  const others = numberFlag(args, "others", trials);
  const nodeCounts = listFlag(args, "nodes", "3").map(Number);
  const faults = listFlag(args, "faults", faultNames.join()).map(faultNamed);
  const outageMs = numberFlag(args, "outage", 0) * 1000;
  const family = numberFlag(args, "family", 4) === 6 ? 6 : 4;
  enterPrivateWorld();
  const all = contenders(args, "ours,metallb-0.16.1,metallb-0.9.6", ["speaker"]);
  layManagement();
  const stage = await openStage({ address: apiServerAddress, pool: announcedRanges[family] });
  try {
    for (const nodes of nodeCounts)
      await measureWith(nodes, { stage, faults, outageMs, all, trials, others, family });
  } finally {
    await stage.close();
  }
}

async function measureWith(
  nodes: number,
  what: {
    stage: Stage;
    faults: readonly FaultName[];
    outageMs: number;
    all: readonly Contender[];
    trials: number;
    others: number;
    family: 4 | 6;
  },
): Promise<void> {
  const { stage, faults, outageMs, all, family } = what;
  const lan = new BenchLan(nodes);
  await createNodes(stage.client, lan.nodes);
  const ips = await createAnnounced(stage.client, lan.nodes, addressCount, family);
  const results = new Map<string, Results>(
    all.map(({ who }) => [who, new Map(faults.map((fault) => [fault, []]))]),
  );
  for (let done = 0; done < Math.max(what.trials, what.others); done += trialsPerTurn) {
    for (const contender of all) {
      const wanted = contender.who === "ours" ? what.trials : what.others;
      const count = Math.min(trialsPerTurn, wanted - done);
      if (count <= 0) continue;
      const turn = { stage, lan, ips, faults, outageMs };
      await takeTurn(contender, turn, { count, results: results.get(contender.who) ?? new Map() });
    }
  }
  for (const [who, byFault] of results) {
    for (const [fault, found] of byFault) printResult({ who, nodes, family, fault, found });
  }
  await deleteAnnounced(stage.client, addressCount);
  await deleteNodes(stage.client, lan.nodes);
  lan.remove();
}

async function takeTurn(
  contender: Contender,
  { stage, lan, ips, faults, outageMs }: Plan,
  { count, results }: { count: number; results: Results },
): Promise<void> {
  await stage.configure(contender);
  const apiServer = { host: apiServerAddress, port: stage.port, account: stage.account };
  const ring = new SpeakerRing({ contender, lan, apiServer });
  const probe = new LanProbe(lan.on(lan.client));
  const trialStage: TrialStage = { lan, ring, probe, outageMs };
  try {
    for (const ip of ips) await calmOwner(trialStage, ip);
    for (const fault of faults) {
      const began = performance.now();
      for (let trial = 0; trial < count; trial++) {
        const ip = ips[trial % ips.length] ?? "";
        const found = await runTrial(trialStage, fault, ip);
        if (keepsLogs) tellTrial(contender.who, fault, ip, found);
        results.get(fault)?.push(found);
      }
      const seconds = Math.round((performance.now() - began) / 1000);
      process.stderr.write(`bench: ${contender.who} ${fault}: ${count} trials in ${seconds} s\n`);
    }
  } finally {
    probe.stop();
    await ring.stop();
  }
}

/** Beside the logs, to find the slow ones in them. */
function tellTrial(who: string, fault: string, ip: string, found: TrialResult | undefined): void {
  const at = new Date().toISOString();
  process.stderr.write(`bench: ${at} ${who} ${fault} ${ip} ${JSON.stringify(found)}\n`);
}

function printResult(result: {
  who: string;
  nodes: number;
  family: 4 | 6;
  fault: FaultName;
  found: readonly (TrialResult | undefined)[];
}): void {
  const { who, nodes, family, fault, found } = result;
  const taken = found.filter((one) => one !== undefined);
  const ms = taken.map((one) => one.ms);
  const back = taken.map(({ backMs }) => backMs);
  const lost = taken.flatMap((one) => one.lost ?? []);
  printRow({
    experiment: "failover",
    ...(family === 6 && { family }),
    fault,
    nodes,
    who,
    p50_ms: percentile(ms, 0.5),
    p99_ms: percentile(ms, 0.99),
    max_ms: percentile(ms, 1),
    n: taken.length,
    ...(found.length > taken.length && { missing: found.length - taken.length }),
    ...(lost.length > 0 && { lost_p50: percentile(lost, 0.5), lost_max: percentile(lost, 1) }),
    back_p50_ms: percentile(back, 0.5),
    back_max_ms: percentile(back, 1),
  });
}

function faultNamed(text: string): FaultName {
  const found = faultNames.find((name) => name === text);
  if (found === undefined)
    throw new Error(`--faults: unknown "${text}"; one or more of ${faultNames.join()}`);
  return found;
}
