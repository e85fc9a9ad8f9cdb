/** The speaker's own machine on every node of a simulated ring, with Services that all of them know. */

import type { Config } from "../config/index.ts";
import type { Node, Service } from "../kube/index.ts";
import { Speaker } from "../speaker/speaker.ts";
import type { SpeakerCommand, SpeakerEvent } from "../speaker/speaker-messages.ts";
import type { RingSimulation, SimulationObserver } from "./ring-simulation.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** As a speaker does that reaches nobody. */
const settleMs = 3000;

interface Life {
  readonly speaker: Speaker;
  readonly life: number;
  isSettled: boolean;
}

export class SimulatedSpeakers implements SimulationObserver {
  /** How often each Service's addresses were announced from another node than before. */
  moves = 0;
  readonly log: Extract<SpeakerCommand, { kind: "log" | "record-event" }>[] = [];
  readonly #simulation: RingSimulation;
  readonly #lives = new Map<number, Life>();
  readonly #services = new Map<string, Service>();
  readonly #nodes = new Map<string, Node>();
  readonly #config: Config;

  readonly #stockFrom: number;

  /** Nodes from `stockFrom` on have MetalLB's own speaker: they elect by the order alone, and tell no claims. */
  constructor(
    simulation: RingSimulation,
    config: Config,
    {
      services,
      stockFrom = Infinity,
    }: { readonly services: readonly Service[]; readonly stockFrom?: number },
  ) {
    this.#simulation = simulation;
    this.#config = config;
    this.#stockFrom = stockFrom;
    for (const { name } of simulation.nodes) this.#nodes.set(name, { metadata: { name } });
    for (const service of services) this.#services.set(keyOf(service), service);
    simulation.observer = this;
  }

  /** Starts all nodes, one every so often, and waits until the ring counts as complete. */
  startAll(everyMs = 60): void {
    const { simulation } = this;
    for (const { index } of simulation.nodes) {
      simulation.at(index * everyMs, () => this.start(index, [0, 1, 2]));
    }
    simulation.run(45_000 + everyMs * simulation.nodes.length);
  }

  start(index: number, seeds: readonly number[]): void {
    this.#simulation.start(index, seeds);
    this.#tellPods();
  }

  get simulation(): RingSimulation {
    return this.#simulation;
  }

  /** The API server tells all speakers, but for nodes whose watch is stuck. */
  tell(event: SpeakerEvent, stuck: ReadonlySet<number> = new Set()): void {
    if (event.kind === "service") {
      if (event.service === undefined) this.#services.delete(event.key);
      else this.#services.set(event.key, event.service);
    }
    if (event.kind === "node" && event.node) this.#nodes.set(event.name, event.node);
    for (const node of this.#simulation.nodes) {
      if (node.isUp && !stuck.has(node.index)) this.#step(node, event);
    }
  }

