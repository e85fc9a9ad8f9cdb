import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubeObject, Service } from "../kube/index.ts";
import {
  changeView,
  explainService,
  planCluster,
  viewCluster,
  type Plan,
  type PlanOptions,
} from "./index.ts";

const namespace = "metallb-system";
const options: PlanOptions = { namespace, bgpType: "native" };

const ours = (kind: string, name: string, spec: object = {}) => {
  const version = kind === "BGPPeer" ? "v1beta2" : "v1beta1";
  return { apiVersion: `metallb.io/${version}`, kind, metadata: { name, namespace }, spec };
};
const pool = (name: string, addresses: string, more: object = {}) =>
  ours("IPAddressPool", name, { addresses: [addresses], ...more });
const node = (name: string, labels: object = {}) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels },
  status: { addresses: [{ type: "InternalIP", address: `192.0.2.${name.slice(1)}` }] },
});

interface ServiceWords {
  readonly ip?: string;
  readonly spec?: object;
  readonly annotations?: object;
  readonly createdAt?: string;
}

const service = (name: string, { ip, spec, annotations, createdAt }: ServiceWords = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "shop", annotations, creationTimestamp: createdAt },
  spec: { type: "LoadBalancer", clusterIP: "10.96.0.1", ports: [{ port: 80 }], ...spec },
  ...(ip !== undefined && { status: { loadBalancer: { ingress: [{ ip }] } } }),
});

const slice = (name: string, ...nodeNames: string[]) => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name, namespace: "shop", labels: { "kubernetes.io/service-name": name } },
  addressType: "IPv4",
  endpoints: nodeNames.map((nodeName) => ({ addresses: ["10.0.0.1"], nodeName })),
});

const lan = [pool("lan", "198.18.1.0-198.18.1.3"), ours("L2Advertisement", "lan")];
const nodes = [node("n1"), node("n2")];

const viewOf = (objects: readonly object[]) =>
  viewCluster(objects as readonly KubeObject[], { namespace });
const planOf = (objects: readonly object[], more: Partial<PlanOptions> = {}): Plan =>
  planCluster(viewOf(objects).view, { ...options, ...more });
const ipsOf = (plan: Plan): Record<string, string> =>
  Object.fromEntries(Object.entries(plan.services).map(([key, { ips }]) => [key, ips.join()]));
const codesOf = ({ findings }: Pick<Plan, "findings">): string[] =>
  findings.map(({ code }) => code);

