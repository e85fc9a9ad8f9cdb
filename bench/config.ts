/** Row `config`: 1 to 10,000 pools compiled, from resources and from a ConfigMap, and one change among many pools. */
import { spawnSync } from "node:child_process";
import {
  compileConfigMap,
  compileResources,
  ConfigSource,
  emptyResourceSet,
  type ResourceSet,
} from "../src/config/index.ts";
import type { BGPAdvertisement, IPAddressPool, L2Advertisement } from "../src/kube/index.ts";
import { percentile, printRow } from "./lib-numbers.ts";

const options = { bgpType: undefined, namespace: "metallb-system", scope: "everything" } as const;
const protocols = ["layer2", "bgp"] as const;
type Protocol = (typeof protocols)[number];

/** `--reference FILE`: MetalLB's own benchmark (a Go test binary) to run after ours. */
export function run(args: string[]): Promise<void> {
  for (const pools of [1, 100, 1000, 10_000]) {
    const samples = pools < 1000 ? 200 : 15;
    for (const protocol of protocols) {
      const resources = resourcesWith(pools, protocol);
      const row = { input: "resources", pools, protocol };
      measure(row, samples, () => compileResources(resources, options).config !== undefined);
      const text = documentWith(pools, protocol);
      measure({ ...row, input: "configmap" }, samples, () => compileConfigMap(text).ok);
    }
  }
  changes(10_000);
  const at = args.indexOf("--reference");
  const file = args[at + 1];
  if (at >= 0 && file !== undefined) runReference(file);
  return Promise.resolve();
}

/** With many pools, of which one selects by the labels of namespaces. */
function changes(pools: number): void {
  const source = new ConfigSource({
    ...options,
    scope: "controller",
    configName: "config",
    held: () => [],
  });
  for (const input of ["ConfigMap", "Namespace", "IPAddressPool", "Community"] as const) {
    source.setKnown(input, "listed");
  }
  for (const one of resourcesWith(pools, "layer2").pools) {
    source.setObject("IPAddressPool", one.metadata.name, one);
  }
  source.look();
  let count = 0;
  const look = (kind: string): boolean => source.look()?.kind === kind;
  measure({ change: "a namespace that no pool selects by", pools }, 15, () => {
    source.setNamespace(`ns-${count++}`, { zone: "a" });
    return source.look() === undefined;
  });
  const namespaceSelectors = [{ matchLabels: { zone: "a" } }];
  source.setObject("IPAddressPool", "picky", {
    metadata: { name: "picky" },
    spec: { addresses: ["192.0.2.0/24"], serviceAllocation: { namespaceSelectors } },
  });
  source.look();
  measure({ change: "a namespace that a pool selects", pools }, 15, () => {
    source.setNamespace(`ns-${count++}`, { zone: "a" });
    return look("accepted");
  });
  measure({ change: "a pool", pools }, 15, () => {
    const addresses = [`203.0.113.${count++ % 256}/32`];
    source.setObject("IPAddressPool", "one", { metadata: { name: "one" }, spec: { addresses } });
    return look("accepted");
  });
}

function measure(row: Record<string, string | number>, samples: number, once: () => boolean): void {
  const found: number[] = [];
  const cpu: number[] = [];
  let ok = 0;
  for (let index = 0; index < samples; index++) {
    const usedBefore = process.threadCpuUsage();
    const beganMs = performance.now();
    if (once()) ok += 1;
    found.push(performance.now() - beganMs);
    const { user, system } = process.threadCpuUsage(usedBefore);
    cpu.push((user + system) / 1000);
  }
  const [p50_ms, p99_ms] = [percentile(found, 0.5), percentile(found, 0.99)];
  // Without what other processes took of the processor meanwhile.
  const cpu_p50_ms = percentile(cpu, 0.5);
  const figures = { p50_ms, p99_ms, cpu_p50_ms, ok, n: samples };
  printRow({ experiment: "config", who: "ours", ...row, ...figures });
}

/** The inputs are those of the reference's benchmark. */
function addressesOf(index: number): string[] {
  const start = `10.${index >> 8}.${index & 255}`;
  return [`${start}.0/25`, `${start}.128-${start}.200`];
}

function resourcesWith(count: number, protocol: Protocol): ResourceSet {
  const pools: IPAddressPool[] = [];
  const l2Advertisements: L2Advertisement[] = [];
  const bgpAdvertisements: BGPAdvertisement[] = [];
  for (let index = 0; index < count; index++) {
    const name = `pool-${index}`;
    const metadata = { name };
    pools.push({ metadata, spec: { addresses: addressesOf(index) } });
    const spec = { ipAddressPools: [name] };
    const attributes = { aggregationLength: 32, localPref: 100, communities: ["64512:100"] };
    if (protocol === "bgp") bgpAdvertisements.push({ metadata, spec: { ...attributes, ...spec } });
    else l2Advertisements.push({ metadata, spec });
  }
  const nodes = new Map([0, 1, 2].map((index) => [`node-${index}`, {}]));
  return { ...emptyResourceSet, pools, l2Advertisements, bgpAdvertisements, nodes };
}

function documentWith(count: number, protocol: Protocol): string {
  const advertisements =
    protocol === "layer2"
      ? ""
      : "  bgp-advertisements:\n  - aggregation-length: 32\n    localpref: 100\n" +
        "    communities:\n    - 64512:100\n";
  const pools = Array.from({ length: count }, (_, index) => {
    const addresses = addressesOf(index)
      .map((one) => `  - ${one}\n`)
      .join("");
    return `- name: pool-${index}\n  protocol: ${protocol}\n  addresses:\n${addresses}${advertisements}`;
  });
  const peers = "peers:\n- my-asn: 64512\n  peer-asn: 64513\n  peer-address: 10.0.0.1\n";
  return `${peers}address-pools:\n${pools.join("")}`;
}

function runReference(file: string): void {
  const { stdout, status } = spawnSync(file, ["-test.run", "TestBLConfig"], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${file} ended with status ${status}`);
  for (const line of stdout.split("\n")) {
    if (!line.includes('"config-parse"')) continue;
    const row = JSON.parse(line) as { pools: number; proto: string; p50: number; p99: number };
    const { pools, proto: protocol, p50, p99 } = row;
    const figures = { p50_ms: Math.round(p50) / 1000, p99_ms: Math.round(p99) / 1000 };
    printRow({
      experiment: "config",
      who: "metallb-0.16.1",
      input: "resources",
      pools,
      protocol,
      ...figures,
    });
  }
}
