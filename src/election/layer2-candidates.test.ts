import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { L2Advertisement, Pool } from "../config/index.ts";
import { parseAddress } from "../ip/index.ts";
import { parseAbility } from "../layer2/index.ts";
import { type Labels, type Node, viewService } from "../kube/index.ts";
import {
  type Layer2Candidate,
  layer2Candidates,
  type Layer2Question,
} from "./layer2-candidates.ts";
import type { ServiceEndpoint } from "./service-endpoints.ts";

const EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers";

function node(name: string, conditions: Record<string, string> = {}, labels: Labels = {}): Node {
  const list = Object.entries(conditions).map(([type, status]) => ({ type, status }));
  return { metadata: { name, labels }, status: { conditions: list } };
}

function advertisement(more: Partial<L2Advertisement> = {}): L2Advertisement {
  const all = { nodes: undefined, interfaces: undefined };
  return { name: "ad", ...all, serviceSelectors: [], preference: new Map(), ...more };
}

function poolWith(...l2Advertisements: L2Advertisement[]): Pool {
  const rest = { prefixes: [], autoAssign: true, avoidBuggyIps: false, bgpAdvertisements: [] };
  return { name: "lan", ...rest, l2Advertisements };
}

interface ServiceWish {
  readonly labels?: Labels;
  readonly annotations?: Record<string, string>;
  readonly policy?: string;
}

function serviceOf({ labels = {}, annotations = {}, policy = "Cluster" }: ServiceWish) {
  return viewService({
    metadata: { name: "nginx", namespace: "default", labels, annotations },
    spec: { type: "LoadBalancer", externalTrafficPolicy: policy },
  });
}

const serving = (nodeName?: string): ServiceEndpoint => ({
  ...(nodeName !== undefined && { nodeName }),
  isReady: true,
  canServe: true,
});
const silent: ServiceEndpoint = { nodeName: "knode1", isReady: false, canServe: false };
const NODES = new Map(["kmaster", "knode1", "knode2"].map((name) => [name, node(name)]));

function candidates(more: Partial<Layer2Question> = {}, wish: ServiceWish = {}) {
  return layer2Candidates({
    service: serviceOf(wish),
    ip: parseAddress("192.168.1.240")!,
    pool: poolWith(advertisement()),
    endpoints: [serving("knode1")],
    nodes: NODES,
    isAlive: () => true,
    ignoresExcludeLabel: false,
    generation: "modern",
    ...more,
  });
}

const order = (found: readonly Layer2Candidate[]): string[] =>
  found.filter(({ eligible }) => eligible).map(({ node: name }) => name);
const reasonOf = (found: readonly Layer2Candidate[], name: string): string | undefined =>
  found.find((candidate) => candidate.node === name)?.reason;