describe("planCluster", () => {
  it("IPAM-53: lets holders keep their addresses and serves the others by name", () => {
    const services = [service("c"), service("a"), service("b", { ip: "198.18.1.0" })];
    const plan = planOf([...lan, ...nodes, ...services, slice("a", "n1")]);
    assert.deepEqual(ipsOf(plan), {
      "shop/a": "198.18.1.1",
      "shop/b": "198.18.1.0",
      "shop/c": "198.18.1.2",
    });
    assert.equal(plan.services["shop/a"]?.reason, 'Assigned IP ["198.18.1.1"]');
    assert.match(plan.services["shop/b"]?.reason ?? "", /^keeps .* pool "lan"/);
    assert.deepEqual(plan.findings, []);
  });

  it("serves in the order of the input or of creation when asked to", () => {
    const services = [
      service("c", { createdAt: "2026-01-02T00:00:00Z" }),
      service("b", { createdAt: "2026-01-01T00:00:00Z" }),
      service("a"),
    ];
    const first = (order: "name" | "creation" | "file"): string | undefined =>
      Object.entries(ipsOf(planOf([...lan, ...services], { order }))).find(
        ([, ip]) => ip === "198.18.1.0",
      )?.[0];
    assert.equal(first("name"), "shop/a");
    assert.equal(first("creation"), "shop/b");
    assert.equal(first("file"), "shop/c");
  });

  it("CTL-4: says in the event's words why a service moves or has nothing", () => {
    const services = [
      service("moved", { ip: "198.18.9.9" }),
      service("named", { annotations: { "metallb.io/address-pool": "ghost" } }),
    ];
    const plan = planOf([...lan, ...services]);
    assert.match(
      plan.services["shop/moved"]?.reason ?? "",
      /^current IP for "shop\/moved" not allowed by config.*\. Assigned IP \["198\.18\.1\.0"\]$/,
    );
    const old = service("old", { annotations: { "metallb.universe.tf/address-pool": "lan" } });
    assert.equal(planOf([...lan, old]).services["shop/old"]?.reason, 'Assigned IP ["198.18.1.0"]');
    const named = plan.services["shop/named"];
    assert.match(named?.reason ?? "", /^Failed to allocate IP for "shop\/named": .*"ghost"/);
    assert.deepEqual([named?.ips, named?.pool, named?.l2, named?.bgp], [[], null, {}, []]);
  });

  it("names every node with its place for each address, and the interfaces", () => {
    const advertisement = ours("L2Advertisement", "lan", { interfaces: ["eth1", "eth0"] });
    const excluded = node("n2", { "node.kubernetes.io/exclude-from-external-load-balancers": "" });
    const objects = [
      lan[0] ?? {},
      advertisement,
      node("n1"),
      excluded,
      service("a"),
      slice("a", "n2"),
    ];
    assert.deepEqual(planOf(objects).services["shop/a"]?.l2, {
      "198.18.1.0": {
        node: "n1",
        interfaces: ["eth0", "eth1"],
        candidates: [
          { node: "n1", eligible: true, reason: "first in the order", rank: 1 },
          {
            node: "n2",
            eligible: false,
            reason:
              "the node has the label node.kubernetes.io/exclude-from-external-load-balancers",
            rank: null,
          },
        ],
      },
    });
    const plan = planOf(objects, { ignoresExcludeLabel: true });
    assert.equal(plan.services["shop/a"]?.l2["198.18.1.0"]?.candidates[1]?.eligible, true);
  });

  it("L2-187: says of a cluster whose only node is excluded by label why nobody announces", () => {
    const only = node("n1", { "node.kubernetes.io/exclude-from-external-load-balancers": "" });
    const objects = [lan[0] ?? {}, ours("L2Advertisement", "lan", {}), only];
    const plan = planOf([...objects, service("a"), slice("a", "n1")]);
    const place = plan.services["shop/a"]?.l2["198.18.1.0"];
    assert.equal(place?.node, null);
    assert.match(place?.candidates[0]?.reason ?? "", /exclude-from-external-load-balancers/);
  });

  it("BGP-31: gives the routes of every node with their attributes as text", () => {
    const objects = [
      pool("wan", "203.0.113.0/24"),
      ours("BGPAdvertisement", "wan", {
        localPref: 100,
        aggregationLength: 24,
        communities: ["64512:7", "blue"],
      }),
      ours("Community", "names", { communities: [{ name: "blue", value: "65535:65281" }] }),
      ours("BGPPeer", "tor", { myASN: 64512, peerASN: 64513, peerAddress: "192.0.2.1" }),
      node("n1"),
      service("a"),
      slice("a", "n1"),
    ];
    const plan = planOf(objects);
    assert.deepEqual(plan.services["shop/a"], {
      ips: ["203.0.113.0"],
      pool: "wan",
      reason: 'Assigned IP ["203.0.113.0"]',
      l2: {},
      bgp: [
        {
          node: "n1",
          peer: "tor",
          prefix: "203.0.113.0/24",
          communities: ["64512:7", "65535:65281"],
          largeCommunities: [],
          localPref: 100,
          nextHop: "192.0.2.1",
        },
      ],
    });
  });

  it("BGP-36, BGP-37: gives a shared address the attributes that both services ask for", () => {
    const front = [{ matchLabels: { tier: "front" } }];
    const sharing = { "metallb.io/allow-shared-ip": "k" };
    const a = service("a", { annotations: sharing });
    const b = service("b", { annotations: sharing, spec: { ports: [{ port: 443 }] } });
    const labels = { tier: "front" };
    const objects = [
      pool("wan", "203.0.113.0/24"),
      ours("BGPAdvertisement", "all", { communities: ["64512:7"] }),
      ours("BGPAdvertisement", "front", { communities: ["64512:1"], serviceSelectors: front }),
      ours("BGPPeer", "tor", { myASN: 64512, peerASN: 64513, peerAddress: "192.0.2.1" }),
      ...nodes,
      a,
      { ...b, metadata: { ...b.metadata, labels } },
    ];
    const { services } = planOf(objects);
    for (const key of ["shop/a", "shop/b"]) {
      assert.deepEqual(services[key]?.ips, ["203.0.113.0"]);
      assert.deepEqual(services[key]?.bgp[0]?.communities, ["64512:1", "64512:7"]);
    }
  });

  it("LC-26: plans a ConfigMap as v0.9.5 works", () => {
    const text = "address-pools: [{name: lan, protocol: layer2, addresses: [198.18.1.0/30]}]";
    const metadata = { name: "config", namespace };
    const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { config: text } };
    const asked = service("a", { spec: { loadBalancerIP: "198.18.1.3" } });
    const plan = planOf([configMap, ...nodes, asked, slice("a", "n2")]);
    const planned = plan.services["shop/a"];
    assert.deepEqual([planned?.ips, planned?.l2["198.18.1.3"]?.node], [["198.18.1.3"], "n2"]);
  });

  it("OLD-4: takes v0.9.5's readiness by address for the pools of BGP", () => {
    const text = `peers: [{my-asn: 1, peer-asn: 2, peer-address: 192.0.2.1}]
address-pools: [{name: wan, protocol: bgp, addresses: [198.18.1.0/30]}]`;
    const metadata = { name: "config", namespace };
    const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { config: text } };
    const address = { ip: "10.0.0.1", nodeName: "n1" };
    const endpoints = (subsets: object[]) => ({
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name: "a", namespace: "shop" },
      subsets,
    });
    const routes = (subsets: object[]) =>
      planOf([configMap, ...nodes, service("a"), endpoints(subsets)]).services["shop/a"]?.bgp
        .length;
    assert.equal(routes([{ addresses: [address] }]), 2);
    assert.equal(routes([{ addresses: [address] }, { notReadyAddresses: [address] }]), 0);
  });

  it("CFG-50: leaves services as they are when the configuration is refused, with its findings", () => {
    const broken = pool("lan", "198.18.1.0/33");
    const plan = planOf([broken, ...nodes, service("a", { ip: "198.18.1.1" }), service("b")]);
    assert.equal(plan.findings[0]?.severity, "error");
    assert.deepEqual(ipsOf(plan), { "shop/a": "198.18.1.1", "shop/b": "" });
    assert.match(plan.services["shop/a"]?.reason ?? "", /^no configuration is in force/);
  });

  it("CFG-3: gives addresses though a peer is wrong, but nobody announces them", () => {
    const peer = ours("BGPPeer", "tor", { myASN: 0, peerASN: 2, peerAddress: "192.0.2.1" });
    const plan = planOf([...lan, peer, ...nodes, service("a")]);
    assert.deepEqual(codesOf(plan), ["CFG-20", "PLAN-2"]);
    assert.deepEqual(ipsOf(plan), { "shop/a": "198.18.1.0" });
    const { l2, reason = "" } = plan.services["shop/a"] ?? {};
    assert.deepEqual(l2, {});
    assert.match(
      reason,
      /^Assigned IP .*; but speakers .* announce nothing \(CFG-20: missing local/,
    );
  });

  it("IPAM-62: leaves services of another class alone", () => {
    const other = service("a", { spec: { loadBalancerClass: "acme.example/lb" } });
    const reason = planOf([...lan, other]).services["shop/a"]?.reason ?? "";
    assert.match(reason, /has loadBalancerClass "acme.example\/lb", so another/);
    const ours = planOf([...lan, other], { loadBalancerClass: "acme.example/lb" });
    assert.deepEqual(ipsOf(ours), { "shop/a": "198.18.1.0" });
  });

  it("says once what it takes for granted", () => {
    const fresh = service("a", { spec: { clusterIP: undefined, ipFamilies: ["IPv6"] } });
    const dual = [pool("dual", "2001:db8::/126"), ours("L2Advertisement", "lan")];
    const plan = planOf([...dual, fresh, service("b")]);
    assert.deepEqual(codesOf(plan), ["PLAN-3", "PLAN-1", "PLAN-2"]);
    assert.equal(ipsOf(plan)["shop/a"], "2001:db8::");
    assert.deepEqual(codesOf(planOf([...nodes])), ["PLAN-5"]);
    const assumed = planOf([...lan, ...nodes, service("a")]);
    assert.ok(assumed.services["shop/a"]?.l2["198.18.1.0"]?.node);
    const known = planOf([...lan, ...nodes, service("a"), slice("other", "n1")]);
    assert.equal(known.services["shop/a"]?.l2["198.18.1.0"]?.node, null);
  });

  it("takes the families of new services from the cluster's others", () => {
    const dual = ours("IPAddressPool", "dual", { addresses: ["198.18.1.0/30", "2001:db8::/126"] });
    const old = service("old", { spec: { clusterIPs: ["10.96.0.1", "fd00::1"] } });
    const spec = { clusterIP: undefined, ipFamilyPolicy: "PreferDualStack" };
    const plan = planOf([dual, old, service("new", { spec })]);
    assert.equal(plan.services["shop/new"]?.ips.length, 2);
    const alone = planOf([dual, service("new", { spec })]);
    assert.equal(alone.services["shop/new"]?.ips.length, 1);
  });
});

