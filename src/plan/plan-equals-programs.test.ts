import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { Reconciler, type ReconcilerEvent } from "../assignment/index.ts";
import { ConfigSource, type CompileScope, type ConfigOutcome } from "../config/index.ts";
import { endpointsOfSlices } from "../election/index.ts";
import type { ConfigMap, EndpointSlice, KubeObject, Node, Service } from "../kube/index.ts";
import { Speaker } from "../speaker/speaker.ts";
import type { SpeakerEvent } from "../speaker/speaker-messages.ts";
import { planCluster, viewCluster } from "./index.ts";

const namespace = "metallb-system";
const metallb = { apiVersion: "metallb.io/v1beta1" } as const;

type Pool = KubeObject & { spec: object };

interface World {
  readonly pools: readonly Pool[];
  readonly advertisements: readonly KubeObject[];
  readonly nodes: readonly Node[];
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  /** Instead of pools and advertisements. */
  readonly configMap?: ConfigMap;
}

const sometimes = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 });

const pool = (name: string, addresses: string[]): fc.Arbitrary<Pool> =>
  fc.record({
    apiVersion: fc.constant(metallb.apiVersion),
    kind: fc.constant("IPAddressPool"),
    metadata: fc.constant({ name, namespace }),
    spec: fc.record(
      {
        addresses: fc.constant(addresses),
        autoAssign: fc.boolean(),
        avoidBuggyIPs: fc.boolean(),
        serviceAllocation: fc.record({ priority: fc.nat(2), namespaces: fc.constant(["shop"]) }),
      },
      { requiredKeys: ["addresses"] },
    ),
  });

const pools = fc
  .tuple(pool("a", ["198.18.1.0-198.18.1.3"]), sometimes(pool("b", ["198.18.2.254-198.18.3.1"])))
  .map((list) => list.filter((one) => one !== undefined));

const advertisement = fc
  .record(
    {
      ipAddressPools: fc.constantFrom(["a"], ["b"]),
      nodeSelectors: fc.constant([{ matchLabels: { rack: "r1" } }]),
      serviceSelectors: fc.constant([{ matchLabels: { tier: "front" } }]),
      preferredNodeSelectors: fc.constant([
        { weight: 10, preference: { matchLabels: { rack: "r1" } } },
      ]),
    },
    { requiredKeys: [] },
  )
  .map((spec) => ({ ...metallb, kind: "L2Advertisement", spec }));

const node = (name: string): fc.Arbitrary<Node> =>
  fc
    .record({
      isInRack: fc.boolean(),
      isExcluded: fc.boolean(),
      ready: fc.constantFrom("True", "True", "Unknown"),
    })
    .map(({ isInRack, isExcluded, ready }) => ({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: {
          ...(isInRack && { rack: "r1" }),
          ...(isExcluded && { "node.kubernetes.io/exclude-from-external-load-balancers": "" }),
        },
      },
      status: { conditions: [{ type: "Ready", status: ready }] },
    }));

const ips = fc.constantFrom("198.18.1.0", "198.18.1.1", "198.18.2.255", "198.18.3.1", "198.18.9.9");
const service = (name: string): fc.Arbitrary<Service> =>
  fc
    .record({
      home: fc.constantFrom("shop", "office"),
      port: fc.constantFrom(80, 443),
      policy: fc.constantFrom("Cluster", "Local"),
      tier: fc.constantFrom("front", "back"),
      type: fc.constantFrom("LoadBalancer", "LoadBalancer", "LoadBalancer", "ClusterIP"),
      asked: sometimes(ips),
      shown: sometimes(ips),
      pool: sometimes(fc.constantFrom("a", "b", "ghost")),
      key: sometimes(fc.constant("k")),
    })
    .map(({ home, port, policy, tier, type, asked, shown, pool: wished, key }) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name,
        namespace: home,
        labels: { tier },
        annotations: {
          ...(wished !== undefined && { "metallb.io/address-pool": wished }),
          ...(key !== undefined && { "metallb.io/allow-shared-ip": key }),
        },
      },
      spec: {
        type,
        clusterIP: "10.96.0.1",
        clusterIPs: ["10.96.0.1"],
        ports: [{ port }],
        externalTrafficPolicy: policy,
        ...(asked !== undefined && { loadBalancerIP: asked }),
      },
      ...(shown !== undefined && { status: { loadBalancer: { ingress: [{ ip: shown }] } } }),
    }));

