/** What a node's service proxy tells nftables: one table a family, replaced whole. Pure. */
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

/** A family as nftables and as EndpointSlices name it. */
interface Family {
  readonly nft: "ip" | "ip6";
  readonly addressType: string;
  readonly podNetwork: string;
}

const families: readonly Family[] = [
  { nft: "ip", addressType: "IPv4", podNetwork: "10.244.0.0/16" },
  { nft: "ip6", addressType: "IPv6", podNetwork: "fd00:244::/32" },
];

/** A file for `nft -f`: the kernel takes it whole or not at all. */
export function proxyRules(view: ProxyView): string {
  return families.map((family) => tableRules(family, view)).join("");
}

function tableRules(family: Family, view: ProxyView): string {
  const all = view.services
    .filter(({ spec }) => spec.clusterIP && spec.clusterIP !== "None")
    .flatMap((service) =>
      (service.spec.ports ?? []).map((port) => portRules(family, service, port, view)),
    );
  const find = all.flatMap((rules) => rules.find);
  return [
    `table ${family.nft} ${table}`,
    `delete table ${family.nft} ${table}`,
    `table ${family.nft} ${table} {`,
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

/** The IPv4 addresses that kube-proxy in ipvs mode puts on kube-ipvs0: cluster and load balancer addresses. */
export function serviceAddresses(services: readonly Service[]): string[] {
  const addresses = services.flatMap((service) => [
    ...(service.spec.clusterIP ? [service.spec.clusterIP] : []),
    ...ingressAddresses(service),
  ]);
  return [...new Set(addresses)].filter((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address)).sort();
}

function portRules(family: Family, service: Service, port: ServicePort, view: ProxyView): Rules {
  const { spec } = service;
  const { nft, podNetwork } = family;
  const protocol = (port.protocol ?? "TCP").toLowerCase();
  const backends = backendsOf(family, service, port, view);
  const isLocalOnly = spec.externalTrafficPolicy === "Local";
  const external = isLocalOnly ? backends.filter(({ isLocal }) => isLocal) : backends;
  const name = `${objectKey(service.metadata).replace("/", "-")}-${protocol}-${port.port}`;
  const isOfFamily = (address: string) => address.includes(":") === (nft === "ip6");
  const to = (address: string) => `${nft} daddr ${address} ${protocol} dport ${port.port}`;
  const inside = (spec.clusterIPs ?? [spec.clusterIP ?? ""]).filter(isOfFamily).map(to);
  const hasNodePort = port.nodePort && inside.length > 0;
  const outside = [
    ...ingressAddresses(service).filter(isOfFamily).map(to),
    ...(hasNodePort ? [`fib daddr type local ${protocol} dport ${port.nodePort}`] : []),
  ];
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
      ...balance(`in-${name}`, { nft, protocol }, backends, [
        `${nft} saddr != ${podNetwork} ${mark}`,
      ]),
      ...balance(`out-${name}`, { nft, protocol }, external, isLocalOnly ? [] : [mark]),
    ],
  };
}

/** A chain that hands each connection to a backend drawn by lot. */
function balance(
  name: string,
  { nft, protocol }: { readonly nft: string; readonly protocol: string },
  backends: Backend[],
  first: string[],
): string[] {
  if (backends.length === 0) return [];
  const choices = backends.map(({ address, port }, index) => `${index} : ${address} . ${port}`);
  const pick = `numgen random mod ${backends.length} map { ${choices.join(", ")} }`;
  return chain(name, [...first, `meta l4proto ${protocol} dnat ${nft} to ${pick}`]);
}

function backendsOf(
  { addressType: wanted }: Family,
  service: Service,
  port: ServicePort,
  view: ProxyView,
): Backend[] {
  const { name, namespace } = service.metadata;
  return view.slices
    .filter(({ metadata }) => metadata.namespace === namespace)
    .filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name)
    .filter(({ addressType }) => addressType === wanted)
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