  /** By service key: names of the nodes that run and announce it. */
  owners(): Map<string, string[]> {
    const owners = new Map([...this.#services.keys()].map((key) => [key, [] as string[]]));
    for (const node of this.#simulation.nodes) {
      const { speaker } = this.#lives.get(node.index) ?? {};
      const runs = node.isUp && this.#simulation.nowMs >= node.pausedUntilMs;
      if (!runs || speaker === undefined) continue;
      for (const key of speaker.announced.keys()) owners.get(key)?.push(node.name);
    }
    return owners;
  }

  /** How many addresses each running node announces, the most first. */
  shares(): number[] {
    const counts = new Map<string, number>();
    for (const { name, isUp } of this.#simulation.nodes) if (isUp) counts.set(name, 0);
    for (const names of this.owners().values()) {
      for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return [...counts.values()].sort((a, b) => b - a);
  }

  /** Services that not exactly one node announces. */
  wronglyOwned(): string[] {
    return [...this.owners()]
      .filter(([, names]) => names.length !== 1)
      .map(([key, names]) => `${key}: ${names.join(" ") || "nobody"}`);
  }

  onMember(node: SimulatedNode): void {
    this.#tellMembers(node);
  }

  onAccusation(): void {}

  onFinding(): void {}

  onClaims(
    node: SimulatedNode,
    claims: Parameters<NonNullable<SimulationObserver["onClaims"]>>[1],
  ): void {
    if (!node.isLeaving) this.#step(node, { kind: "claims", claims });
  }

  onJoined(node: SimulatedNode): void {
    this.#settle(node);
  }

  onRunning(node: SimulatedNode): void {
    const known = this.#lives.get(node.index);
    if (!node.isUp || known?.life === node.life) return;
    const speaker = new Speaker({
      nodeName: node.name,
      configName: "metallb-system/config",
      lbClass: "",
      ignoresExcludeLabel: false,
      awaitsMembers: true,
    });
    const { life } = node;
    this.#lives.set(node.index, { speaker, life, isSettled: false });
    for (const [name, one] of this.#nodes) this.#step(node, { kind: "node", name, node: one });
    for (const [key, service] of this.#services) {
      this.#step(node, { kind: "service", key, service });
      const endpoints = endpointsOf(service, [...this.#nodes.keys()]);
      this.#step(node, { kind: "endpoints", key, endpoints });
    }
    const config = node.index < this.#stockFrom ? this.#config : byOrderAlone(this.#config);
    this.#step(node, { kind: "config", outcome: { kind: "accepted", config, warnings: [] } });
    this.#step(node, { kind: "synced" });
    this.#simulation.at(this.#simulation.nowMs + settleMs, () => {
      if (node.isUp && node.life === life) this.#settle(node);
    });
  }

  /** As the list of pods tells, dead ones too. */
  #tellPods(): void {
    const { nodes } = this.#simulation;
    const addresses = new Set(nodes.map(({ place }) => place.address));
    for (const node of nodes) {
      if (node.isUp) this.#simulation.step(node, { kind: "addresses", addresses });
    }
  }

  #settle(node: SimulatedNode): void {
    const known = this.#lives.get(node.index);
    if (known === undefined || known.isSettled) return;
    known.isSettled = true;
    this.#tellMembers(node);
  }

  #tellMembers(node: SimulatedNode): void {
    const { life } = node;
    // In the next turn, once for all that came together.
    this.#simulation.at(this.#simulation.nowMs, () => {
      const known = this.#lives.get(node.index);
      if (node.life !== life || node.isLeaving || known?.isSettled !== true) return;
      const alive = new Set(node.ring.alive());
      const isStock = (name: string): boolean => Number(name.slice(4)) >= this.#stockFrom;
      const stock = new Set([...alive].filter(isStock));
      this.#step(node, { kind: "members", alive, stock });
    });
  }

  #step(node: SimulatedNode, event: SpeakerEvent): void {
    const known = this.#lives.get(node.index);
    for (const command of known?.speaker.step(event) ?? []) {
      if (command.kind === "use") this.#simulation.step(node, command);
      if (command.kind === "moved") this.moves++;
      if (command.kind === "log" || command.kind === "record-event") this.log.push(command);
      if (command.kind === "continue") {
        const { life } = node;
        this.#simulation.at(this.#simulation.nowMs, () => {
          if (node.life === life && node.isUp) this.#step(node, { kind: "continue" });
        });
      }
    }
  }
}

function byOrderAlone(config: Config): Config {
  const pools = [...config.pools].map(([name, { spread: _, ...pool }]) => {
    const l2Advertisements = pool.l2Advertisements.map(
      ({ preempt: __, spread: ___, ...advertisement }) => advertisement,
    );
    return [name, { ...pool, l2Advertisements }] as const;
  });
  return { ...config, pools: new Map(pools) };
}

/** On every node; of a Service with the policy Local on all but one, another one for each. */
function endpointsOf({ metadata, spec }: Service, names: readonly string[]) {
  const without = Number(metadata.name.slice("web".length)) % names.length;
  const isLocal = spec.externalTrafficPolicy === "Local";
  const serving = names.filter((_, index) => !isLocal || index !== without);
  return serving.map((nodeName) => ({ nodeName, isReady: true, canServe: true }));
}

function keyOf({ metadata }: Service): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

export function simulatedService(index: number, more: Partial<Service["spec"]> = {}): Service {
  const name = `web${index}`;
  const ip =
    index % 2 === 0 ? `10.9.${index >> 8}.${index & 255}` : `2001:db8::${index.toString(16)}`;
  return {
    metadata: { namespace: "shop", name, uid: name },
    spec: { type: "LoadBalancer", ...more },
    status: { loadBalancer: { ingress: [{ ip }] } },
  };
}