const slice = ({ metadata }: Service, nodes: readonly string[]): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { ...metadata, labels: { "kubernetes.io/service-name": metadata.name } },
  addressType: "IPv4",
  endpoints: nodes.map((nodeName) => ({ addresses: ["10.0.0.1"], nodeName })),
});

const worlds: fc.Arbitrary<World> = fc
  .record({
    pools,
    advertisements: fc.array(advertisement, { minLength: 1, maxLength: 2 }),
    nodes: fc.tuple(node("n1"), node("n2"), node("n3")),
    services: fc.tuple(...["s1", "s2", "s3", "s4", "s5", "s6", "s7"].map(service)),
    homes: fc.array(fc.subarray(["n1", "n2", "n3"]), { minLength: 7, maxLength: 7 }),
  })
  .map(({ homes, advertisements, ...world }) => ({
    ...world,
    advertisements: advertisements.map((one, index) => ({
      ...one,
      metadata: { name: `ad${index}`, namespace },
    })),
    // One slice that nobody asks for, so that the plan never assumes endpoints.
    slices: world.services.map((one, index) => slice(one, homes[index] ?? [])),
  }));

/** The same under v0.9.5's ConfigMap. */
const legacyWorlds: fc.Arbitrary<World> = fc
  .tuple(worlds, fc.boolean())
  .map(([{ nodes, services, slices }, isBuggyAvoided]) => {
    const lan = "{name: a, protocol: layer2, addresses: [198.18.1.0-198.18.1.3]}";
    const other = `{name: b, protocol: layer2, addresses: [198.18.2.254-198.18.3.1], avoid-buggy-ips: ${isBuggyAvoided}}`;
    const data = { config: `address-pools: [${lan}, ${other}]` };
    const metadata = { name: "config", namespace };
    const configMap: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
    return { pools: [], advertisements: [], nodes, services, slices, configMap };
  });

function outcomeFor(
  { pools, advertisements, nodes, configMap }: World,
  scope: CompileScope,
): ConfigOutcome {
  const held = (): [] => [];
  const source = new ConfigSource({
    scope,
    namespace,
    configName: "config",
    bgpType: "native",
    held,
  });
  for (const one of pools) source.setObject("IPAddressPool", one.metadata.name, one);
  for (const one of advertisements) {
    source.setObject("L2Advertisement", one.metadata.name, one);
  }
  source.setConfigMap("config", configMap);
  for (const { metadata } of nodes) source.setNode(metadata.name, metadata.labels ?? {});
  for (const name of ["shop", "office"]) source.setNamespace(name, {});
  for (const kind of [
    ...(["IPAddressPool", "L2Advertisement", "BGPAdvertisement", "BGPPeer"] as const),
    ...(["BFDProfile", "Community", "ConfigMap", "Namespace", "Node", "Secret"] as const),
  ]) {
    source.setKnown(kind, "listed");
  }
  return source.look() ?? assert.fail("no outcome");
}

const keyOf = ({ metadata }: Service): string => `${metadata.namespace}/${metadata.name}`;