describe("candidates of later releases", () => {
  it("L2-41 L2-43: all nodes stand in the order of their digests, each with its rank and reason", () => {
    assert.deepEqual(candidates(), [
      { node: "knode2", eligible: true, reason: "first in the order", rank: 1 },
      { node: "knode1", eligible: true, reason: "comes after knode2", rank: 2 },
      { node: "kmaster", eligible: true, reason: "comes after knode1", rank: 3 },
    ]);
  });

  it("L2-20 L2-23 TV-87: with Cluster every node stands, but only while something can serve", () => {
    const none = candidates({ endpoints: [silent] });
    assert.deepEqual(order(none), []);
    assert.equal(reasonOf(none, "knode2"), "no endpoint of the service can serve");
    assert.equal(none.length, 3);
  });

  it("L2-26: an endpoint that ends but still serves is enough", () => {
    const ending = { nodeName: "kmaster", isReady: false, canServe: true };
    assert.equal(order(candidates({ endpoints: [ending] })).length, 3);
  });

  it("L2-23 L2-27: with Local only nodes with an endpoint that can serve; one without a node adds none", () => {
    const local = { policy: "Local" };
    const found = candidates({ endpoints: [serving("knode1"), serving()] }, local);
    assert.deepEqual(order(found), ["knode1"]);
    assert.match(reasonOf(found, "knode2") ?? "", /Local/);
    assert.deepEqual(order(candidates({ endpoints: [serving()] }, local)), []);
    assert.equal(order(candidates({ endpoints: [serving()] })).length, 3);
  });

  it("L2-22: a node whose speaker is not alive is left out", () => {
    const found = candidates({ isAlive: (name) => name !== "knode2" });
    assert.deepEqual(order(found), ["knode1", "kmaster"]);
    assert.match(reasonOf(found, "knode2") ?? "", /speaker/);
  });

  it("L2-21 L2-29: with a gossip list its names stand, also one that the API does not know, and no others", () => {
    const found = candidates({ speakers: new Set(["stranger"]) });
    assert.deepEqual(order(found), ["stranger"]);
    assert.equal(reasonOf(found, "knode1"), "the node's speaker is not alive");
  });

  it("L2-24: the exclude label counts with any value, unless it is ignored", () => {
    const nodes = new Map(NODES).set("knode1", node("knode1", {}, { [EXCLUDE]: "false" }));
    nodes.set("knode2", node("knode2", {}, { [EXCLUDE]: "" }));
    const found = candidates({ nodes });
    assert.deepEqual(order(found), ["kmaster"]);
    assert.match(reasonOf(found, "knode1") ?? "", /exclude-from-external-load-balancers/);
    assert.equal(order(candidates({ nodes, ignoresExcludeLabel: true })).length, 3);
  });

  it("L2-25: NetworkUnavailable excludes only when it is True", () => {
    const nodes = new Map(NODES).set("knode1", node("knode1", { NetworkUnavailable: "True" }));
    nodes.set("knode2", node("knode2", { NetworkUnavailable: "Unknown" }));
    const found = candidates({ nodes });
    assert.deepEqual(order(found), ["knode2", "kmaster"]);
    assert.match(reasonOf(found, "knode1") ?? "", /NetworkUnavailable/);
  });

  it("L2-30: one matching advertisement that selects the node is enough", () => {
    const pool = poolWith(
      advertisement({ nodes: new Set(["knode1"]) }),
      advertisement({ nodes: new Set(["kmaster"]) }),
    );
    const found = candidates({ pool });
    assert.deepEqual(order(found), ["knode1", "kmaster"]);
    assert.match(reasonOf(found, "knode2") ?? "", /L2Advertisement selects/);
  });

  it("L2-35: without an advertisement nobody announces", () => {
    const found = candidates({ pool: poolWith() });
    assert.deepEqual(order(found), []);
    assert.match(reasonOf(found, "knode2") ?? "", /no L2Advertisement of pool "lan"/);
  });

  it("L2-36: service selectors look at the service's labels, one match is enough", () => {
    const selector = (value: string) => [{ key: "tier", operator: "In" as const, values: [value] }];
    const serviceSelectors = [selector("web"), selector("api")];
    const pool = poolWith(advertisement({ serviceSelectors }));
    assert.equal(order(candidates({ pool }, { labels: { tier: "api" } })).length, 3);
    assert.equal(order(candidates({ pool }, { labels: { tier: "db" } })).length, 0);
  });

  for (const key of ["metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip"]) {
    it(`L2-37: with ${key} and service selectors nobody announces`, () => {
      const serviceSelectors = [[{ key: "tier", operator: "Exists" as const, values: [] }]];
      const pool = poolWith(advertisement(), advertisement({ serviceSelectors }));
      const shared = { annotations: { [key]: "" }, labels: { tier: "web" } };
      assert.deepEqual(order(candidates({ pool }, shared)), []);
      assert.equal(order(candidates({}, shared)).length, 3);
      // The advertisement with selectors must match the service to count.
      assert.equal(order(candidates({ pool }, { annotations: { [key]: "" } })).length, 3);
    });
  }

  it("L2-38 L2-75: interfaces of matching advertisements add up for each node, and do not decide", () => {
    const pool = poolWith(
      advertisement({ interfaces: new Set(["eth1", "eth0"]) }),
      advertisement({ interfaces: new Set(["eth2"]), nodes: new Set(["knode1"]) }),
      advertisement({ nodes: new Set(["kmaster"]) }),
    );
    assert.deepEqual(
      candidates({ pool }).map(({ node: name, interfaces }) => [name, interfaces]),
      [
        ["knode2", ["eth0", "eth1"]],
        ["knode1", ["eth0", "eth1", "eth2"]],
        ["kmaster", undefined],
      ],
    );
  });

  it("L2-44 L2-45 L2-46 CFG-37: preferences add up and come before the digest, from every matching advertisement", () => {
    const preference = new Map([["kmaster", 60]]);
    const pool = poolWith(
      advertisement({ preference }),
      advertisement({ preference }),
      advertisement({ preference: new Map([["knode1", 100]]), nodes: new Set(["knode1"]) }),
    );
    assert.deepEqual(order(candidates({ pool })), ["kmaster", "knode1", "knode2"]);
  });

  it("L2-44: preferences of an advertisement that does not match the service do not count", () => {
    const serviceSelectors = [[{ key: "tier", operator: "Exists" as const, values: [] }]];
    const preference = new Map([["kmaster", 100]]);
    const pool = poolWith(advertisement(), advertisement({ preference, serviceSelectors }));
    assert.equal(order(candidates({ pool }))[0], "knode2");
    assert.equal(order(candidates({ pool }, { labels: { tier: "x" } }))[0], "kmaster");
  });
});

