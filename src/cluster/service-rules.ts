/** What a node's service proxy tells nftables: one table, replaced whole, for IPv4. Pure. */
import { objectKey, type EndpointSlice, type Service, type ServicePort } from "../kube/index.ts";

export interface ProxyView {
  readonly nodeName: string;
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

interface Backend {
  readonly address: string;
  readonly port: number;
  readonly isLocal: boolean;
}

interface Rules {
  /** Lines of the chain that finds the service of a packet. */
  readonly find: string[];
  readonly refuse: string[];
  readonly chains: string[];
}

const table = "metallb-lab-proxy";
const masqueradeMark = "0x4000";
const podNetwork = "10.244.0.0/16";

/** A file for `nft -f`: the kernel takes it whole or not at all. */
export function proxyRules(view: ProxyView): string {
  const all = view.services
    .filter(({ spec }) => spec.clusterIP && spec.clusterIP !== "None")
    .flatMap((service) => (service.spec.ports ?? []).map((port) => portRules(service, port, view)));
  const find = all.flatMap((rules) => rules.find);
  return [
    `table ip ${table}`,
    `delete table ip ${table}`,
    `table ip ${table} {`,
    ...all.flatMap((rules) => rules.chains),
    ...chain("services", find),
    ...chain(
      "refuse",
      all.flatMap((rules) => rules.refuse),
    ),
    ...chain("prerouting", ["type nat hook prerouting priority -100", "jump services"]),
    ...chain("output", ["type nat hook output priority -100", "jump services"]),
    ...chain("postrouting", [
      "type nat hook postrouting priority 100",
      `meta mark and ${masqueradeMark} != 0 masquerade`,
    ]),
    ...["input", "forward", "output"].flatMap((hook) =>
      chain(`refuse-${hook}`, [`type filter hook ${hook} priority 0`, "jump refuse"]),
    ),
    "}",
    "",
  ].join("\n");
}

/** Every address that kube-proxy in ipvs mode puts on kube-ipvs0: cluster and load balancer addresses. */
export function serviceAddresses(services: readonly Service[]): string[] {
  const addresses = services.flatMap((service) => [
    ...(service.spec.clusterIP ? [service.spec.clusterIP] : []),
    ...ingressAddresses(service),
  ]);
  return [...new Set(addresses)].filter((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address)).sort();
}

function portRules(service: Service, port: ServicePort, view: ProxyView): Rules {
  const { spec } = service;
  const protocol = (port.protocol ?? "TCP").toLowerCase();
  const backends = backendsOf(service, port, view);
  const isLocalOnly = spec.externalTrafficPolicy === "Local";
  const external = isLocalOnly ? backends.filter(({ isLocal }) => isLocal) : backends;
  const name = `${objectKey(service.metadata).replace("/", "-")}-${protocol}-${port.port}`;
  const to = (address: string) => `ip daddr ${address} ${protocol} dport ${port.port}`;
  const outside = [
    ...ingressAddresses(service).map(to),
    ...(port.nodePort ? [`fib daddr type local ${protocol} dport ${port.nodePort}`] : []),
  ];
  const inside = [to(spec.clusterIP ?? "")];
  const mark = `meta mark set ${masqueradeMark}`;
  return {
    find: [
      ...(backends.length > 0 ? inside.map((match) => `${match} goto in-${name}`) : []),
      ...(external.length > 0 ? outside.map((match) => `${match} goto out-${name}`) : []),
    ],
    refuse: [
      ...(backends.length === 0 ? inside.map((match) => `${match} reject`) : []),
      // Local without a backend here: another node has one, so stay silent.
      ...(external.length === 0
        ? outside.map((match) => `${match} ${isLocalOnly ? "drop" : "reject"}`)
        : []),
    ],
    chains: [
      ...balance(`in-${name}`, protocol, backends, [`ip saddr != ${podNetwork} ${mark}`]),
      ...balance(`out-${name}`, protocol, external, isLocalOnly ? [] : [mark]),
    ],
  };
}

/** A chain that hands each connection to a backend drawn by lot. */
function balance(name: string, protocol: string, backends: Backend[], first: string[]): string[] {
  if (backends.length === 0) return [];
  const choices = backends.map(({ address, port }, index) => `${index} : ${address} . ${port}`);
  const pick = `numgen random mod ${backends.length} map { ${choices.join(", ")} }`;
  return chain(name, [...first, `meta l4proto ${protocol} dnat ip to ${pick}`]);
}

function backendsOf(service: Service, port: ServicePort, view: ProxyView): Backend[] {
  const { name, namespace } = service.metadata;
  return view.slices
    .filter(({ metadata }) => metadata.namespace === namespace)
    .filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name)
    .filter(({ addressType }) => addressType === "IPv4")
    .flatMap((slice) => {
      const target = slice.ports?.find((p) => (p.name ?? "") === (port.name ?? ""))?.port;
      return slice.endpoints
        .filter(({ conditions }) => conditions?.ready !== false)
        .flatMap(({ addresses, nodeName }) =>
          target === undefined
            ? []
            : addresses.map((address) => ({
                address,
                port: target,
                isLocal: nodeName === view.nodeName,
              })),
        );
    });
}

function ingressAddresses(service: Service): string[] {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  return ingress.flatMap(({ ip }) => (ip ? [ip] : []));
}

function chain(name: string, lines: readonly string[]): string[] {
  return [`  chain ${name} {`, ...lines.map((line) => `    ${line}`), "  }"];
}
