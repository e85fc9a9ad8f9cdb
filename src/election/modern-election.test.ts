import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { L2Advertisement, Pool } from "../config/index.ts";
import { parseAddress, parsePrefix } from "../ip/index.ts";
import { type Node, viewService } from "../kube/index.ts";
import type { AnsweringAbility, AnsweringInterface } from "../layer2/index.ts";
import { type ElectionSubject, refusalOf } from "./election-outcome.ts";
import { Electorate } from "./electorate.ts";
import { layer2Candidates } from "./layer2-candidates.ts";
import { electionKey, electionOrder } from "./layer2-election.ts";
import { ModernElection } from "./modern-election.ts";
import type { ServiceEndpoint } from "./service-endpoints.ts";

const NAMES = Array.from({ length: 24 }, (_, index) => `n${index}`);
const EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers";

type State = "ready" | "unready" | "excluded" | "unreachable" | "gone";

function nodeIn(name: string, state: State): Node | undefined {
  if (state === "gone") return undefined;
  const conditions = [
    { type: "Ready", status: state === "unready" ? "Unknown" : "True" },
    { type: "NetworkUnavailable", status: state === "unreachable" ? "True" : "False" },
  ];
  const labels = state === "excluded" ? { [EXCLUDE]: "" } : {};
  return { metadata: { name, labels }, status: { conditions } };
}

const anyName = fc.constantFrom(...NAMES);
const anyNames = fc.option(fc.uniqueArray(anyName, { maxLength: 20 }), { nil: undefined });
const anySelectors = fc.constantFrom(
  [],
  [[{ key: "tier", operator: "In" as const, values: ["web"] }]],
);
const anyAdvertisement = fc
  .record({
    nodes: anyNames,
    serviceSelectors: anySelectors,
    interface: fc.constantFrom(undefined, undefined, "eth0", "mgmt"),
    isSubnetAware: fc.boolean(),
    preferred: fc.option(anyName, { nil: undefined, freq: 6 }),
  })
  .map(({ nodes, serviceSelectors, preferred, isSubnetAware, ...ad }): L2Advertisement => ({
    name: "ad",
    nodes: nodes && new Set(nodes),
    interfaces: ad.interface === undefined ? undefined : new Set([ad.interface]),
    isSubnetAware,
    serviceSelectors,
    preference: new Map(preferred === undefined ? [] : [[preferred, 10]]),
  }));

function poolWith(l2Advertisements: readonly L2Advertisement[]): Pool {
  const rest = { prefixes: [], autoAssign: true, avoidBuggyIps: false, bgpAdvertisements: [] };
  return { name: "lan", ...rest, l2Advertisements };
}

const anyService = fc
  .record({
    isLocal: fc.boolean(),
    tier: fc.constantFrom("web", "db"),
    isShared: fc.boolean(),
    last: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ isLocal, tier, isShared, last }) => ({
    ip: parseAddress(`192.168.1.${last}`)!,
    service: viewService({
      metadata: {
        name: "web",
        namespace: "shop",
        labels: { tier },
        annotations: isShared ? { "metallb.io/allow-shared-ip": "k" } : {},
      },
      spec: { type: "LoadBalancer", externalTrafficPolicy: isLocal ? "Local" : "Cluster" },
    }),
  }));

const anyEndpoints = fc.array(
  fc.record({ nodeName: anyName, isReady: fc.boolean(), canServe: fc.boolean() }),
  { maxLength: 12 },
);

const anyState = fc.constantFrom<State>(
  "ready",
  "ready",
  "unready",
  "excluded",
  "unreachable",
  "gone",
);

const LAN: AnsweringInterface[] = [
  { name: "eth0", link: "up", families: [4, 6], subnets: [parsePrefix("192.168.1.0/24")!] },
  { name: "mgmt", link: "up", families: [4, 6], subnets: [] },
];
const anyAbility = fc
  .record({
    eth0: fc.constantFrom("up" as const, "up" as const, "settling" as const, "carrier" as const),
    mgmt: fc.constantFrom("up" as const, "down" as const),
    isInSubnet: fc.boolean(),
  })
  .map(({ eth0, mgmt, isInSubnet }): AnsweringAbility => {
    const subnets = isInSubnet ? LAN[0]!.subnets : [];
    const interfaces = [
      { ...LAN[0]!, subnets, link: eth0 },
      { ...LAN[1]!, link: mgmt },
    ];
    return {
      tellsLinks: true,
      interfaces: new Map(interfaces.map((one) => [one.name, one])),
      others: "none",
    };
  });
