/**
 * Rows `start-up` and `idle`: start to a served health or metrics page, then memory and CPU at rest.
 * `--services N`: with so many Services, which the controller gives addresses first.
 */
import { readFileSync } from "node:fs";
import { contenders, type Contender, type ProgramName } from "./lib-contenders.ts";
import { numberFlag, percentile, printRow } from "./lib-numbers.ts";
import { createServices, enterPrivateNetwork, openStage, type Stage } from "./lib-stage.ts";

const ticksPerSecond = 100;
const restSeconds = 10;

export async function run(args: string[]): Promise<void> {
  const trials = numberFlag(args, "trials", 5);
  const serviceCount = args.includes("--services") ? numberFlag(args, "services", 1) : 0;
  enterPrivateNetwork();
  const all = contenders();
  const stage = await openStage(all);
  try {
    await createServices(stage.client, serviceCount);
    for (const program of ["controller", "speaker"] as const) {
      const starts = new Map<string, number[]>(all.map(({ who }) => [who, []]));
      for (let trial = 0; trial < trials; trial++) {
        for (const contender of all) {
          starts.get(contender.who)?.push(await startUp(stage, contender, program));
        }
      }
      for (const [who, found] of starts) {
        const p50_ms = percentile(found, 0.5);
        const p99_ms = percentile(found, 0.99);
        printRow({ experiment: "start-up", program, who, p50_ms, p99_ms, n: found.length });
      }
      for (const contender of all) await atRest(stage, contender, program, serviceCount);
    }
  } finally {
    await stage.close();
  }
}

async function startUp(stage: Stage, contender: Contender, program: ProgramName): Promise<number> {
  const started = performance.now();
  const running = stage.start(contender, program);
  try {
    await ready(contender);
    return performance.now() - started;
  } finally {
    await running.stop();
  }
}

async function atRest(
  stage: Stage,
  contender: Contender,
  program: ProgramName,
  services: number,
): Promise<void> {
  const running = stage.start(contender, program);
  try {
    await ready(contender);
    await settled(running.pid);
    const before = cpuMs(running.pid);
    await pause(restSeconds * 1000);
    const cpu_ms_per_s = (cpuMs(running.pid) - before) / restSeconds;
    const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${running.pid}/status`, "utf8"));
    const rss_mib = Math.round(Number(rss?.[1]) / 1024);
    const { who } = contender;
    printRow({ experiment: "idle", program, who, services, rss_mib, cpu_ms_per_s });
  } finally {
    await running.stop();
  }
}

/** Until the program has been quiet for 3 s, as after its first pass over all services. */
async function settled(pid: number): Promise<void> {
  for (;;) {
    const before = cpuMs(pid);
    await pause(3000);
    if (cpuMs(pid) - before < 100) return;
  }
}

/** User and system time of a process so far (fields 14 and 15 of /proc/PID/stat). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
}

async function ready(contender: Contender): Promise<void> {
  const old = contender.generation === "configmap";
  const page = old ? "http://127.0.0.1:7472/metrics" : "http://127.0.0.1:17472/readyz";
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const answer = await fetch(page).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await pause(2);
  }
  throw new Error(`${contender.who} was not ready within 30 s`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
