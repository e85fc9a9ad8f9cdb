import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileConfigMap, type Config, type L2Advertisement } from "../config/index.ts";
import type { ServiceEndpoint } from "../election/index.ts";
import { formatAddress } from "../ip/index.ts";
import type { Labels, Node, Service } from "../kube/index.ts";
import { bgpAdvertisement } from "../testing/bgp-config.ts";
import { advertisement, configOf, poolOf } from "../testing/layer2-config.ts";
import { Speaker, type SpeakerOptions } from "./speaker.ts";
import type { SpeakerCommand, SpeakerEvent } from "./speaker-messages.ts";

const EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers";

const LAN = ["192.168.1.0/24", "fd00:1::/64"];
const lan = (...ads: L2Advertisement[]): Config =>
  configOf(poolOf("lan", LAN, ads.length > 0 ? ads : [advertisement()]));

interface Wish {
  readonly name?: string;
  readonly ips?: string[];
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly spec?: Partial<Service["spec"]>;
}

function serviceEvent({ name = "web", ips = ["192.168.1.240"], ...wish }: Wish): SpeakerEvent {
  const { labels = {}, annotations = {}, spec = {} } = wish;
  const service: Service = {
    metadata: { name, namespace: "shop", uid: `uid-${name}`, labels, annotations },
    spec: { type: "LoadBalancer", ...spec },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  };
  return { kind: "service", key: `shop/${name}`, service };
}

const endpointsOn = (name: string, ...nodes: string[]): SpeakerEvent => {
  const endpoints: ServiceEndpoint[] = nodes.map((nodeName) => {
    return { nodeName, isReady: true, canServe: true };
  });
  return { kind: "endpoints", key: `shop/${name}`, endpoints };
};

function nodeEvent(name: string, conditions: Labels = {}, labels: Labels = {}): SpeakerEvent {
  const list = Object.entries(conditions).map(([type, status]) => ({ type, status }));
  const node: Node = { metadata: { name, labels }, status: { conditions: list } };
  return { kind: "node", name, node };
}

const accepted = (config: Config): SpeakerEvent => {
  return { kind: "config", outcome: { kind: "accepted", config, warnings: [] } };
};

/** One speaker on knode2, which is the first of the three nodes for 192.168.1.240 (L2-41). */
function speakerWith(config: Config, services: Wish[], more: Partial<SpeakerOptions> = {}) {
  const configName = "metallb-system/config";
  const options = {
    nodeName: "knode2",
    configName,
    lbClass: "",
    ignoresExcludeLabel: false,
    awaitsMembers: false,
  };
  const speaker = new Speaker({ ...options, ...more });
  const step = (...events: SpeakerEvent[]): SpeakerCommand[] =>
    events.flatMap((event) => {
      const commands = speaker.step(event);
      if (commands.at(-1)?.kind !== "continue") return commands;
      return [...commands.slice(0, -1), ...step({ kind: "continue" })];
    });
  for (const name of ["kmaster", "knode1", "knode2"]) step(nodeEvent(name));
  step({ kind: "interfaces", names: new Set(["eth0", "eth1"]) });
  for (const wish of services) step(serviceEvent(wish), endpointsOn(wish.name ?? "web", "knode1"));
  const start = step(accepted(config), { kind: "synced" });
  return { speaker, step, start };
}

function changes(commands: SpeakerCommand[]): string[] {
  return commands.flatMap((command) =>
    command.kind === "announce" || command.kind === "withdraw"
      ? [`${command.kind} ${command.announcement.ips.map(formatAddress).join()}`]
      : [],
  );
}

const ofKind = <K extends SpeakerCommand["kind"]>(commands: SpeakerCommand[], kind: K) =>
  commands.filter((command): command is Extract<SpeakerCommand, { kind: K }> => {
    return command.kind === kind;
  });
const reasons = (commands: SpeakerCommand[]) =>
  ofKind(commands, "log").flatMap(({ fields }) => fields["reason"] ?? []);
