/**
 * Row `rest`: what whole speakers in a ring cost when nothing happens: processor time and times woken a second, and
 * memory; our speakers in either way of answering and without the fast detector. `--nodes 3`, `--who NAME,NAME`,
 * `--warm SECONDS` (60) from the start until it counts, as V8 compiles what it runs often in the first minutes,
 * `--seconds N` (30).
 */
import { setTimeout as pause } from "node:timers/promises";
import {
  announcedRanges,
  createAnnounced,
  createNodes,
  deleteAnnounced,
  deleteNodes,
} from "./lib-announced.ts";
import { type Contender, contenders } from "./lib-contenders.ts";
import { apiServerAddress, BenchLan, layManagement } from "./lib-lan.ts";
import { numberFlag, percentile, printRow } from "./lib-numbers.ts";
import { memoryMib, runTime } from "./lib-processes.ts";
import { SpeakerRing } from "./lib-ring.ts";
import { openStage, type Stage } from "./lib-stage.ts";
import { enterPrivateWorld } from "./lib-world.ts";

const addressCount = 4;
const wholeLimitMs = 60_000;

/** Of ours only. */
const ways: readonly { readonly way: string; readonly env: Record<string, string> }[] = [
  { way: "kernel", env: { METALLB_LAYER2_RESPONDER: "kernel" } },
  { way: "packet", env: { METALLB_LAYER2_RESPONDER: "packet" } },
  {
    way: "packet, fast failover off",
    env: { METALLB_LAYER2_RESPONDER: "packet", METALLB_FAST_FAILOVER: "false" },
  },
];

export async function run(args: string[]): Promise<void> {
  const nodes = numberFlag(args, "nodes", 3);
  const [warmMs, seconds] = [numberFlag(args, "warm", 60) * 1000, numberFlag(args, "seconds", 30)];
  enterPrivateWorld();
  const all = contenders(args, "ours,metallb-0.16.1", ["speaker"]);
  layManagement();
  const stage = await openStage({ address: apiServerAddress, pool: announcedRanges[4] });
  try {
    const lan = new BenchLan(nodes);
    await createNodes(stage.client, lan.nodes);
    await createAnnounced(stage.client, lan.nodes, addressCount, 4);
    for (const contender of all) {
      await stage.configure(contender);
      const chosen = contender.who === "ours" ? ways : [{ way: "packet", env: {} }];
      for (const way of chosen) await measure({ stage, lan, contender, warmMs, seconds, ...way });
    }
    await deleteAnnounced(stage.client, addressCount);
    await deleteNodes(stage.client, lan.nodes);
    lan.remove();
  } finally {
    await stage.close();
  }
}

async function measure(what: {
  stage: Stage;
  lan: BenchLan;
  contender: Contender;
  way: string;
  env: Record<string, string>;
  warmMs: number;
  seconds: number;
}): Promise<void> {
  const { stage, lan, contender, way, env, warmMs, seconds } = what;
  const apiServer = { host: apiServerAddress, port: stage.port, account: stage.account };
  const ring = new SpeakerRing({ contender, lan, apiServer, env });
  try {
    const deadline = performance.now() + wholeLimitMs;
    while (!ring.isWhole()) {
      if (performance.now() > deadline) throw new Error(`no whole ring:\n${ring.describe()}`);
      await pause(100);
    }
    await pause(warmMs);
    const pids = lan.nodes.map(({ name }) => ring.speaker(name).pid);
    const before = pids.map(runTime);
    await pause(seconds * 1000);
    const after = pids.map(runTime);
    const perSecond = (of: "ranMs" | "wakes"): number[] =>
      after.map((now, index) => (now[of] - (before[index]?.[of] ?? 0)) / seconds);
    printRow({
      experiment: "rest",
      who: contender.who,
      way,
      nodes: pids.length,
      cpu_ms_per_s: percentile(perSecond("ranMs"), 0.5),
      wakes_per_s: percentile(perSecond("wakes"), 0.5),
      rss_mib: memoryMib(pids[0] ?? 0, "VmRSS"),
    });
  } finally {
    await ring.stop();
  }
}
