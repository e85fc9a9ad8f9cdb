/** Row `latency`: one Service created on a real API server, until its address stands in its status. */
import type { Service } from "../src/kube/index.ts";
import { Informer } from "../src/platform/index.ts";
import { contenders, type Contender } from "./lib-contenders.ts";
import { numberFlag, percentile, printRow } from "./lib-numbers.ts";
import { enterPrivateNetwork, openStage, plainService, services, type Stage } from "./lib-stage.ts";

/** Short turns, so that a slow minute of the machine hits every contender. */
const trialsPerTurn = 10;

export async function run(args: string[]): Promise<void> {
  const trials = numberFlag(args, "trials", 100);
  // Before the network becomes private: what is missing is built through Go's module proxy.
  const all = contenders(args, "ours,metallb-0.16.1,ours-configmap,metallb-0.9.6");
  enterPrivateNetwork();
  const stage = await openStage();
  try {
    const samples = new Map<string, number[]>(all.map(({ who }) => [who, []]));
    for (let done = 0; done < trials; done += trialsPerTurn) {
      for (const contender of all) {
        const found = await measure(stage, contender, Math.min(trialsPerTurn, trials - done));
        samples.get(contender.who)?.push(...found);
      }
    }
    for (const [who, found] of samples) {
      const [p50_ms, p99_ms] = [percentile(found, 0.5), percentile(found, 0.99)];
      printRow({ experiment: "latency", who, p50_ms, p99_ms, n: found.length });
    }
  } finally {
    await stage.close();
  }
}

async function measure(stage: Stage, contender: Contender, trials: number): Promise<number[]> {
  const waiting = new Map<string, () => void>();
  const informer = new Informer<Service>(stage.client, services, {
    onChange: (_key, service) => {
      if ((service?.status?.loadBalancer?.ingress ?? []).length === 0) return;
      waiting.get(service?.metadata.name ?? "")?.();
    },
  });
  informer.start();
  const controller = await stage.start(contender, "controller");
  const found: number[] = [];
  const warmUp = 5;
  try {
    for (let trial = 0; trial < trials + warmUp; trial++) {
      const name = `bench-${trial}`;
      const answered = new Promise<void>((resolve) => waiting.set(name, resolve));
      const started = performance.now();
      await stage.client.create(services, plainService(name));
      await answered;
      if (trial >= warmUp) found.push(performance.now() - started);
      // The pause of the reference measurements, shortened: nobody is still busy with the last one.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await controller.stop();
    informer.stop();
    for (const name of waiting.keys()) await stage.client.delete(services, name);
  }
  return found;
}
