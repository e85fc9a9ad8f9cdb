/** Which speakers are in a network with a node, as far as they say which subnets they have: those hear it answer. */
import { formatPrefix, type IpAddress, type Prefix, prefixContains } from "../ip/index.ts";

const nobody: ReadonlySet<string> = new Set();

interface Network {
  readonly subnet: Prefix;
  readonly names: Set<string>;
}

export class Neighbours {
  readonly #addressesOf = new Map<string, readonly IpAddress[]>();
  #networks: readonly Network[] = [];
  #told = "";
  /** By node; made when they are asked for. Nodes of one network share a set. */
  readonly #of = new Map<string, ReadonlySet<string>>();

  /** A node's own addresses; none: it is gone. */
  setNode(name: string, addresses: readonly IpAddress[]): void {
    this.#of.delete(name);
    if (addresses.length > 0) this.#addressesOf.set(name, addresses);
    else this.#addressesOf.delete(name);
  }

  /** By speaker, the subnets of its interfaces that work; no entry: it does not say. False: they are as before. */
  setSubnets(subnetsOf: ReadonlyMap<string, readonly Prefix[]>): boolean {
    const texts = [...subnetsOf].map(([name, subnets]) => [name, ...subnets.map(formatPrefix)]);
    const told = JSON.stringify(texts.map((one) => one.join(" ")).sort());
    if (told === this.#told) return false;
    this.#told = told;
    const networks = new Map<string, Network>();
    for (const [name, subnets] of subnetsOf) {
      for (const subnet of subnets) {
        const text = formatPrefix(subnet);
        const network = networks.get(text) ?? { subnet, names: new Set() };
        networks.set(text, network);
        network.names.add(name);
      }
    }
    this.#networks = [...networks.values()];
    this.#of.clear();
    return true;
  }

  /** Speakers that have a subnet with one of the node's own addresses, itself among them perhaps; none: nobody says so. */
  of(node: string): ReadonlySet<string> {
    const known = this.#of.get(node);
    if (known !== undefined) return known;
    const addresses = this.#addressesOf.get(node) ?? [];
    const [first, ...more] = this.#networks
      .filter(({ subnet }) => addresses.some((ip) => prefixContains(subnet, ip)))
      .map(({ names }) => names);
    const found =
      more.length === 0
        ? first
        : new Set([...(first ?? []), ...more.flatMap((names) => [...names])]);
    this.#of.set(node, found ?? nobody);
    return found ?? nobody;
  }
}