/** Members, with what those of our kind say of themselves. */
const anyRing = fc.uniqueArray(
  fc.tuple(anyName, fc.option(anyAbility, { nil: undefined, freq: 3 })),
  { selector: ([name]) => name },
);

const anyChange = fc.oneof(
  { weight: 2, arbitrary: fc.record({ ring: anyRing }) },
  { weight: 6, arbitrary: fc.record({ node: anyName, state: anyState }) },
  { weight: 1, arbitrary: fc.record({ service: anyService }) },
  { weight: 1, arbitrary: fc.record({ endpoints: anyEndpoints }) },
  { weight: 1, arbitrary: fc.record({ ads: fc.array(anyAdvertisement, { maxLength: 3 }) }) },
);

describe("election of later releases", () => {
  it("L2-20 L2-22..L2-25 L2-30 L2-31 L2-36 L2-37 L2-44 L2-48: what is kept never shows: any history elects as the list of candidates says", () => {
    fc.assert(
      fc.property(anyService, fc.array(anyChange, { maxLength: 60 }), (start, changes) => {
        const electorate = new Electorate(false);
        const election = new ModernElection(electorate);
        const nodes = new Map<string, Node>();
        const setNode = (name: string, state: State): void => {
          const node = nodeIn(name, state);
          if (node === undefined) nodes.delete(name);
          else nodes.set(name, node);
          electorate.setNode(name, node);
        };
        for (const name of NAMES.slice(0, 16)) setNode(name, "ready");
        const endpoints: ServiceEndpoint[] = [{ nodeName: "n1", isReady: true, canServe: true }];
        let subject: ElectionSubject = { ...start, endpoints, pool: poolWith([]) };
        let abilities = new Map<string, AnsweringAbility>();
        let speakers: ReadonlySet<string> | undefined;
        for (const change of changes) {
          if ("ring" in change) {
            speakers = new Set(change.ring.map(([name]) => name));
            abilities = new Map(change.ring.flatMap(([name, one]) => (one ? [[name, one]] : [])));
            electorate.setMembers(speakers, abilities);
          } else if ("state" in change) setNode(change.node, change.state);
          else if ("service" in change) subject = { ...subject, ...change.service };
          else if ("endpoints" in change) subject = { ...subject, endpoints: change.endpoints };
          else subject = { ...subject, pool: poolWith(change.ads) };
          const isAlive = (name: string): boolean => electorate.isAlive(name);
          const first = layer2Candidates({
            ...subject,
            nodes,
            isAlive,
            abilities,
            ...(speakers !== undefined && { speakers }),
            ignoresExcludeLabel: false,
            generation: "modern",
          }).find(({ rank }) => rank === 1)?.node;
          const outcome = election.elect(subject);
          assert.equal(outcome.owner, first);
          const winners = NAMES.filter((name) => refusalOf(outcome, name) === undefined);
          assert.deepEqual(winners, first === undefined ? [] : [first]);
        }
      }),
      { numRuns: 300 },
    );
  });

  const four = (): Electorate => {
    const electorate = new Electorate(false);
    for (const name of NAMES.slice(0, 4)) electorate.setNode(name, nodeIn(name, "ready"));
    return electorate;
  };
  const service = viewService({
    metadata: { name: "web", namespace: "shop", annotations: { "metallb.io/allow-shared-ip": "" } },
    spec: { type: "LoadBalancer" },
  });
  const ad = {
    name: "ad",
    nodes: new Set(["n1"]),
    interfaces: undefined,
    serviceSelectors: [],
    preference: new Map<string, number>(),
  };
  const subject: ElectionSubject = {
    service,
    ip: parseAddress("192.168.1.1")!,
    pool: poolWith([ad]),
    endpoints: [{ isReady: true, canServe: true }],
  };

  it("L2-20 L2-31 L2-37: reasons come in the order: endpoints, shared address, own node", () => {
    const election = new ModernElection(four());
    const selecting = { ...ad, serviceSelectors: [[]] };
    const shared = { ...subject, pool: poolWith([selecting]) };
    const refusal = (one: ElectionSubject, node: string) => refusalOf(election.elect(one), node);
    assert.equal(refusal({ ...shared, endpoints: [] }, "n2"), "notOwner");
    assert.equal(refusal(shared, "n2"), "sharedIPWithServiceSelector");
    assert.equal(refusal(subject, "n2"), "noMatchingAdvertisement");
    assert.equal(refusal(subject, "n1"), undefined);
    assert.deepEqual(election.elect(subject).advertisements, [ad]);
  });

  it("L2-20 L2-37: where no node may announce, nobody looks at the nodes, and the claim is told all the same", () => {
    const electorate = new (class extends Electorate {
      override get names(): ReadonlySet<string> {
        return assert.fail("looked at the nodes");
      }
    })(false);
    const election = new ModernElection(electorate);
    const sticky = poolWith([{ ...ad, nodes: undefined, preempt: false, serviceSelectors: [[]] }]);
    const unserved = election.elect({ ...subject, pool: sticky, endpoints: [] });
    assert.deepEqual([unserved.owner, unserved.refusal], [undefined, "notOwner"]);
    assert.equal(unserved.claimed, "192.168.1.1");
    const shared = election.elect({ ...subject, pool: sticky });
    assert.deepEqual([shared.owner, shared.refusal], [undefined, "sharedIPWithServiceSelector"]);
  });

  it("L2-48: after nodes of the front went and a last one came, the next in the whole order announces", () => {
    const everywhere = { ...subject, pool: poolWith([{ ...ad, nodes: undefined }]) };
    const order = electionOrder(NAMES, electionKey(everywhere.ip));
    const last = order.at(-1) ?? "";
    const electorate = new Electorate(false);
    for (const name of order.slice(0, -1)) electorate.setNode(name, nodeIn(name, "ready"));
    const election = new ModernElection(electorate);
    const winner = (): string | undefined => election.elect(everywhere).owner;
    assert.equal(winner(), order[0]);
    for (const name of order.slice(0, 4)) electorate.setNode(name, undefined);
    electorate.setNode(last, nodeIn(last, "ready"));
    assert.equal(winner(), order[4]);
    for (const name of order.slice(4, 8)) electorate.setNode(name, nodeIn(name, "unready"));
    assert.equal(winner(), order[8]);
  });

  it("L2-44: preferences that come and go change the order at once", () => {
    const electorate = new Electorate(false);
    for (const name of NAMES) electorate.setNode(name, nodeIn(name, "ready"));
    const election = new ModernElection(electorate);
    const order = electionOrder(NAMES, electionKey(subject.ip));
    const preferred = order.at(-1) ?? "";
    const winner = (preference: ReadonlyMap<string, number>): string | undefined => {
      const pool = poolWith([{ ...ad, nodes: undefined, preference }]);
      return election.elect({ ...subject, pool }).owner;
    };
    assert.equal(winner(new Map()), order[0]);
    assert.equal(winner(new Map([[preferred, 1]])), preferred);
    assert.equal(winner(new Map()), order[0]);
  });

  it("L2-35: a pool without advertisement has no announcer", () => {
    const election = new ModernElection(four());
    const outcome = election.elect({ ...subject, pool: poolWith([]) });
    assert.equal(outcome.owner, undefined);
    assert.equal(refusalOf(outcome, "n1"), "noMatchingAdvertisement");
  });
});

