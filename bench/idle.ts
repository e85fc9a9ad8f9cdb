/**
 * Rows `start-up` and `idle`: start to a served health or metrics page, then memory and CPU at rest.
 * `--services N`: with so many Services, which the controller gives addresses first.
 */
import { contenders, type Contender, type ProgramName } from "./lib-contenders.ts";
import { cpuMs, memoryMib, settled } from "./lib-processes.ts";
import { numberFlag, percentile, printRow } from "./lib-numbers.ts";
import { createServices, enterPrivateNetwork, openStage, type Stage } from "./lib-stage.ts";

const restSeconds = 10;

export async function run(args: string[]): Promise<void> {
  const trials = numberFlag(args, "trials", 5);
  const serviceCount = args.includes("--services") ? numberFlag(args, "services", 1) : 0;
  // Before the network becomes private: what is missing is built through Go's module proxy.
  const all = contenders(args, "ours,metallb-0.16.1,ours-configmap,metallb-0.9.6");
  enterPrivateNetwork();
  const stage = await openStage();
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
  const running = await stage.start(contender, program);
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
  const running = await stage.start(contender, program);
  try {
    await ready(contender);
    await settled(running.pid);
    const before = cpuMs(running.pid);
    await pause(restSeconds * 1000);
    const cpu_ms_per_s = (cpuMs(running.pid) - before) / restSeconds;
    const rss_mib = memoryMib(running.pid, "VmRSS");
    const { who } = contender;
    printRow({ experiment: "idle", program, who, services, rss_mib, cpu_ms_per_s });
  } finally {
    await running.stop();
  }
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
