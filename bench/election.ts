/** Row `election`: which node announces each of 10,000 services, first with nothing kept, then after a node left. */
import { spawnSync } from "node:child_process";
import type { Config } from "../src/config/index.ts";
import { Electorate, ModernElection, type ServiceEndpoint } from "../src/election/index.ts";
import { parsePrefix } from "../src/ip/index.ts";
import type { Node, Service } from "../src/kube/index.ts";
import { knownService } from "../src/speaker/announcements.ts";
import { Speaker } from "../src/speaker/speaker.ts";
import { numberFlag, printRow } from "./lib-numbers.ts";

const sizes = [3, 100, 1000];

/** `--reference FILE`: MetalLB's own benchmark (a Go test binary) to run after ours. */
export function run(args: string[]): Promise<void> {
  const services = numberFlag(args, "services", 10_000);
  for (const nodes of sizes) {
    elections(services, nodes);
    speakerTurns(services, nodes);
  }
  const at = args.indexOf("--reference");
  const file = args[at + 1];
  if (at >= 0 && file !== undefined) runReference(file);
  return Promise.resolve();
}

const config = configWithOnePool();
const pool = [...config.pools.values()][0] as NonNullable<ReturnType<typeof config.pools.get>>;
const endpoints: readonly ServiceEndpoint[] = [{ isReady: true, canServe: true }];

/** The decisions alone, as the reference's benchmark measures them. */
function elections(services: number, nodes: number): void {
  const electorate = new Electorate(false);
  for (let index = 0; index < nodes; index++) electorate.setNode(`node-${index}`, node(index));
  const election = new ModernElection(electorate);
  const subjects = Array.from({ length: services }, (_, index) => {
    const { view, ips = [] } = knownService(service(index));
    return { service: view, ip: ips[0] as NonNullable<(typeof ips)[0]>, pool, endpoints };
  });
  const pass = (): { ms: number; won: number } => {
    const beganMs = performance.now();
    let won = 0;
    for (const subject of subjects) {
      if (election.elect(subject).owner === "node-1") won++;
    }
    return { ms: performance.now() - beganMs, won };
  };
  const cold = pass();
  electorate.setNode("node-0", node(0, "Unknown"));
  const dead = pass();
  electorate.setNode("node-0", undefined);
  const gone = pass();
  electorate.setNode("node-0", node(0));
  const back = pass();
  printRow({
    experiment: "election",
    who: "ours",
    services,
    nodes,
    won: cold.won,
    cold_s: rounded(cold.ms / 1000),
    after_node_not_ready_ms: rounded(dead.ms),
    after_node_deleted_ms: rounded(gone.ms),
    after_node_joined_ms: rounded(back.ms),
  });
}

/** The whole machine, turn by turn: how long it keeps others waiting, and a full pass with all that it says. */
function speakerTurns(services: number, nodes: number): void {
  const configName = "metallb-system/config";
  const options = {
    nodeName: "node-1",
    configName,
    lbClass: "",
    ignoresExcludeLabel: false,
    awaitsMembers: false,
  };
  const speaker = new Speaker(options);
  for (let index = 0; index < nodes; index++) {
    speaker.step({ kind: "node", name: `node-${index}`, node: node(index) });
  }
  for (let index = 0; index < services; index++) {
    const key = `default/svc-${index}`;
    speaker.step({ kind: "service", key, service: service(index) });
    speaker.step({ kind: "endpoints", key, endpoints });
  }
  speaker.step({ kind: "config", outcome: { kind: "accepted", config, warnings: [] } });
  let longestMs = 0;
  let longestCpuMs = 0;
  const pass = (first: Parameters<Speaker["step"]>[0]): number => {
    let totalMs = 0;
    for (let event = first; ; event = { kind: "continue" }) {
      const cpu = process.threadCpuUsage();
      const beganMs = performance.now();
      const commands = speaker.step(event);
      const ms = performance.now() - beganMs;
      const { user, system } = process.threadCpuUsage(cpu);
      totalMs += ms;
      longestCpuMs = Math.max(longestCpuMs, (user + system) / 1000);
      longestMs = Math.max(longestMs, ms);
      if (commands.at(-1)?.kind !== "continue") return totalMs;
    }
  };
  const coldMs = pass({ kind: "synced" });
  const deadMs = pass({ kind: "node", name: "node-0", node: node(0, "Unknown") });
  printRow({
    experiment: "election-speaker",
    who: "ours",
    services,
    nodes,
    cold_s: rounded(coldMs / 1000),
    after_node_not_ready_ms: rounded(deadMs),
    longest_turn_ms: rounded(longestMs),
    // Without what other processes took of the processor meanwhile.
    longest_turn_cpu_ms: rounded(longestCpuMs),
  });
}

function runReference(file: string): void {
  const { stdout, status } = spawnSync(file, ["-test.run", "TestBLElection"], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${file} ended with status ${status}`);
  for (const line of stdout.split("\n")) {
    if (!line.includes('"election-total"')) continue;
    const { nodes, services, won, seconds } = JSON.parse(line) as Record<string, number>;
    const row = { services: services ?? 0, nodes: nodes ?? 0, won: won ?? 0, pass_s: seconds ?? 0 };
    printRow({ experiment: "election", who: "metallb-0.16.1", ...row });
  }
}

function configWithOnePool(): Config {
  const advertisement = { name: "ad", nodes: undefined, interfaces: undefined };
  const lan = {
    name: "lan",
    prefixes: [parsePrefix("10.1.0.0/16") as NonNullable<ReturnType<typeof parsePrefix>>],
    autoAssign: true,
    avoidBuggyIps: false,
    l2Advertisements: [{ ...advertisement, serviceSelectors: [], preference: new Map() }],
    bgpAdvertisements: [],
  };
  return { generation: "modern", pools: new Map([["lan", lan]]), peers: [] };
}

function node(index: number, ready = "True"): Node {
  const conditions = [{ type: "Ready", status: ready }];
  return { metadata: { name: `node-${index}` }, status: { conditions } };
}

function service(index: number): Service {
  const ip = `10.1.${index >> 8}.${index & 255}`;
  return {
    metadata: { name: `svc-${index}`, namespace: "default" },
    spec: { type: "LoadBalancer" },
    status: { loadBalancer: { ingress: [{ ip }] } },
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