describe("electorate", () => {
  it("L2-58 K8S-3: only what elections look at has an effect, heartbeats and other labels have none", () => {
    const electorate = new Electorate(false);
    const effect = (state: State) => electorate.setNode("n1", nodeIn("n1", state));
    assert.deepEqual(effect("ready"), { legacy: false, modern: true });
    assert.deepEqual(effect("ready"), { legacy: false, modern: false });
    assert.deepEqual(effect("excluded"), { legacy: false, modern: true });
    assert.deepEqual(effect("unreachable"), { legacy: false, modern: false });
    assert.deepEqual(effect("unready"), { legacy: true, modern: false });
    assert.deepEqual(effect("ready"), { legacy: true, modern: true });
  });

  it("L2-60: a node first seen has an effect only if it may announce", () => {
    const electorate = new Electorate(false);
    const first = electorate.setNode("n1", nodeIn("n1", "excluded"));
    assert.deepEqual(first, { legacy: false, modern: false });
  });

  it("L2-61: a deleted node is no candidate any more, and comes back with the same name", () => {
    const electorate = new Electorate(false);
    electorate.setNode("n1", nodeIn("n1", "ready"));
    assert.deepEqual(electorate.setNode("n1", undefined), { legacy: true, modern: true });
    assert.deepEqual([...electorate.names], []);
    assert.equal(electorate.isAlive("n1"), false);
    assert.equal(electorate.isCandidate("n1"), false);
    assert.deepEqual(electorate.setNode("n1", nodeIn("n1", "ready")), {
      legacy: true,
      modern: true,
    });
  });

  it("L2-24: with --ignore-exclude-lb the label has no effect", () => {
    const electorate = new Electorate(true);
    electorate.setNode("n1", nodeIn("n1", "excluded"));
    assert.ok(electorate.isCandidate("n1"));
  });
});