describe("candidates whose speakers tell of their interfaces", () => {
  const abilities = new Map(
    [
      ["knode1", "eth0:192.168.1.0/24"],
      ["knode2", "eth0:10.0.0.0/8"],
      ["kmaster", "eth0!carrier:192.168.1.0/24"],
    ].map(([name = "", text = ""]) => [name, parseAbility(text)]),
  );
  const aware = poolWith(advertisement({ isSubnetAware: true }));
  const told = (found: readonly Layer2Candidate[]) =>
    found.map(({ node: name, rank = "-", reason }) => `${rank} ${name}: ${reason}`);

  it("are left out where they are not in the subnet that the advertisement is aware of, and told so", () => {
    assert.deepEqual(told(candidates({ pool: aware, abilities })), [
      "1 knode1: first in the order",
      "2 kmaster: comes after knode1, but its interface eth0 has no carrier",
      "- knode2: none of its interfaces has an address in the subnet of 192.168.1.240 (metallb-ts/subnet-aware), and another node can answer",
    ]);
    assert.equal(order(candidates({ abilities }))[0], "knode2");
  });

  it("are told to be unknown where nobody tells of subnets", () => {
    assert.deepEqual(
      told(candidates({ pool: aware }))[0],
      "1 knode2: first in the order, but it is not known here whether it is in the subnet (metallb-ts/subnet-aware)",
    );
    assert.equal(
      told(candidates({ pool: aware, abilities: new Map() }))[0],
      "1 knode2: first in the order",
    );
  });

  it("stand after all where no node in the subnet can answer", () => {
    const ip = parseAddress("203.0.113.9")!;
    assert.deepEqual(told(candidates({ pool: aware, abilities, ip })), [
      "1 knode1: first in the order of those that can answer, but none of its interfaces has an address in the subnet of 203.0.113.9",
      "2 knode2: comes after knode1, but none of its interfaces has an address in the subnet of 203.0.113.9",
      "3 kmaster: comes after knode2, but none of its interfaces has an address in the subnet of 203.0.113.9",
    ]);
  });

  it("are the speakers' own choice where the node that announces now cannot answer and addresses are spread", () => {
    const pool = poolWith(advertisement({ preempt: false, spread: "bounded" }));
    const found = candidates({ pool, abilities, announcer: "kmaster", spreadTo: "knode1" });
    assert.deepEqual(told(found), [
      "1 knode1: spread: shares of nodes are even",
      "2 knode2: comes after knode1",
      "3 kmaster: comes after knode2, but its interface eth0 has no carrier",
    ]);
  });

  it("go by the order alone while a stock speaker is among them, whatever the annotations ask for", () => {
    const pool = poolWith(advertisement({ preempt: false }));
    const question = { pool, announcer: "kmaster" };
    assert.deepEqual(order(candidates(question))[0], "kmaster");
    const found = candidates({ ...question, stock: new Set(["knode1"]) });
    assert.deepEqual(order(found)[0], "knode2");
    assert.equal(
      reasonOf(found, "knode2"),
      "first in the order, which alone counts while node knode1 has MetalLB's own speaker",
    );
    assert.equal(order(candidates({ stock: new Set(["knode1"]) }))[0], "knode2");
    assert.equal(
      reasonOf(candidates({ stock: new Set(["knode1"]) }), "knode2"),
      "first in the order",
    );
  });
});

describe("candidates of v0.9.5", () => {
  const legacy = { generation: "legacy", pool: { ...poolWith(advertisement()) } } as const;
  const layer2 = { ...legacy, pool: { ...legacy.pool, protocol: "layer2" as const } };

  it("L2-40 L2-21 L2-51: nodes with a ready endpoint in the order of the service's name, labels not looked at", () => {
    const nodes = new Map(NODES).set("knode1", node("knode1", {}, { [EXCLUDE]: "" }));
    const endpoints = [serving("knode1"), serving("knode2")];
    const found = candidates({ ...layer2, nodes, endpoints });
    assert.deepEqual(order(found), ["knode1", "knode2"]);
    assert.match(reasonOf(found, "kmaster") ?? "", /no endpoint/);
  });

  it("L2-22 L2-48: who is not alive is left out, the next takes over", () => {
    const endpoints = [serving("knode1"), serving("knode2")];
    const found = candidates({ ...layer2, endpoints, isAlive: (name) => name !== "knode1" });
    assert.deepEqual(order(found), ["knode2"]);
    assert.match(reasonOf(found, "knode1") ?? "", /speaker/);
  });

  it("L2-7: a pool of another protocol is not announced by layer 2", () => {
    const bgp = { ...legacy.pool, protocol: "bgp" as const };
    const found = candidates({ ...legacy, pool: bgp });
    assert.deepEqual(order(found), []);
    assert.match(reasonOf(found, "knode1") ?? "", /layer 2/);
  });
});
