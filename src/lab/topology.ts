/**
 * What the lab's LAN looks like, and the commands that build it. Pure.
 *
 *   namespace         addresses                                role
 *   (the lab's own)   br-lan 192.168.1.2                       switch, and host of the API server
 *   kmaster           eth0 192.168.1.10, cni0 10.244.1.1/24    node with the control-plane taint
 *   knode1, knode2    eth0 192.168.1.11.., cni0 10.244.2.1..   worker nodes
 *   client            eth0 192.168.1.50                        a neighbour on the LAN
 *
 * Each has an IPv6 address with the same last number: fd00:1::2, fd00:1::10.., and fd00:244:1::1/64.. on cni0.
 *
 * The API server is not on kmaster, as it would be in the tutorial's cluster, so that the power of
 * any node can be cut and the cluster still notices.
 */

export interface LabHost {
  readonly name: string;
  readonly address: string;
  readonly address6: string;
  readonly mac: string;
}

export interface LabNode extends LabHost {
  /** The number of the node's pod ranges 10.244.N.0/24 and fd00:244:N::/64. */
  readonly podRange: number;
  readonly isControlPlane: boolean;
}

export interface Topology {
  readonly server: LabHost;
  readonly nodes: readonly LabNode[];
  readonly client: LabHost;
}

export const defaultNodeNames = ["kmaster", "knode1", "knode2"] as const;

/** The LAN with these nodes; a node whose name ends in "master" is the control-plane node. */
export function planTopology(nodeNames: readonly string[] = defaultNodeNames): Topology {
  return {
    server: host("lan", "2"),
    nodes: nodeNames.map((name, index) => ({
      ...host(name, `${10 + index}`),
      podRange: index + 1,
      isControlPlane: name.endsWith("master"),
    })),
    client: host("client", "50"),
  };
}

function host(name: string, number: string): LabHost {
  return {
    name,
    address: `192.168.1.${number}`,
    address6: `fd00:1::${number}`,
    mac: `02:00:00:00:00:${number.padStart(2, "0")}`,
  };
}

/** The shell commands, in order, that build the LAN inside a fresh network namespace. */
export function networkCommands(topology: Topology): string[] {
  const { server, nodes, client } = topology;
  return [
    "ip link set lo up",
    `ip link add br-lan address ${server.mac} type bridge forward_delay 0 mcast_snooping 0`,
    `ip addr add ${server.address}/24 dev br-lan`,
    `ip addr add ${server.address6}/64 dev br-lan nodad`,
    "ip link set br-lan up",
    ...hostCommands(client),
    ...nodes.flatMap((node) => nodeCommands(node, topology)),
    ...nodes.flatMap((node) => podRoutes("ip", node)),
  ];
}

/** The way to a node's pods. */
function podRoutes(ip: string, node: LabNode): string[] {
  return [
    `${ip} route add ${podPrefix(node)} via ${node.address}`,
    `${ip} -6 route add fd00:244:${node.podRange}::/64 via ${node.address6}`,
  ];
}

function podPrefix(node: LabNode): string {
  return `10.244.${node.podRange}.0/24`;
}

/** The switch's end of a host's cable; pulling it is `ip link set ... down`. */
export function cableOf(hostName: string): string {
  return `v-${hostName}`;
}

function hostCommands({ name, mac, address, address6 }: LabHost): string[] {
  const cable = cableOf(name);
  return [
    `ip netns add ${name}`,
    // No second is lost to the question whether an address is a duplicate.
    `ip netns exec ${name} sysctl -qw net.ipv6.conf.default.dad_transmits=0`,
    `ip link add ${cable} type veth peer name eth0 address ${mac} netns ${name}`,
    `ip link set ${cable} master br-lan up`,
    `ip -n ${name} link set lo up`,
    `ip -n ${name} addr add ${address}/24 dev eth0`,
    `ip -n ${name} addr add ${address6}/64 dev eth0 nodad`,
    `ip -n ${name} link set eth0 up`,
  ];
}

/** A node also forwards, has a bridge for its pods, and knows the way to the others' pods. */
function nodeCommands(node: LabNode, { nodes, server }: Topology): string[] {
  const ip = `ip -n ${node.name}`;
  const others = nodes.filter((other) => other !== node);
  return [
    ...hostCommands(node),
    `ip netns exec ${node.name} sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0`,
    `ip netns exec ${node.name} sysctl -qw net.ipv6.conf.all.forwarding=1`,
    `${ip} link add cni0 type bridge forward_delay 0`,
    `${ip} addr add 10.244.${node.podRange}.1/24 dev cni0`,
    `${ip} addr add fd00:244:${node.podRange}::1/64 dev cni0 nodad`,
    `${ip} link set cni0 up`,
    // Service addresses need some route before the service proxy can turn them into pod addresses.
    `${ip} route add default via ${server.address}`,
    `${ip} -6 route add default via ${server.address6}`,
    ...others.flatMap((other) => podRoutes(ip, other)),
  ];
}
