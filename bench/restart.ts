/**
 * Row `restart`: the controller starts where so many Services have addresses already and one waits for its own;
 * another is created 3 s later. `--services N` (1000), `--trials N` (1), `--who NAME,NAME`.
 */
import type { Service } from "../src/kube/index.ts";
import { Informer } from "../src/platform/index.ts";
import { contenders, type Contender } from "./lib-contenders.ts";
import { numberFlag, printRow } from "./lib-numbers.ts";
import { memoryMib, settled } from "./lib-processes.ts";
import {
  eachAtOnce,
  enterPrivateNetwork,
  openStage,
  plainService,
  services,
  type Stage,
} from "./lib-stage.ts";

export async function run(args: string[]): Promise<void> {
  const count = numberFlag(args, "services", 1000);
  const trials = numberFlag(args, "trials", 1);
  // Before the network becomes private: what is missing is built through Go's module proxy.
  const all = contenders(args);
  enterPrivateNetwork();
  const stage = await openStage();
  try {
    await createHolders(stage, count);
    for (let trial = 0; trial < trials; trial++) {
      for (const contender of all) await measure(stage, contender, { count, trial });
    }
  } finally {
    await stage.close();
  }
}

/** Services with an address in their status and the pool beside it, as a controller before this one left them. */
async function createHolders({ client }: Stage, count: number): Promise<void> {
  const indexes = Array.from({ length: count }, (_, index) => index);
  await eachAtOnce(indexes, async (index) => {
    const { metadata, spec } = plainService(`held-${index}`);
    const annotations = { "metallb.io/ip-allocated-from-pool": "pool" };
    const service = { metadata: { ...metadata, annotations }, spec };
    const created = await client.create<Service>(services, service);
    const ip = `10.128.${(index + 256) >> 8}.${index & 0xff}`;
    const status = { loadBalancer: { ingress: [{ ip }] } };
    await client.update(services, created.metadata.name, { ...created, status }, "status");
  });
}

async function measure(
  stage: Stage,
  contender: Contender,
  { count, trial }: { count: number; trial: number },
): Promise<void> {
  const { client } = stage;
  const before = await addresses(stage);
  const requestsBefore = stage.requests();
  const [waiting, late] = [`waiting-${trial}`, `late-${trial}`];
  const arrivals = new Map<string, () => void>();
  const arrival = (name: string): Promise<void> =>
    new Promise((resolve) => arrivals.set(name, resolve));
  const informer = new Informer<Service>(client, services, {
    onChange: (_key, service) => {
      if (!service?.status?.loadBalancer?.ingress?.length) return;
      arrivals.get(service.metadata.name)?.();
    },
  });
  informer.start();
  const [waitingArrives, lateArrives] = [arrival(waiting), arrival(late)];
  await client.create(services, plainService(waiting));
  const running = await stage.start(contender, "controller");
  // The process was made just now; what came before was its configuration.
  const started = performance.now();
  try {
    const waited = waitingArrives.then(() => performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const lateStarted = performance.now();
    await client.create(services, plainService(late));
    const lateWaited = lateArrives.then(() => performance.now() - lateStarted);
    const [waiting_s, late_s] = (await Promise.all([waited, lateWaited])).map(seconds);
    await settled(running.pid);
    const after = await addresses(stage);
    const changed = [...before].filter(([name, ip]) => after.get(name) !== ip).length;
    const twice = after.size - new Set(after.values()).size;
    const requests = stage.requests();
    printRow({
      experiment: "restart",
      who: contender.who,
      services: count,
      waiting_s: waiting_s ?? 0,
      late_s: late_s ?? 0,
      writes: requests.writes - requestsBefore.writes,
      requests: requests.all - requestsBefore.all,
      addresses_changed: changed,
      addresses_twice: twice,
      peak_rss_mib: memoryMib(running.pid, "VmHWM"),
      n: 1,
    });
  } finally {
    await running.stop();
    informer.stop();
    for (const name of [waiting, late]) {
      await client.delete(services, name).catch(() => undefined);
    }
  }
}

async function addresses({ client }: Stage): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let page: string | undefined;
  do {
    const list = await client.list<Service>(services, {
      limit: 1000,
      ...(page && { continue: page }),
    });
    for (const { metadata, status } of list.items) {
      const ip = status?.loadBalancer?.ingress?.[0]?.ip;
      if (ip !== undefined) found.set(metadata.name, ip);
    }
    page = list.continue;
  } while (page);
  return found;
}

const seconds = (ms: number): number => Math.round(ms) / 1000;