describe("viewCluster", () => {
  it("leaves out what has not the shape of its kind, and names the field", () => {
    const bad = [
      { apiVersion: "v1", kind: "Service" },
      { ...service("a"), spec: { ports: [{ port: "http" }] } },
      { ...service("b"), status: { loadBalancer: { ingress: "none" } } },
      { ...node("n1"), metadata: { name: "n1", labels: { rack: 1 } } },
      { ...slice("c"), endpoints: {} },
    ];
    const { view, findings } = viewOf([...bad, service("fine", { spec: { ports: null } })]);
    assert.deepEqual([...view.services.keys()], ["shop/fine"]);
    assert.deepEqual(
      findings.map(({ code, object, path }) => `${code} ${object} ${path}`),
      [
        "PLAN-4 Service without a name metadata.name",
        "PLAN-4 Service a spec.ports[0].port",
        "PLAN-4 Service b status.loadBalancer.ingress",
        "PLAN-4 Node n1 metadata.labels.rack",
        "PLAN-4 EndpointSlice c endpoints",
      ],
    );
    assert.deepEqual(Object.keys(planCluster(view, options).services), ["shop/fine"]);
  });

  it("passes over kinds of other groups and CRD-2: configuration of other namespaces", () => {
    const stranger = { ...service("a"), apiVersion: "serving.knative.dev/v1" };
    const elsewhere = pool("lan", "198.18.1.0/30");
    const metadata = { name: "lan", namespace: "default" };
    const { view } = viewOf([stranger, { ...elsewhere, metadata }]);
    assert.equal(view.services.size, 0);
    assert.deepEqual(view.resources.pools, []);
  });

  it("LOG-3: keeps the names of a secret's keys, never their values", () => {
    const data = { password: "c2VjcmV0" };
    const metadata = { name: "tor", namespace };
    const { view } = viewOf([{ apiVersion: "v1", kind: "Secret", metadata, data }]);
    assert.deepEqual(Object.keys(view.resources.secrets.get("tor")?.data ?? {}), ["password"]);
    assert.ok(!JSON.stringify([...view.resources.secrets]).includes("c2VjcmV0"));
  });
});

