/**
 * A LAN of nodes and a client in a sealed world: one switch for the LAN, and one for the way to the API server,
 * whose host is the world itself.
 *
 *   node1, node2, ...  eth0 192.168.1.11.., mgmt 169.254.231.11..
 *   client             eth0 192.168.1.200
 */
import { execFileSync, spawnSync } from "node:child_process";

export const apiServerAddress = "169.254.231.1";
const client = "client";

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

  constructor(count: number) {
    this.nodes = Array.from({ length: count }, (_, index) => ({
      name: `node${index + 1}`,
      address: `192.168.1.${11 + index}`,
      mac: `02:00:00:00:01:${(index + 1).toString(16).padStart(2, "0")}`,
    }));
    shell([
      ...switchCommands("lan"),
      ...hostCommands({ name: client, address: "192.168.1.200", mac: "02:00:00:00:02:01" }),
      // Its link-local address, from which it asks, is there at once.
      `ip -n ${client} link set eth0 down`,
      `ip netns exec ${client} sysctl -qw net.ipv6.conf.eth0.dad_transmits=0`,
      `ip -n ${client} link set eth0 up`,
      ...this.nodes.flatMap((node, index) => [
        ...hostCommands(node),
        ...cableCommands(node.name, { cable: "mgmt", inside: "mgmt" }),
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

  /** One that the node's kernel has on the LAN; of IPv6 the link-local one. */
  ownAddress(node: string, family: 4 | 6): string {
    if (family === 4) return this.node(node).address;
    const words = ["-n", node, "-json", "-6", "addr", "show", "dev", "eth0", "scope", "link"];
    const links = JSON.parse(execFileSync("ip", words, { encoding: "utf8" })) as {
      addr_info: { local: string }[];
    }[];
    const found = links[0]?.addr_info[0]?.local;
    if (found === undefined) throw new Error(`${node} has no link-local address`);
    return found;
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
    shell([...hosts.map((name) => `ip netns del ${name}`), "ip link del lan"]);
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

function hostCommands({ name, address, mac }: LanNode): string[] {
  return [
    `ip netns add ${name}`,
    `ip -n ${name} link set lo up`,
    ...cableCommands(name, { cable: "lan", inside: "eth0", mac }),
    `ip -n ${name} addr add ${address}/24 dev eth0`,
    `ip -n ${name} link set eth0 up`,
  ];
}

function cableCommands(
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