const notes = (commands: SpeakerCommand[]) =>
  ofKind(commands, "record-event").map(
    ({ note }) => `${note.type} ${note.reason}: ${note.message}`,
  );

const preempt = "metallb-ts/preempt";
const claimsOf = (owner: string, term = 1): SpeakerEvent => {
  return {
    kind: "claims",
    claims: { news: [{ address: "192.168.1.240", owner, term }], forgotten: [] },
  };
};
const membersOf = (alive: string[], stock: string[] = []): SpeakerEvent => {
  return { kind: "members", alive: new Set(alive), stock: new Set(stock) };
};
const ALL = ["kmaster", "knode1", "knode2"];
const usesOf = (commands: SpeakerCommand[]) =>
  ofKind(commands, "use").map(({ use }) => `${use.address} ${use.isHeld ? "held" : "wanted"}`);

const ANNOUNCED = ["announce 192.168.1.240"];
const WITHDRAWN = ["withdraw 192.168.1.240"];

describe("speaker of later releases", () => {
  it("L2-10 L2-23 L2-41 L2-150: the first node of the address announces, without an endpoint of its own", () => {
    const { start } = speakerWith(lan(), [{}]);
    assert.deepEqual(changes(start), ANNOUNCED);
    assert.deepEqual(notes(start), [
      'Normal nodeAssigned: announcing from node "knode2" with protocol "layer2"',
    ]);
    const other = speakerWith(lan(), [{}], { nodeName: "knode1" });
    assert.deepEqual(changes(other.start), []);
  });

  it("a claim that came with the ring decides before anything is announced, and a later one hands over", () => {
    const sticky = lan(advertisement({ preempt: false }));
    const { step, start } = speakerWith(sticky, [{}], { awaitsMembers: true });
    assert.deepEqual(changes(start), []);
    step(claimsOf("knode1"));
    const met = step(membersOf(ALL));
    assert.deepEqual([changes(met), usesOf(met)], [[], ["192.168.1.240 wanted"]]);
    const alone = step(membersOf(["kmaster", "knode2"]));
    assert.deepEqual([changes(alone), usesOf(alone)], [ANNOUNCED, ["192.168.1.240 held"]]);
    // It comes back, and does not get it.
    step(claimsOf("knode2", 2));
    assert.ok(!changes(step(membersOf(ALL))).includes(WITHDRAWN[0]!));
    const lost = step(claimsOf("kmaster", 3));
    assert.deepEqual([changes(lost), usesOf(lost)], [WITHDRAWN, ["192.168.1.240 wanted"]]);
    assert.ok(ofKind(lost, "withdraw")[0]?.isHandedOver);
    const { step: plain } = speakerWith(lan(), [{}], { awaitsMembers: true });
    plain(claimsOf("knode1"));
    const announced = plain(membersOf(ALL));
    assert.deepEqual([changes(announced), usesOf(announced)], [ANNOUNCED, []]);
  });

  it("a stock speaker in the ring, or no gossip, lets the order decide, and is told of once by one speaker", () => {
    const sticky = lan(advertisement({ preempt: false }));
    const reason = "Warning OwnershipByOrderOnly";
    const { step } = speakerWith(sticky, [{}], { awaitsMembers: true });
    step(claimsOf("knode1"));
    const told = step(membersOf(ALL, ["kmaster", "knode1"]));
    assert.deepEqual(changes(told), ANNOUNCED);
    assert.equal(notes(told).filter((note) => note.startsWith(reason)).length, 2);
    const again = step(membersOf(ALL, ["kmaster", "knode1"]));
    assert.deepEqual(
      notes(again).filter((note) => note.startsWith(reason)),
      [],
    );
    const back = step(membersOf(ALL));
    assert.deepEqual(changes(back), WITHDRAWN);
    assert.ok(
      ofKind(back, "log").some(({ fields }) => /followed again/.test(String(fields["msg"]))),
    );
    const silent = speakerWith(sticky, [{}], { awaitsMembers: true });
    const second = silent.step(membersOf(ALL, ["knode1"]));
    assert.deepEqual(
      notes(second).filter((note) => note.startsWith(reason)),
      [],
    );
    assert.ok(ofKind(second, "log").some(({ fields }) => fields["node"] === "knode1"));
    const { start } = speakerWith(sticky, [{}]);
    assert.match(notes(start).join("\n"), /OwnershipByOrderOnly: gossip is off here/);
    assert.deepEqual(changes(start), ANNOUNCED);
  });

  it("a misspelt annotation of a Service is told of at the Service", () => {
    const { start } = speakerWith(lan(), [{ annotations: { [preempt]: "no" } }]);
    assert.match(
      notes(start).join("\n"),
      /Warning preemptIgnored: the annotation metallb-ts\/preempt="no" has/,
    );
  });

  it("L2-4 L2-5: no address, or one that does not parse among several, is not announced", () => {
    const { step } = speakerWith(lan(), [{}]);
    assert.deepEqual(reasons(step(serviceEvent({ ips: [] }))), ["noIPAllocated"]);
    step(serviceEvent({}));
    const broken = step(serviceEvent({ ips: ["192.168.1.240", "junk"] }));
    assert.deepEqual(reasons(broken), ["invalidIP"]);
  });

  it("L2-6: both addresses must be of one pool", () => {
    const split = configOf(poolOf("v4", ["192.168.1.0/24"]), poolOf("v6", ["fd00:1::/64"]));
    const dual = { ips: ["192.168.1.240", "fd00:1::240"] };
    assert.deepEqual(changes(speakerWith(split, [dual]).start), []);
    assert.deepEqual(changes(speakerWith(lan(), [dual]).start), [
      "announce 192.168.1.240,fd00:1::240",
    ]);
  });

  it("L2-8: addresses in another order are the same; another set is withdrawn first", () => {
    // This node is the first for both addresses.
    const { step } = speakerWith(lan(), [{ ips: ["192.168.1.240", "fd00:1::9"] }]);
    const swapped = step(serviceEvent({ ips: ["fd00:1::9", "192.168.1.240"] }));
    assert.deepEqual(changes(swapped), ["announce fd00:1::9,192.168.1.240"]);
    const single = step(serviceEvent({}));
    assert.deepEqual(changes(single), ["withdraw fd00:1::9,192.168.1.240", ...ANNOUNCED]);
    assert.deepEqual(reasons(single), ["loadBalancerIPChanged"]);
  });

  it("L2-41 L2-49: services that share an address have one announcer", () => {
    const sharing = { annotations: { "metallb.io/allow-shared-ip": "k" } };
    const services = ["a", "b", "c"].map((name) => ({ name, ...sharing }));
    const { start } = speakerWith(lan(), services);
    assert.deepEqual(changes(start), [...ANNOUNCED, ...ANNOUNCED, ...ANNOUNCED]);
  });

  it("L2-13 L2-223 IPAM-62: services of another class are left alone, and one that becomes another's is withdrawn", () => {
    const ours = { spec: { loadBalancerClass: "example.com/metallb" } };
    assert.deepEqual(changes(speakerWith(lan(), [ours]).start), []);
    const lbClass = "example.com/metallb";
    const { start, step } = speakerWith(lan(), [ours], { lbClass });
    assert.deepEqual(changes(start), ANNOUNCED);
    assert.deepEqual(changes(step(serviceEvent({}))), WITHDRAWN);
    assert.deepEqual(changes(step(serviceEvent(ours))), ANNOUNCED);
    const retyped = step(serviceEvent({ spec: { type: "ClusterIP" } }));
    assert.deepEqual([changes(retyped), reasons(retyped)], [WITHDRAWN, ["notLoadBalancer"]]);
  });

  it("L2-20 TV-87 K8S-5: while nothing can serve the address is silent; an endpoint that ends still serves", () => {
    const { step } = speakerWith(lan(), [{}]);
    const key = "shop/web";
    const state = { nodeName: "knode1", isReady: false };
    const stopped = step({ kind: "endpoints", key, endpoints: [{ ...state, canServe: false }] });
    assert.deepEqual([changes(stopped), reasons(stopped)], [WITHDRAWN, ["notOwner"]]);
    const ending = step({ kind: "endpoints", key, endpoints: [{ ...state, canServe: true }] });
    assert.deepEqual(changes(ending), ANNOUNCED);
    const gone = step({ kind: "endpoints", key, endpoints: undefined });
    assert.deepEqual([changes(gone), reasons(gone)], [WITHDRAWN, ["notOwner"]]);
  });

  it("L2-23: with Local the address follows the endpoints", () => {
    const local = { spec: { externalTrafficPolicy: "Local" } };
    const { start, step } = speakerWith(lan(), [local]);
    assert.deepEqual(changes(start), []);
    assert.deepEqual(changes(step(endpointsOn("web", "knode2"))), ANNOUNCED);
    assert.deepEqual(changes(step(endpointsOn("web", "kmaster"))), WITHDRAWN);
  });

  for (const [rule, state] of [
    ["L2-22", nodeEvent("knode2", { Ready: "Unknown" })],
    ["L2-24", nodeEvent("knode2", {}, { [EXCLUDE]: "" })],
    ["L2-25", nodeEvent("knode2", { NetworkUnavailable: "True" })],
    ["L2-61", { kind: "node", name: "knode2", node: undefined }],
  ] as const) {
    it(`${rule} L2-58: a node that may announce no more gives way, and takes its addresses back`, () => {
      const { step } = speakerWith(lan(), [{}]);
      const next = speakerWith(lan(), [{}], { nodeName: "knode1" });
      assert.deepEqual(changes(step(state)), WITHDRAWN);
      assert.deepEqual(changes(next.step(state)), ANNOUNCED);
      assert.deepEqual(changes(step(nodeEvent("knode2"))), ANNOUNCED);
      assert.deepEqual(changes(next.step(nodeEvent("knode2"))), WITHDRAWN);
    });
  }

  it("L2-187: where the only node has the exclude label, as kubeadm's control plane has, nobody announces", () => {
    const { step } = speakerWith(lan(), [{}], {});
    for (const name of ["kmaster", "knode1"]) step({ kind: "node", name, node: undefined });
    const commands = step(nodeEvent("knode2", {}, { [EXCLUDE]: "" }));
    assert.deepEqual([changes(commands), reasons(commands)], [WITHDRAWN, ["notOwner"]]);
  });

  it("L2-15: the pass over all services goes through those with the most addresses first", () => {
    const more = { spec: { ipFamilyPolicy: "RequireDualStack" as const } };
    const ips = ["192.168.1.240", "fd00:1::240"];
    const { start } = speakerWith(lan(), [
      { name: "one" },
      { ...more, name: "two", ips },
      { name: "three" },
    ]);
    const announced = ofKind(start, "announce").map(({ service }) => service);
    assert.deepEqual(announced, ["shop/two", "shop/one", "shop/three"]);
  });

  it("L2-24 L2-223: with --ignore-exclude-lb the label is not looked at", () => {
    const { step } = speakerWith(lan(), [{}], { ignoresExcludeLabel: true });
    assert.deepEqual(step(nodeEvent("knode2", {}, { [EXCLUDE]: "" })), []);
  });

  it("K8S-3 L2-58: heartbeats, other conditions and other labels pass nobody", () => {
    const { step } = speakerWith(lan(), [{}]);
    assert.deepEqual(step(nodeEvent("knode1", { Ready: "True" }, { rack: "r1" })), []);
  });

  it("L2-30 L2-31 L2-37: without an advertisement for this node, or with selectors on a shared address, it is withdrawn", () => {
    const { step } = speakerWith(lan(), [{}]);
    const elsewhere = step(accepted(lan(advertisement({ nodes: new Set(["knode1"]) }))));
    assert.deepEqual(
      [changes(elsewhere), reasons(elsewhere)],
      [WITHDRAWN, ["noMatchingAdvertisement"]],
    );
    step(accepted(lan()), serviceEvent({ annotations: { "metallb.io/allow-shared-ip": "" } }));
    const selected = step(accepted(lan(advertisement({ serviceSelectors: [[]] }))));
    assert.deepEqual(reasons(selected), ["sharedIPWithServiceSelector"]);
  });

  // That a Service counts as withdrawn only when BGP let it go as well comes with the speaker's BGP.
  it("L2-12, layer 2's side: a BGPAdvertisement of the same pool neither adds to an announcement nor ends it", () => {
    const [pool] = lan().pools.values();
    const both = (...ads: L2Advertisement[]): Config =>
      configOf({ ...pool!, l2Advertisements: ads, bgpAdvertisements: [bgpAdvertisement()] });
    const { step, start } = speakerWith(both(advertisement()), [{}]);
    assert.deepEqual([changes(start), reasons(start)], [ANNOUNCED, []]);
    const alone = step(accepted(lan()));
    assert.deepEqual([changes(alone), reasons(alone)], [ANNOUNCED, []]);
    const ofBgpOnly = step(accepted(both()));
    assert.deepEqual(
      [changes(ofBgpOnly), reasons(ofBgpOnly)],
      [WITHDRAWN, ["noMatchingAdvertisement"]],
    );
    assert.deepEqual(changes(step(accepted(both(advertisement())))), ANNOUNCED);
  });

  it("L2-44 CFG-37: a preferred node announces before the order of digests", () => {
    const preferring = lan(advertisement({ preference: new Map([["kmaster", 1]]) }));
    assert.deepEqual(changes(speakerWith(preferring, [{}]).start), []);
    const { start } = speakerWith(preferring, [{}], { nodeName: "kmaster" });
    assert.deepEqual(changes(start), ANNOUNCED);
  });

  it("L2-75: the interfaces of matching advertisements that select this node add up", () => {
    const { start, step } = speakerWith(
      lan(
        advertisement({ interfaces: new Set(["eth1"]) }),
        advertisement({ interfaces: new Set(["eth9"]), nodes: new Set(["knode2"]) }),
        advertisement({ interfaces: new Set(["eth5"]), nodes: new Set(["knode1"]) }),
      ),
      [{}],
    );
    const [first] = ofKind(start, "announce");
    assert.deepEqual([...(first?.announcement.interfaces ?? [])], ["eth1", "eth9"]);
    assert.equal(first?.isReachable, true);
    const [all] = ofKind(step(accepted(lan())), "announce");
    assert.equal(all?.announcement.interfaces, undefined);
  });

  it("L2-38 L2-50 L2-86 L2-151: a winner without any of the interfaces says so, and serves once one is there", () => {
    const config = lan(advertisement({ interfaces: new Set(["eth7"]) }));
    const { start, step } = speakerWith(config, [{ name: "a" }, { name: "b" }]);
    assert.equal(ofKind(start, "announce")[0]?.isReachable, false);
    assert.deepEqual(notes(start).slice(0, 2), [
      'Warning announceFailed: the interfaces specified by LB IP "192.168.1.240" doesn\'t exist in ' +
        'assigned node "knode2" with protocol "layer2"',
      'Normal nodeAssigned: announcing from node "knode2" with protocol "layer2"',
    ]);
    const names = new Set(["eth0", "eth7"]);
    const found = step({ kind: "interfaces", names });
    assert.deepEqual(
      ofKind(found, "announce").map(({ isReachable }) => isReachable),
      [true, true],
    );
    assert.deepEqual(step({ kind: "interfaces", names: new Set(names) }), []);
  });

  it("L2-10 L2-41: IPv6 and dual-stack services are announced; the first address elects for both", () => {
    const services = [
      { name: "six", ips: ["fd00:1::240"] },
      { name: "four-six", ips: ["192.168.1.241", "fd00:1::241"] },
      { name: "six-four", ips: ["fd00:1::241", "192.168.1.241"] },
    ];
    const ownerOf = (name: string): string[] =>
      ["kmaster", "knode1", "knode2"].filter((nodeName) => {
        const { start } = speakerWith(lan(), services, { nodeName });
        return ofKind(start, "announce").some(({ service }) => service === `shop/${name}`);
      });
    assert.deepEqual(ownerOf("six"), ["knode1"]);
    assert.deepEqual(ownerOf("four-six"), ["knode1"]);
    assert.equal(ownerOf("six-four").length, 1);
    const { start } = speakerWith(lan(), services, { nodeName: "knode1" });
    const dual = ofKind(start, "announce").find(({ service }) => service === "shop/four-six");
    assert.deepEqual(dual?.announcement.ips.map(formatAddress), ["192.168.1.241", "fd00:1::241"]);
    assert.ok(!ofKind(start, "log").some(({ level }) => level === "warn"));
  });

  it("CFG-53 CFG-52 L2-14 L2-225: a refused configuration that is to be tried again is stale and counts as failed", () => {
    const { step, speaker } = speakerWith(lan(), [{}]);
    const finding = {
      code: "CFG-53",
      severity: "error",
      object: "Service shop/web",
      path: "status.loadBalancer.ingress",
      message: "no pool contains 192.168.1.240",
      fix: "wait for the controller",
    } as const;
    const outcome = { kind: "refused", findings: [finding], isRetryable: true } as const;
    const commands = step({ kind: "config", outcome });
    assert.deepEqual(changes(commands), []);
    assert.deepEqual(ofKind(commands, "config-state"), [{ kind: "config-state", isStale: true }]);
    assert.deepEqual(ofKind(commands, "count-update"), [{ kind: "count-update", hasFailed: true }]);
    assert.deepEqual(
      [...speaker.held()].map(({ service, pool }) => [service, pool]),
      [["shop/web", "lan"]],
    );
    step(serviceEvent({ ips: [] }));
    assert.deepEqual([...speaker.held()], []);
  });

  it("CFG-50: all findings stand in the log, the first as the error, a flood of them is cut", () => {
    const { step } = speakerWith(lan(), []);
    const finding = (index: number) => ({
      code: "CFG-12",
      severity: "error" as const,
      object: `IPAddressPool metallb-system/p${index}`,
      path: "spec.addresses[0]",
      message: "overlaps",
      fix: "change one",
    });
    const findings = Array.from({ length: 500 }, (_, index) => finding(index));
    const [log] = ofKind(step({ kind: "config", outcome: { kind: "refused", findings } }), "log");
    assert.match(String(log?.fields["error"]), /IPAddressPool metallb-system\/p0, spec\.addresses/);
    assert.ok(JSON.stringify(log).includes("and 489 more"));
    assert.ok(JSON.stringify(log).length < 5000);
  });

  it("L2-8 LC-29: a live switch of generation withdraws no address that stays ours", () => {
    const text = "address-pools: [{name: lan, protocol: layer2, addresses: [192.168.1.0/24]}]";
    const compiled = compileConfigMap(text);
    assert.ok(compiled.ok);
    const { step } = speakerWith(lan(), [{}]);
    step(endpointsOn("web", "knode2"));
    for (const config of [compiled.config, lan(), compiled.config]) {
      assert.deepEqual(changes(step(accepted(config))), ANNOUNCED);
    }
    assert.deepEqual(notes(step(accepted(compiled.config))), [
      'Normal nodeAssigned: announcing from node "knode2"',
    ]);
  });

  it("MET-1 K8S-4: a service, a node and a configuration count as updates, services of a full pass do not", () => {
    const { step, start } = speakerWith(lan(), [{ name: "a" }, { name: "b" }]);
    assert.equal(ofKind(start, "count-update").length, 1);
    assert.equal(ofKind(step(serviceEvent({ name: "a" })), "count-update").length, 1);
    const dead = step(nodeEvent("knode1", { Ready: "False" }));
    assert.equal(ofKind(dead, "count-update").length, 1);
    assert.equal(ofKind(dead, "passed-all").length, 1);
  });
});
