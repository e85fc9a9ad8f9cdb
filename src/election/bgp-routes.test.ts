import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BgpAdvertisement, Peer, Pool } from "../config/index.ts";
import { bgpAdvertisement as advertisement } from "../testing/bgp-config.ts";
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from "../ip/index.ts";
import { viewService, type Node, type Service } from "../kube/index.ts";
import { bgpRoutes, bgpSessions, type BgpRoutesInput } from "./bgp-routes.ts";
import type { ServiceEndpoint } from "./service-endpoints.ts";

const node = (name: string, more: Partial<Node> = {}): Node => ({
  metadata: { name, ...more.metadata },
  status: {
    addresses: [
      { type: "ExternalIP", address: "198.51.100.9" },
      { type: "InternalIP", address: `192.0.2.${name.slice(1)}` },
      { type: "InternalIP", address: `2001:db8::${name.slice(1)}` },
    ],
    ...more.status,
  },
});

const labelled = (name: string, labels: Record<string, string>): Node =>
  node(name, { metadata: { name, labels } });

const peer = (name: string, more: Partial<Peer> = {}): Peer => ({
  name,
  localAsn: 64512,
  peerAsn: 64513,
  address: { family: 4, value: 0xc0000201n },
  port: 179,
  nodeSelectors: [[]],
  password: "",
  ebgpMultiHop: false,
  ...more,
});

const poolOf = (
  bgpAdvertisements: readonly BgpAdvertisement[],
  prefixes: readonly string[] = ["203.0.113.0/24"],
): Pool => ({
  name: "wan",
  prefixes: prefixes.map((text) => parsePrefix(text) ?? assert.fail(text)),
  autoAssign: true,
  avoidBuggyIps: false,
  l2Advertisements: [],
  bgpAdvertisements,
});

const serving = (nodeName?: string): ServiceEndpoint => ({
  ...(nodeName !== undefined && { nodeName }),
  isReady: true,
  canServe: true,
});

interface World extends Partial<Omit<BgpRoutesInput, "service" | "ips" | "nodes" | "sessions">> {
  readonly ips?: readonly string[];
  readonly nodes?: readonly Node[];
  readonly peers?: readonly Peer[];
  readonly policy?: string;
  readonly labels?: Record<string, string>;
}

function routesOf(world: World) {
  const { ips = ["203.0.113.5"], nodes = [node("n1"), node("n2")], peers = [peer("tor")] } = world;
  const { policy = "Cluster", labels = {}, ...rest } = world;
  const metadata = { name: "web", namespace: "shop", labels };
  const service: Service = { metadata, spec: { externalTrafficPolicy: policy } };
  const byName = new Map(nodes.map((one) => [one.metadata.name, one]));
  return bgpRoutes({
    pool: poolOf([advertisement()]),
    endpoints: [serving("n1")],
    ignoresExcludeLabel: false,
    generation: "modern",
    bgpType: "frr",
    ...rest,
    service: viewService(service),
    ips: ips.map((text) => parseAddress(text) ?? assert.fail(text)),
    nodes: byName,
    sessions: bgpSessions(peers, byName),
  });
}

/** `node peer prefix localPref communities large nextHop`, one line a route. */
function linesOf(world: World): string[] {
  return routesOf(world).routes.map((route) => {
    const { node, peer, prefix, localPref, communities, largeCommunities, nextHop } = route;
    const hop = nextHop === undefined ? "-" : formatAddress(nextHop);
    const attributes = [localPref, communities.join(), largeCommunities.join(), hop];
    return [node, peer, formatPrefix(prefix), ...attributes].join(" ");
  });
}

const refusals = (world: World): string[] =>
  routesOf(world).nodes.map(({ node, isAdvertising, reason }) =>
    isAdvertising ? `${node} advertises` : `${node} ${reason.split(":")[0]}`,
  );

const onlyN1 = { nodes: new Set(["n1"]) };
const red = [[{ key: "colour", operator: "In" as const, values: ["red"] }]];

