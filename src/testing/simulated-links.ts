/** Links of a simulated ring's nodes to the LAN, which fail while gossip goes on over another network. */

import { type NetworkInterface, LinkWatch, parseAbility, planInterfaces } from "../layer2/index.ts";
import type { RingSimulation } from "./ring-simulation.ts";
import type { SimulatedNode } from "./simulated-node.ts";

export class SimulatedLinks {
  readonly #simulation: RingSimulation;
  readonly #watches = new Map<number, LinkWatch>();
  readonly #down = new Set<number>();

  constructor(simulation: RingSimulation) {
    this.#simulation = simulation;
  }

  isUp({ index }: SimulatedNode): boolean {
    return !this.#down.has(index);
  }

  /** A process starts: it knows nothing of its link's past. */
  start(node: SimulatedNode): void {
    this.#watches.set(node.index, new LinkWatch({ tellsLinks: true }));
    this.#look(node);
  }

  set(node: SimulatedNode, isUp: boolean): void {
    this.#simulation.note(`the link of ${node.name} is ${isUp ? "up" : "down"}`);
    if (isUp) this.#down.delete(node.index);
    else this.#down.add(node.index);
    if (node.isUp) this.#look(node);
  }

  abilityOf(asker: SimulatedNode, name: string): ReturnType<typeof parseAbility> | undefined {
    const text = asker.ring.ownKind(name)?.words.get("l2");
    return text === undefined ? undefined : parseAbility(text);
  }

  #look(node: SimulatedNode): void {
    const { nowMs } = this.#simulation;
    const operState = this.isUp(node) ? "up" : "lowerlayerdown";
    this.#watches
      .get(node.index)
      ?.setInterfaces(planInterfaces([{ ...lanInterface, operState }, mgmt]), nowMs);
    this.#tell(node);
  }

  #tell(node: SimulatedNode): void {
    const { nowMs } = this.#simulation;
    const { text, againMs } = this.#watches.get(node.index)?.news(nowMs) ?? {};
    const { life } = node;
    if (againMs !== undefined) {
      this.#simulation.at(nowMs + againMs, () => {
        if (node.life === life) this.#tell(node);
      });
    }
    if (text === undefined) return;
    this.#simulation.note(`${node.name} tells ${text}`);
    this.#simulation.step(node, { kind: "words", words: new Map([["l2", text]]) });
  }
}

const lanInterface: NetworkInterface = {
  index: 2,
  name: "eth0",
  mac: "02:00:00:00:00:02",
  isUp: true,
  canBroadcast: true,
  hasNoArp: false,
  operState: "up",
  addresses: ["192.0.2.2", "fe80::2"],
  subnets: ["192.0.2.0/24", "2001:db8::/64"],
};
const mgmt: NetworkInterface = { ...lanInterface, index: 3, name: "mgmt", subnets: ["10.0.0.0/8"] };
