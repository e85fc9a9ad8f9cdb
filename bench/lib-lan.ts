/**
 * A LAN of nodes and a client in a sealed world: one switch for the LAN, or a cable between the client and one node, and
 * a switch for the way to the API server, whose host is the world itself.
 *
 *   node1, node2, ...  eth0 192.168.1.11.., mgmt 169.254.231.11..
 *   client             eth0 192.168.1.200
 */
import { spawnSync } from "node:child_process";

export const apiServerAddress = "169.254.231.1";
const client = "client";
const clientHost = { name: client, address: "192.168.1.200", mac: "02:00:00:00:02:01" };

export interface LanNode {
  readonly name: string;
  /** On the LAN, where gossip runs. */
  readonly address: string;
  readonly mac: string;
}

export type Cable = "lan" | "mgmt";

/** The network of the API server; nodes are plugged in later. */
export function layManagement(): void {
  shell([...switchCommands("mgmt"), `ip addr add ${apiServerAddress}/24 dev mgmt`]);
}

export class BenchLan {
  readonly nodes: readonly LanNode[];
  readonly #hasSwitch: boolean;

  /** With `cable` there is one node, and a round trip is free of what a switch costs: half of what it takes to ask a kernel. */
  constructor(count: number, joined: "switch" | "cable" = "switch") {
    this.#hasSwitch = joined === "switch";
    this.nodes = Array.from({ length: count }, (_, index) => ({
      name: `node${index + 1}`,
      address: `192.168.1.${11 + index}`,
      mac: `02:00:00:00:01:${(index + 1).toString(16).padStart(2, "0")}`,
    }));
    const hosts = [clientHost, ...this.nodes];
    shell([
      ...hosts.map(({ name }) => `ip netns add ${name}`),
      ...(this.#hasSwitch ? switchedCommands(hosts) : cabledCommands(hosts)),
      `ip -n ${client} link set eth0 addrgenmode none`,
      ...hosts.flatMap(hostCommands),
      // From which it asks: the kernel would have it later, when it has seen the link and asked for duplicates.
      `ip -n ${client} addr add ${linkLocalAddress(clientHost.mac)}/64 dev eth0 nodad`,
      ...this.nodes.flatMap((node, index) => [
        ...portCommands(node.name, { cable: "mgmt", inside: "mgmt" }),
        `ip -n ${node.name} addr add 169.254.231.${11 + index}/24 dev mgmt`,
        `ip -n ${node.name} link set mgmt up`,
      ]),
    ]);
  }

  node(name: string): LanNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  nodeOf(mac: string): LanNode | undefined {
    return this.nodes.find((node) => node.mac === mac);
  }

  /** The command line that runs what follows on a host. */
  on(host: string): string[] {
    return ["ip", "netns", "exec", host];
  }

  get client(): string {
    return client;
  }

  /** One of the node's kernel itself; of IPv6 the link-local one, which may take a second from the start on. */
  ownAddress(node: string, family: 4 | 6): string {
    const { address, mac } = this.node(node);
    return family === 4 ? address : linkLocalAddress(mac);
  }

  /** Pulls a node's cables out, or puts them back in, all by one command. */
  setCables(node: string, cables: readonly Cable[], state: "up" | "down"): void {
    const input = cables.map((cable) => `link set ${portOf(node, cable)} ${state}\n`).join("");
    const { status, stderr } = spawnSync("ip", ["-batch", "-"], { input, encoding: "utf8" });
    if (status !== 0) throw new Error(`cables of ${node} ${state}: ${stderr.trim()}`);
  }

  /** Whether the switch passes anything between the node and the others; the node's link stays up. */
  setForwarding(node: string, isForwarding: boolean): void {
    const port = portOf(node, "lan");
    shell([isForwarding ? `ip link set ${port} master lan` : `ip link set ${port} nomaster`]);
  }

  remove(): void {
    const hosts = [client, ...this.nodes.map(({ name }) => name)];
    const lan = this.#hasSwitch ? ["ip link del lan"] : [];
    shell([...hosts.map((name) => `ip netns del ${name}`), ...lan]);
  }
}

function switchCommands(name: Cable): string[] {
  return [
    `ip link add ${name} type bridge forward_delay 0 mcast_snooping 0`,
    `ip link set ${name} up`,
  ];
}

/** The switch's end of a cable. */
function portOf(host: string, cable: Cable): string {
  return `${cable === "lan" ? "l" : "m"}-${host}`;
}

function hostCommands({ name, address }: LanNode): string[] {
  return [
    `ip -n ${name} link set lo up`,
    `ip -n ${name} addr add ${address}/24 dev eth0`,
    `ip -n ${name} link set eth0 up`,
  ];
}

/** As the kernel makes it (RFC 4291 appendix A). */
function linkLocalAddress(mac: string): string {
  const [first = "", second, ...rest] = mac.split(":");
  const flipped = (Number.parseInt(first, 16) ^ 2).toString(16);
  return `fe80::${flipped}${second}:${rest[0]}ff:fe${rest[1]}:${rest[2]}${rest[3]}`;
}

function switchedCommands(hosts: readonly LanNode[]): string[] {
  const ports = hosts.map(({ name, mac }) =>
    portCommands(name, { cable: "lan", inside: "eth0", mac }),
  );
  return [...switchCommands("lan"), ...ports.flat()];
}

function cabledCommands(hosts: readonly LanNode[]): string[] {
  const [one, other] = hosts.map(({ name, mac }) => `name eth0 address ${mac} netns ${name}`);
  return [`ip link add ${one} type veth peer ${other}`];
}

function portCommands(
  host: string,
  { cable, inside, mac }: { cable: Cable; inside: string; mac?: string },
): string[] {
  const port = portOf(host, cable);
  const address = mac === undefined ? "" : `address ${mac} `;
  return [
    `ip link add ${port} type veth peer name ${inside} ${address}netns ${host}`,
    `ip link set ${port} master ${cable} up`,
  ];
}

function shell(commands: readonly string[]): void {
  const result = spawnSync("sh", ["-e"], { input: commands.join("\n"), encoding: "utf8" });
  if (result.status !== 0) throw new Error(`the LAN: ${result.stderr.trim()}`);
}