/** A controller that hears of everything in another order than the plan, and of every write by the watch too. */
function runController(world: World): ReadonlyMap<string, Service> {
  const machine = new Reconciler();
  const stored = new Map<string, Service>();
  let version = 0;
  const store = (key: string, one: Service): Service => {
    const metadata = { ...one.metadata, resourceVersion: String((version += 1)) };
    stored.set(key, { ...one, metadata });
    return { ...one, metadata };
  };
  const services = [...world.services].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const events: ReconcilerEvent[] = [
    { kind: "config", outcome: outcomeFor(world, "controller") },
    ...services.map((one): ReconcilerEvent => {
      const key = keyOf(one);
      return { kind: "service", key, service: store(key, one) };
    }),
    { kind: "servicesListed" },
  ];
  for (let nowMs = 0; nowMs < 1_000; nowMs += 1) {
    const event = events.shift() ?? { kind: "wake" };
    for (const command of machine.step(event, nowMs * 60_000)) {
      if (command.kind !== "writeStatus") continue;
      const { key } = command;
      const written = store(key, command.service);
      events.push(
        { kind: "service", key, service: written },
        { kind: "written", key, service: written },
      );
    }
    if (events.length === 0 && nowMs > 100) break;
  }
  return stored;
}

/** Who says that it announces which service, of one speaker on every node. */
function runSpeakers(world: World, services: ReadonlyMap<string, Service>): Map<string, string> {
  const announcers = new Map<string, string>();
  for (const { metadata } of world.nodes) {
    const nodeName = metadata.name;
    const speaker = new Speaker({
      nodeName,
      configName: `${namespace}/config`,
      lbClass: "",
      ignoresExcludeLabel: false,
      awaitsMembers: false,
    });
    const events: SpeakerEvent[] = [
      { kind: "config", outcome: outcomeFor(world, { nodeName }) },
      { kind: "interfaces", names: new Set(["eth0"]) },
      ...world.nodes.map((one): SpeakerEvent => ({
        kind: "node",
        name: one.metadata.name,
        node: one,
      })),
      ...[...services].map(([key, one]): SpeakerEvent => ({ kind: "service", key, service: one })),
      ...world.slices.map((one): SpeakerEvent => {
        const key = `${one.metadata.namespace}/${one.metadata.name}`;
        return { kind: "endpoints", key, endpoints: endpointsOfSlices([one]) };
      }),
      { kind: "synced" },
      ...Array.from({ length: 10 }, (): SpeakerEvent => ({ kind: "continue" })),
    ];
    for (const event of events) speaker.step(event);
    for (const key of speaker.announced.keys()) {
      assert.equal(announcers.get(key), undefined, `${key} is announced twice`);
      announcers.set(key, nodeName);
    }
  }
  return announcers;
}

/** Plans the world, runs the programs in it, and compares. */
function compare(world: World): void {
  const { pools, advertisements, nodes, services, slices, configMap } = world;
  const configuration = [...pools, ...advertisements, ...(configMap ? [configMap] : [])];
  const objects = [...configuration, ...nodes, ...services, ...slices];
  const { view, findings } = viewCluster(objects, { namespace });
  assert.deepEqual(findings, []);
  const plan = planCluster(view, { namespace, bgpType: "native" });

  const stored = runController(world);
  const announcers = runSpeakers(world, stored);
  for (const [key, one] of stored) {
    const planned = plan.services[key];
    assert.equal(planned !== undefined, one.spec.type === "LoadBalancer", key);
    if (planned === undefined) continue;
    const shown = (one.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
    assert.deepEqual(planned.ips, shown, key);
    const pool = one.metadata.annotations?.["metallb.io/ip-allocated-from-pool"];
    if (configMap === undefined) assert.equal(planned.pool, pool ?? null, key);
    const announcing = Object.values(planned.l2).map((layer2) => layer2.node);
    assert.deepEqual(
      announcing,
      shown.map(() => announcers.get(key) ?? null),
      key,
    );
    for (const { candidates } of Object.values(planned.l2)) {
      assert.deepEqual(candidates.map((candidate) => candidate.node).sort(), ["n1", "n2", "n3"]);
    }
  }
}

describe("a plan and the programs", () => {
  it("give every service the same addresses and the same announcer, in any world", () => {
    fc.assert(fc.property(worlds, compare), { numRuns: 300 });
  });

  it("do so under the ConfigMap of v0.9.5 as well", () => {
    fc.assert(fc.property(legacyWorlds, compare), { numRuns: 300 });
  });
});