describe("bgpRoutes", () => {
  it("BGP-31: every node advertises the address to every peer", () => {
    assert.deepEqual(linesOf({}), [
      "n1 tor 203.0.113.5/32 0   192.0.2.1",
      "n2 tor 203.0.113.5/32 0   192.0.2.2",
    ]);
  });

  it("BGP-31: cuts to the aggregation length of the family", () => {
    const ad = advertisement({ aggregationLength: 26, aggregationLengthV6: 64, localPref: 7 });
    const pool = poolOf([ad], ["203.0.113.0/24", "2001:db8:f::/64"]);
    const peers = [peer("tor", { dualStackAddressFamily: true })];
    const ips = ["203.0.113.77", "2001:db8:f::5"];
    assert.deepEqual(linesOf({ pool, peers, ips, nodes: [node("n1")] }), [
      "n1 tor 203.0.113.64/26 7   192.0.2.1",
      "n1 tor 2001:db8:f::/64 7   2001:db8::1",
    ]);
  });

  it("BGP-31: only named peers get it, and names that do not exist are ignored", () => {
    const pool = poolOf([advertisement({ peers: new Set(["b", "ghost"]) })]);
    const peers = [peer("a"), peer("b")];
    const lines = linesOf({ pool, peers, nodes: [node("n1")] });
    assert.deepEqual(lines, ["n1 b 203.0.113.5/32 0   192.0.2.1"]);
  });

  it("BGP-9: a peer is reached from the nodes that any of its selectors matches", () => {
    const nodes = [labelled("n1", { colour: "red" }), node("n2")];
    const peers = [peer("tor", { nodeSelectors: red })];
    assert.deepEqual(refusals({ nodes, peers }), ["n1 advertises", "n2 noPeer"]);
  });

  it("BGP-34, BGP-36: communities of paths for one prefix are united, distinct and in order", () => {
    const large = ["9:0:1", "10:0:1"];
    const ads = [
      advertisement({ communities: [9, 1], largeCommunities: large }),
      advertisement({ communities: [5, 1], largeCommunities: ["9:0:1"] }),
    ];
    const [line] = linesOf({ pool: poolOf(ads) });
    assert.equal(line, "n1 tor 203.0.113.5/32 0 1,5,9 9:0:1,10:0:1 192.0.2.1");
  });

  it("BGP-36, OLD-3: of two advertisements for one prefix v0.9.5 takes the last", () => {
    const ads = [
      advertisement({ localPref: 200, communities: [9] }),
      advertisement({ localPref: 100, communities: [5] }),
    ];
    const lines = linesOf({ pool: poolOf(ads), generation: "legacy", bgpType: "native" });
    assert.equal(lines[0], "n1 tor 203.0.113.5/32 100 5  192.0.2.1");
  });

  it("BGP-28: says which test failed first", () => {
    const excluded = { "node.kubernetes.io/exclude-from-external-load-balancers": "" };
    const cutOff = node("n2", {
      status: { conditions: [{ type: "NetworkUnavailable", status: "True" }] },
    });
    const here = poolOf([advertisement(onlyN1)]);
    assert.deepEqual(refusals({ pool: here }), ["n1 advertises", "n2 notOwner"]);
    const selected = poolOf([advertisement({ serviceSelectors: red })]);
    assert.equal(refusals({ pool: selected })[0], "n1 noMatchingAdvertisement");
    assert.equal(refusals({ pool: selected, labels: { colour: "red" } })[0], "n1 advertises");
    const nodes = [labelled("n1", excluded), cutOff];
    assert.deepEqual(refusals({ nodes }), [
      "n1 nodeLabeledExcludeBalancers",
      "n2 nodeNetworkUnavailable",
    ]);
    assert.equal(refusals({ nodes, ignoresExcludeLabel: true })[0], "n1 advertises");
  });

  it("BGP-28: an advertisement that selects the node but not the service leaves it silent", () => {
    const ads = [
      advertisement({ ...onlyN1, serviceSelectors: red }),
      advertisement({ nodes: new Set(["n2"]) }),
    ];
    const expected = ["n1 noMatchingAdvertisement", "n2 advertises"];
    assert.deepEqual(refusals({ pool: poolOf(ads) }), expected);
  });

  it("BGP-29: `Local` needs an endpoint on the node, otherwise one anywhere will do", () => {
    const expected = ["n1 advertises", "n2 noLocalEndpoints"];
    assert.deepEqual(refusals({ policy: "Local" }), expected);
    const homeless = [serving()];
    assert.equal(refusals({ policy: "Local", endpoints: homeless })[0], "n1 noLocalEndpoints");
    assert.equal(refusals({ endpoints: homeless })[0], "n1 advertises");
    assert.equal(refusals({ endpoints: [] })[0], "n1 noEndpoints");
    const leaving = [{ nodeName: "n1", isReady: false, canServe: true }];
    assert.equal(refusals({ endpoints: leaving })[0], "n1 advertises");
  });

  it("BGP-30: a node that is not ready, cordoned or tainted advertises all the same", () => {
    const spec = { unschedulable: true, taints: [{ key: "x", effect: "NoExecute" }] };
    const conditions = [
      { type: "Ready", status: "False" },
      { type: "NetworkUnavailable", status: "Unknown" },
    ];
    const nodes = [{ ...node("n1"), spec, status: { conditions } }];
    assert.deepEqual(refusals({ nodes }), ["n1 advertises"]);
  });

  it("BGP-33: two values of localPref at one peer for one prefix silence the service", () => {
    const [low, high] = [{ localPref: 1 }, { localPref: 2 }];
    const conflicting = (ads: Partial<BgpAdvertisement>[], prefixes?: string[]): boolean =>
      refusals({ pool: poolOf(ads.map(advertisement), prefixes) })[0]?.endsWith(
        "conflictingAdvertisements",
      ) ?? false;
    const dual = ["203.0.113.0/24", "2001:db8:f::/64"];
    assert.equal(conflicting([low, high]), true);
    assert.equal(conflicting([low, low]), false);
    assert.equal(conflicting([low, { ...high, aggregationLength: 24 }]), false);
    assert.equal(conflicting([low, { ...high, aggregationLength: 24 }], dual), true);
    const bothDiffer = { ...high, aggregationLength: 24, aggregationLengthV6: 64 };
    assert.equal(conflicting([low, bothDiffer], dual), false);
    const [a, b] = [{ peers: new Set(["a"]) }, { peers: new Set(["b"]) }];
    assert.equal(
      conflicting([
        { ...low, ...a },
        { ...high, ...b },
      ]),
      false,
    );
    assert.equal(
      conflicting([
        { ...low, ...a },
        { ...high, ...a },
      ]),
      true,
    );
    assert.equal(conflicting([{ ...low, ...a }, high]), true);
    assert.equal(conflicting([{ ...low, nodes: new Set(["n2"]) }, high]), false);
  });

  it("OLD-3: v0.9.5 looks at endpoints only, ready ones, and speaks IPv4 only", () => {
    const excluded = { "node.kubernetes.io/exclude-from-external-load-balancers": "" };
    const legacy = { generation: "legacy", bgpType: "native" } as const;
    assert.deepEqual(refusals({ ...legacy, nodes: [labelled("n1", excluded)] }), ["n1 advertises"]);
    const leaving = [{ nodeName: "n1", isReady: false, canServe: true }];
    assert.equal(refusals({ ...legacy, endpoints: leaving })[0], "n1 noEndpoints");
    assert.equal(refusals({ ...legacy, ips: ["2001:db8:f::5"] })[0], "n1 notSupported");
  });

  it("FRR-8, FRR-10: a session carries the prefixes of its own family, a dual or unnumbered one all", () => {
    const v6 = { address: { family: 6, value: 1n } } as const;
    const { address: _, ...unnumbered } = peer("unnumbered", { interface: "eth1" });
    const peers = [peer("v4"), peer("v6", v6), unnumbered];
    const pool = poolOf([advertisement()], ["203.0.113.0/24", "2001:db8:f::/64"]);
    const world = { pool, peers, ips: ["203.0.113.5", "2001:db8:f::5"], nodes: [node("n1")] };
    assert.deepEqual(linesOf(world), [
      "n1 v4 203.0.113.5/32 0   192.0.2.1",
      "n1 v6 2001:db8:f::5/128 0   2001:db8::1",
      "n1 unnumbered 203.0.113.5/32 0   -",
      "n1 unnumbered 2001:db8:f::5/128 0   -",
    ]);
  });

  it("BGP-48: a native session over IPv6 carries IPv4, with its own address as next hop", () => {
    const peers = [peer("v6", { address: { family: 6, value: 1n } })];
    const lines = linesOf({ peers, bgpType: "native", nodes: [node("n1")] });
    assert.deepEqual(lines, ["n1 v6 203.0.113.5/32 0   2001:db8::1"]);
  });

  it("BGP-68: the source address of a peer is the next hop; an unknown one is left open", () => {
    const peers = [peer("tor", { sourceAddress: { family: 4, value: 0xc0000263n } })];
    assert.match(linesOf({ peers })[0] ?? "", / 192\.0\.2\.99$/);
    assert.match(linesOf({ nodes: [{ metadata: { name: "n1" } }] })[0] ?? "", / -$/);
  });
});
