/**
 * Row `burst`: so many Services created at once on a real API server, until each shows its address; then at rest.
 * `--services N` (1000), `--who NAME,NAME`; `--limit S`: no longer than so many seconds each, and say how many had theirs.
 */
import type { Service } from "../src/kube/index.ts";
import { Informer } from "../src/platform/index.ts";
import { contenders, type Contender } from "./lib-contenders.ts";
import { numberFlag, percentile, printRow } from "./lib-numbers.ts";
import { cpuMs, memoryMib, settled } from "./lib-processes.ts";
import {
  enterPrivateNetwork,
  eachAtOnce,
  openStage,
  plainService,
  services,
  type Stage,
} from "./lib-stage.ts";

export async function run(args: string[]): Promise<void> {
  const count = numberFlag(args, "services", 1000);
  const limitMs = 1000 * numberFlag(args, "limit", 3600);
  // Before the network becomes private: what is missing is built through Go's module proxy.
  const all = contenders(args);
  enterPrivateNetwork();
  const stage = await openStage();
  try {
    for (const contender of all) await measure(stage, contender, { count, limitMs });
  } finally {
    await stage.close();
  }
}

async function measure(
  stage: Stage,
  contender: Contender,
  { count, limitMs }: { count: number; limitMs: number },
): Promise<void> {
  const { client } = stage;
  const names = Array.from({ length: count }, (_, index) => `burst-${index}`);
  const created = new Map<string, number>();
  const answered = new Map<string, number>();
  let allAnswered = (): void => undefined;
  const informer = new Informer<Service>(client, services, {
    onChange: (_key, service) => {
      const name = service?.metadata.name ?? "";
      if (!service?.status?.loadBalancer?.ingress?.length || answered.has(name)) return;
      answered.set(name, performance.now());
      if (answered.size === count) allAnswered();
    },
  });
  informer.start();
  const running = await stage.start(contender, "controller");
  try {
    await settled(running.pid);
    const before = stage.requests();
    const cpuBefore = cpuMs(running.pid);
    const done = new Promise<void>((resolve) => {
      allAnswered = resolve;
      setTimeout(resolve, limitMs).unref();
    });
    const started = performance.now();
    await eachAtOnce(names, async (name) => {
      created.set(name, performance.now());
      await client.create(services, plainService(name));
    });
    const created_s = seconds(performance.now() - started);
    await done;
    const all_s = seconds(performance.now() - started);
    const isComplete = answered.size === count;
    if (isComplete) await settled(running.pid);
    const after = stage.requests();
    const had = names.filter((name) => answered.has(name));
    const waits = had.map((name) => (answered.get(name) ?? 0) - (created.get(name) ?? 0));
    printRow({
      experiment: "burst",
      who: contender.who,
      services: count,
      answered: had.length,
      created_s,
      all_s,
      p50_ms: percentile(waits, 0.5),
      p99_ms: percentile(waits, 0.99),
      requests_per_service: round((after.all - before.all) / had.length),
      writes_per_service: round((after.writes - before.writes) / had.length),
      cpu_ms: cpuMs(running.pid) - cpuBefore,
      peak_rss_mib: memoryMib(running.pid, "VmHWM"),
      rss_mib: memoryMib(running.pid, "VmRSS"),
      n: 1,
    });
    if (isComplete) await atRest(stage, contender.who, running.pid);
  } finally {
    await running.stop();
    informer.stop();
    await eachAtOnce([...created.keys()], (name) => client.delete(services, name));
  }
}

async function atRest(stage: Stage, who: string, pid: number): Promise<void> {
  const [before, cpuBefore] = [stage.requests(), cpuMs(pid)];
  const restSeconds = 10;
  await new Promise((resolve) => setTimeout(resolve, restSeconds * 1000));
  const writes_at_rest = stage.requests().writes - before.writes;
  const cpu_ms_per_s = round((cpuMs(pid) - cpuBefore) / restSeconds);
  printRow({ experiment: "burst-at-rest", who, writes_at_rest, cpu_ms_per_s });
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
const seconds = (ms: number): number => round(ms / 1000);