describe("changeView", () => {
  const before = [
    ...lan,
    ...nodes,
    service("a"),
    service("b", { spec: { clusterIP: "10.96.0.9" } }),
  ];
  const after = (given: readonly object[], isPartial = false) => {
    const { view } = viewOf(before);
    return changeView(view, planCluster(view, options), viewOf(given).view, { isPartial });
  };

  it("keeps addresses in use under a new configuration that still has them", () => {
    const view = after([pool("aaa", "198.18.0.0/30"), pool("lan", "198.18.1.0/24")]);
    assert.deepEqual(ipsOf(planCluster(view, options)), {
      "shop/a": "198.18.1.0",
      "shop/b": "198.18.1.1",
    });
  });

  it("replaces Services as a whole, or only those that are named", () => {
    const changed = { ...service("b"), spec: { type: "LoadBalancer" } };
    const keys = (isPartial: boolean) => [...after([changed], isPartial).services.keys()];
    assert.deepEqual(keys(false), ["shop/b"]);
    assert.deepEqual(keys(true), ["shop/a", "shop/b"]);
    const kept: Service | undefined = after([changed], true).services.get("shop/b");
    assert.equal(kept?.spec.clusterIP, "10.96.0.9");
  });
});

describe("explainService", () => {
  const world = [...lan, ...nodes, slice("a", "n1")];
  const explain = (objects: readonly object[], key: string) =>
    explainService(viewOf(objects).view, key, options);

  it("tells the request, what each pool answers, and the place of every node", () => {
    const manual = pool("manual", "198.18.2.0/30", { autoAssign: false });
    const found = explain([...world, manual, service("a", { ip: "198.18.1.2" })], "shop/a");
    assert.ok(found);
    assert.deepEqual([found.ips, found.shown, found.pool], [["198.18.1.2"], ["198.18.1.2"], "lan"]);
    assert.deepEqual(found.request.clusterIPs, ["10.96.0.1"]);
    const trials = found.pools.map(({ pool, isAutomatic, offer }) => [pool, isAutomatic, offer]);
    assert.deepEqual(trials, [
      ["lan", true, ["198.18.1.0"]],
      ["manual", false, ["198.18.2.0"]],
    ]);
    assert.equal(found.l2["198.18.1.2"]?.candidates.length, 2);
  });

  it("names those who share the address", () => {
    const annotations = { "metallb.io/allow-shared-ip": "k" };
    const a = service("a", { annotations });
    const b = service("b", { annotations, spec: { ports: [{ port: 443 }] } });
    assert.deepEqual(explain([...world, a, b, service("c")], "shop/a")?.sharesWith, ["shop/b"]);
  });

  it("says of each node why it does not advertise by BGP", () => {
    const bgp = [
      pool("wan", "203.0.113.0/24"),
      ours("BGPAdvertisement", "wan"),
      ours("BGPPeer", "tor", { myASN: 1, peerASN: 2, peerAddress: "192.0.2.1" }),
    ];
    const local = service("a", { spec: { externalTrafficPolicy: "Local" } });
    const found = explain([...bgp, ...nodes, slice("a", "n1"), local], "shop/a");
    assert.deepEqual(
      found?.bgpNodes.map(({ node, advertises }) => [node, advertises]),
      [
        ["n1", true],
        ["n2", false],
      ],
    );
  });

  it("IPAM-25: shows who holds the addresses of the pools where nothing is left", () => {
    const small = pool("lan", "198.18.1.0/31");
    const holders = [service("b", { ip: "198.18.1.1" }), service("c", { ip: "198.18.1.0" })];
    const found = explain([small, ...holders, service("a")], "shop/a");
    assert.deepEqual(found?.ips, []);
    assert.deepEqual(found?.holders, [
      { pool: "lan", ip: "198.18.1.0", service: "shop/c" },
      { pool: "lan", ip: "198.18.1.1", service: "shop/b" },
    ]);
    assert.deepEqual(explain([small, ...holders], "shop/b")?.holders, []);
  });

  it("tells the fault of the configuration, the type, and that there is no such service", () => {
    const broken = explain([pool("lan", "198.18.1.0/33"), service("a")], "shop/a");
    assert.match(broken?.reason ?? "", /^no configuration is in force.* \(CFG-10: /);
    const internal = explain([...world, service("a", { spec: { type: "ClusterIP" } })], "shop/a");
    assert.match(internal?.reason ?? "", /of type ClusterIP; only LoadBalancer/);
    assert.equal(explain(world, "shop/none"), undefined);
  });
});
