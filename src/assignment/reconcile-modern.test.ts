/** One service under custom resources, step by step: addresses, status, annotation, events. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Allocator } from "../allocator/index.ts";
import type { Pool } from "../config/index.ts";
import type { Service } from "../kube/index.ts";
import {
  allocation,
  dual,
  loadBalancer,
  pool,
  poolsByName,
  type ServiceFields,
} from "../testing/pools-and-services.ts";
import { reconcileModern } from "./reconcile-modern.ts";
import type { ServiceOutcome } from "./service-outcome.ts";

const lan = pool("lan", "198.18.1.0/30");
const wan = pool("wan", "198.18.2.0/30", { autoAssign: false });
const both = pool("both", "198.18.1.0/30 2001:db8:5::/126");
const out = "metallb.io/ip-allocated-from-pool";

let allocator: Allocator;
let world: Map<string, Service>;

function configure(...pools: Pool[]): void {
  allocator.setPools(poolsByName(...pools));
}

/** Evaluates the service and stores what comes of it. */
function evaluate(given: Service, loadBalancerClass = ""): ServiceOutcome {
  const outcome = reconcileModern(given, allocator, { mayAllocate: true, loadBalancerClass });
  world.set(keyOf(given), outcome.changed ?? given);
  return outcome;
}

function keyOf({ metadata }: Service): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** A new or changed service; what it showed before stays in its status, and its annotations too. */
function put(key: string, fields: ServiceFields = {}): ServiceOutcome {
  const { metadata, status } = world.get(key) ?? {};
  const given = loadBalancer(key, fields);
  const pooled = metadata?.annotations?.[out];
  const annotations = { ...given.metadata.annotations, ...(pooled && { [out]: pooled }) };
  const before = { ...(status && { status }), metadata: { ...given.metadata, annotations } };
  return evaluate({ ...given, ...before, ...(given.status && { status: given.status }) });
}

function again(key: string): ServiceOutcome {
  return evaluate(world.get(key) as Service);
}

/** What the status shows. */
function ips(key: string): string {
  const ingress = world.get(key)?.status?.loadBalancer?.ingress ?? [];
  return ingress.map(({ ip, hostname }) => ip ?? hostname).join(" ") || "none";
}

function poolOf(key: string): string | undefined {
  return world.get(key)?.metadata.annotations?.[out];
}

const events = ({ notes }: ServiceOutcome) =>
  notes.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
const reasons = ({ notes }: ServiceOutcome) => notes.map(({ reason }) => reason).join();
const at = (...texts: string[]) => ({ ingress: texts.map((ip) => ({ ip })) });
const asks = (texts: string) => ({ annotations: { "metallb.io/loadBalancerIPs": texts } });
const names = (name: string) => ({ annotations: { "metallb.io/address-pool": name } });
const shares = (key: string, port: number) => ({
  annotations: { "metallb.io/allow-shared-ip": key },
  spec: { ports: [{ port }] },
});

beforeEach(() => {
  allocator = new Allocator();
  world = new Map();
  configure(lan, wan);
});

describe("a service without an address", () => {
  it("CTL-4, CTL-6: gets one; status and annotation change together, the spec never", () => {
    const given = loadBalancer("w/a", { annotations: { mine: "1" }, labels: { app: "x" } });
    const before = structuredClone(given);
    const outcome = evaluate(given);
    assert.deepEqual(given, before, "the input is not touched");
    assert.deepEqual(outcome.changed, {
      metadata: { ...given.metadata, annotations: { mine: "1", [out]: "lan" } },
      spec: given.spec,
      status: { loadBalancer: { ingress: [{ ip: "198.18.1.0" }] } },
    });
    assert.deepEqual(events(outcome), ['Normal IPAllocated Assigned IP ["198.18.1.0"]']);
    assert.equal(outcome.result, "done");
  });

  it("CTL-13, TV-71: evaluated again, it is not written and tells nothing", () => {
    put("w/a");
    const outcome = again("w/a");
    assert.deepEqual([outcome.changed, outcome.notes, outcome.result], [undefined, [], "done"]);
  });

  it("IPAM-10, TV-50: gets the lowest address, also one that was given back", () => {
    configure(pool("p", "198.18.1.6/31"));
    put("w/a");
    put("w/b");
    allocator.unassign("w/a");
    put("w/c");
    assert.deepEqual(["w/a", "w/b", "w/c"].map(ips), ["198.18.1.6", "198.18.1.7", "198.18.1.6"]);
  });

  it("IPAM-5, IPAM-25, TV-51: gets no avoided address, and then a Warning", () => {
    configure(pool("p", "198.18.1.0/31", { avoidBuggyIps: true }));
    put("w/a");
    const b = put("w/b");
    assert.deepEqual([ips("w/a"), ips("w/b")], ["198.18.1.1", "none"]);
    assert.match(
      events(b).join(),
      /^Warning AllocationFailed Failed to allocate IP for "w\/b": no available IPs; /,
    );
    assert.deepEqual([b.result, b.changed], ["failed", undefined]);
  });

  it("IPAM-12, TV-52: gets the address it asks for, by annotation or by spec", () => {
    put("w/a", asks("198.18.1.2"));
    put("w/b", { spec: { loadBalancerIP: "198.18.2.3" } });
    assert.deepEqual([ips("w/a"), ips("w/b")], ["198.18.1.2", "198.18.2.3"]);
  });

  it("IPAM-22, TV-53: gets an address of the pool it names, also without autoAssign", () => {
    configure(pool("u", "198.18.2.0/24", { autoAssign: false }), pool("v", "198.18.1.0/24"));
    put("w/a", names("u"));
    put("w/b");
    assert.deepEqual([ips("w/a"), ips("w/b")], ["198.18.2.0", "198.18.1.0"]);
    assert.deepEqual([poolOf("w/a"), poolOf("w/b")], ["u", "v"]);
  });

  it("IPAM-12: an address of another pool than the named one is refused, and nothing is held", () => {
    const outcome = put("w/a", { ...names("wan"), spec: { loadBalancerIP: "198.18.1.2" } });
    assert.match(
      events(outcome).join(),
      /198\.18\.1\.2.* not compatible with requested address pool "wan"/,
    );
    assert.deepEqual([ips("w/a"), allocator.holdingOf("w/a")], ["none", undefined]);
    put("w/b", { ...names("lan"), spec: { loadBalancerIP: "198.18.1.2" } });
    assert.equal(ips("w/b"), "198.18.1.2");
  });

  it("IPAM-20, IPAM-24, TV-54: gets it from the pinned pool of the best priority", () => {
    const serviceSelectors = [[{ key: "app", operator: "In" as const, values: ["web"] }]];
    configure(
      pool("x", "198.18.1.0/24", allocation({ namespaces: new Set(["w"]), priority: 20 })),
      pool("y", "198.18.2.0/24", allocation({ serviceSelectors, priority: 10 })),
      pool("everybody", "198.18.3.0/24", allocation({ serviceSelectors: [[]], priority: 30 })),
      pool("general", "198.18.4.0/24"),
    );
    put("w/a", { labels: { app: "web" } });
    put("w/b");
    put("other/c");
    assert.deepEqual(["w/a", "w/b", "other/c"].map(poolOf), ["y", "x", "everybody"]);
  });

  it("IPAM-23, TV-55: an address of a pool that does not admit it is refused", () => {
    configure(lan, pool("x", "198.18.7.0/24", allocation({ namespaces: new Set(["v"]) })));
    const outcome = put("w/a", asks("198.18.7.1"));
    assert.match(events(outcome).join(), /AllocationFailed .*not compatible for ip assignment/);
    assert.equal(ips("w/a"), "none");
  });

  it("IPAM-56: node ports play no part", () => {
    put("w/a", { spec: { allocateLoadBalancerNodePorts: false } });
    assert.equal(ips("w/a"), "198.18.1.0");
  });

  it("CTL-12: with cluster IP None or junk it is refused with an event", () => {
    for (const clusterIP of ["None", "junk"]) {
      const outcome = put("w/a", { spec: { clusterIP } });
      assert.match(events(outcome).join(), new RegExp(`AllocationFailed .*"${clusterIP}"`));
      assert.equal(outcome.result, "failed");
    }
  });

  it("CTL-15, CTL-5: while it waits it warns at each evaluation, and gets what is freed", () => {
    configure(pool("p", "198.18.1.3/32"));
    put("w/a");
    const [first, second] = [put("w/b"), again("w/b")];
    assert.deepEqual([first.result, second.result], ["failed", "failed"]);
    assert.deepEqual(events(first), events(second));
    allocator.unassign("w/a");
    again("w/b");
    assert.equal(ips("w/b"), "198.18.1.3");
  });
});

describe("a service with an address", () => {
  it("CTL-4: is cleared when it is no LoadBalancer any more, without an event", () => {
    put("w/a");
    const outcome = put("w/a", { spec: { type: "ClusterIP" } });
    assert.deepEqual([ips("w/a"), poolOf("w/a"), events(outcome)], ["none", undefined, []]);
    assert.deepEqual([outcome.result, allocator.holdingOf("w/a")], ["done", undefined]);
  });

  it("IPAM-52: with no pools at all it is cleared silently, as an error", () => {
    put("w/a");
    configure();
    const outcome = again("w/a");
    assert.deepEqual([ips("w/a"), poolOf("w/a"), events(outcome)], ["none", undefined, []]);
    assert.equal(outcome.result, "failed");
  });

  it("CTL-4: without any cluster IP it is cleared silently, as an error", () => {
    put("w/a");
    const outcome = put("w/a", { spec: { clusterIP: "" } });
    assert.deepEqual([ips("w/a"), events(outcome), outcome.result], ["none", [], "failed"]);
  });

  it("CTL-4, IPAM-7, TV-68: one outside every pool is replaced, and the reason told", () => {
    const outcome = put("w/a", at("203.0.113.9"));
    const [cleared = "", given] = events(outcome);
    assert.match(
      cleared,
      /^Normal ClearAssignment current IP for "w\/a" not allowed by config, will attempt for new IP assignment: "203\.0\.113\.9" is not allowed in config/,
    );
    assert.equal(given, 'Normal IPAllocated Assigned IP ["198.18.1.0"]');
    assert.equal(ips("w/a"), "198.18.1.0");
  });

  it("IPAM-54: of two that show one address the first keeps it, the other gets a new one", () => {
    put("w/a", at("198.18.1.0"));
    const b = put("w/b", at("198.18.1.0"));
    assert.deepEqual([ips("w/a"), ips("w/b")], ["198.18.1.0", "198.18.1.1"]);
    assert.equal(reasons(b), "ClearAssignment,IPAllocated");
  });

  it("IPAM-38: a host name beside it is dropped, a host name alone counts as nothing", () => {
    put("w/a", { ingress: [{ hostname: "lb.example" }, { ip: "198.18.1.2" }] });
    put("w/b", { ingress: [{ hostname: "lb.example" }] });
    assert.deepEqual([ips("w/a"), ips("w/b")], ["198.18.1.2", "198.18.1.0"]);
  });

  for (const texts of [["soon"], ["198.18.1.1", "198.18.1.2"], ["198.18.1.1", "::1", "::2"]]) {
    it(`IPAM-38, CTL-4: ${texts.join(" ")} in status is told and replaced`, () => {
      const outcome = put("w/a", at(...texts));
      const head = `Warning nolbIPsIPFamily Failed to retrieve LBIPs IPFamily for ["${texts[0]}"`;
      assert.equal(events(outcome)[0]?.startsWith(head), true);
      assert.deepEqual([ips("w/a"), outcome.result], ["198.18.1.0", "done"]);
    });
  }

  it("CTL-4, TV-69: with junk as cluster IP it keeps its status, which is given to nobody else", () => {
    const outcome = put("w/a", { ...at("198.18.1.0"), spec: { clusterIP: "bad" } });
    assert.match(
      events(outcome).join(),
      /^Warning noclusterIPsIPFamily Failed to retrieve ClusterIPs IPFamily for \["bad"\] bad: /,
    );
    assert.deepEqual([outcome.changed, outcome.result], [undefined, "failed"]);
    put("w/b");
    assert.equal(ips("w/b"), "198.18.1.1");
  });

  it("CTL-4, CTL-12: when its status was wiped too, it holds nothing any more", () => {
    put("w/a");
    const outcome = put("w/a", { ingress: [], spec: { clusterIP: "bad" } });
    assert.deepEqual([reasons(outcome), poolOf("w/a")], ["AllocationFailed", undefined]);
    assert.equal(allocator.holdingOf("w/a"), undefined);
  });

  it("CTL-4, TV-67: keeps it when it asks for a malformed one, and says so", () => {
    put("w/a", at("198.18.1.3"));
    const outcome = put("w/a", { spec: { loadBalancerIP: "198.18.1" } });
    assert.match(
      events(outcome).join(),
      /^Warning LoadBalancerFailed invalid requested loadbalancer IPs: spec\.loadBalancerIP: "198\.18\.1" is not/,
    );
    assert.deepEqual([ips("w/a"), outcome.result], ["198.18.1.3", "failed"]);
    assert.equal(allocator.holdingOf("w/a")?.pool, "lan");
  });

  it("CTL-4: one that may not stay is cleared even when a malformed one is asked for", () => {
    const outcome = put("w/a", { ...at("203.0.113.9"), spec: { loadBalancerIP: "x" } });
    assert.equal(reasons(outcome), "ClearAssignment,LoadBalancerFailed");
    assert.equal(ips("w/a"), "none");
  });

  it("CTL-4: moves silently to another pool or address that it asks for", () => {
    put("w/a");
    const toPool = put("w/a", names("wan"));
    assert.deepEqual(
      [ips("w/a"), poolOf("w/a"), reasons(toPool)],
      ["198.18.2.0", "wan", "IPAllocated"],
    );
    const toAddress = put("w/a", asks("198.18.1.3"));
    assert.deepEqual(
      [ips("w/a"), poolOf("w/a"), reasons(toAddress)],
      ["198.18.1.3", "lan", "IPAllocated"],
    );
    put("w/b");
    assert.equal(ips("w/b"), "198.18.1.0");
  });

  it("CTL-4: keeps it, unlike the reference, when what it asks for cannot be had", () => {
    put("w/b", asks("198.18.1.1"));
    put("w/a", at("198.18.1.0"));
    const cases: [ServiceFields, RegExp][] = [
      [asks("203.0.113.9"), /not allowed in config/],
      [asks("198.18.1.1"), /also in use by "w\/b"/],
      [names("ghost"), /unknown pool "ghost"/],
      [
        { ...names("wan"), spec: { loadBalancerIP: "198.18.1.2" } },
        /not compatible with requested/,
      ],
    ];
    for (const [wish, why] of cases) {
      const outcome = put("w/a", wish);
      assert.match(events(outcome).join(), /^Warning AllocationFailed .*; it keeps 198\.18\.1\.0$/);
      assert.match(events(outcome).join(), why);
      assert.deepEqual([outcome.changed, outcome.result], [undefined, "failed"]);
      assert.equal(allocator.holdingOf("w/a")?.pool, "lan");
    }
  });

  it("IPAM-50, IPAM-25, TV-64: loses it when its named pool goes, address and all", () => {
    configure(lan, pool("d", "198.18.3.0/24"));
    put("w/a", names("d"));
    configure(lan);
    const outcome = again("w/a");
    assert.equal(reasons(outcome), "ClearAssignment,AllocationFailed");
    assert.match(events(outcome)[1] ?? "", /unknown pool "d"/);
    assert.deepEqual([ips("w/a"), poolOf("w/a")], ["none", undefined]);
  });

  it("IPAM-51, TV-65: keeps it when its pool is split, and the annotation follows", () => {
    configure(pool("all", "198.18.1.0/24"));
    put("w/a");
    configure(pool("lo", "198.18.1.0/25"), pool("hi", "198.18.1.128/25"));
    const outcome = again("w/a");
    assert.deepEqual([ips("w/a"), poolOf("w/a"), events(outcome)], ["198.18.1.0", "lo", []]);
  });

  it("IPAM-23: goes elsewhere when its pool does not admit its labels any more", () => {
    const serviceSelectors = [[{ key: "app", operator: "In" as const, values: ["web"] }]];
    configure(lan, pool("x", "198.18.7.0/24", allocation({ serviceSelectors })));
    put("w/a", { labels: { app: "web" } });
    assert.equal(poolOf("w/a"), "x");
    const outcome = put("w/a", { labels: { app: "db" } });
    assert.equal(reasons(outcome), "ClearAssignment,IPAllocated");
    assert.equal(poolOf("w/a"), "lan");
  });
});

describe("services that share", () => {
  it("IPAM-40, IPAM-41, TV-60: one key shares across namespaces, another does not", () => {
    put("w/a", shares("s", 80));
    put("x/b", shares("s", 81));
    put("w/c", shares("s2", 82));
    assert.deepEqual(["w/a", "x/b", "w/c"].map(ips), ["198.18.1.0", "198.18.1.0", "198.18.1.1"]);
  });

  it("IPAM-40, TV-61: without a key there is no sharing", () => {
    configure(pool("p", "198.18.1.0/32"));
    put("w/a", shares("s", 80));
    const b = put("w/b", { spec: { ports: [{ port: 81 }] } });
    assert.deepEqual([ips("w/b"), reasons(b)], ["none", "AllocationFailed"]);
  });

  it("IPAM-42, TV-62: who takes a port of another moves, the other stays", () => {
    put("w/a", shares("s", 80));
    put("w/b", shares("s", 81));
    const outcome = put("w/b", shares("s", 80));
    assert.match(
      events(outcome)[0] ?? "",
      /^Normal ClearAssignment .*port TCP\/80 is already in use/,
    );
    assert.deepEqual([ips("w/a"), ips("w/b")], ["198.18.1.0", "198.18.1.1"]);
    assert.equal(again("w/a").changed, undefined);
  });

  it("IPAM-6, IPAM-40: Local services share with the same selector only", () => {
    const local = { externalTrafficPolicy: "Local", selector: { b: "2", a: "1" } };
    const fields = (port: number, spec: Partial<Service["spec"]>) => {
      const { annotations } = shares("s", port);
      return { annotations, spec: { ports: [{ port }], ...spec } };
    };
    put("w/a", fields(80, local));
    put("w/b", fields(81, { ...local, selector: { a: "1", b: "2" } }));
    put("w/c", fields(82, { ...local, selector: { a: "1" } }));
    put("w/d", fields(83, {}));
    put("w/e", fields(84, { ...local, selector: {} }));
    assert.deepEqual(["w/a", "w/b"].map(ips), ["198.18.1.0", "198.18.1.0"]);
    assert.deepEqual(["w/c", "w/d", "w/e"].map(ips), ["198.18.1.1", "198.18.1.2", "198.18.1.2"]);
  });
});

describe("annotations", () => {
  it("IPAM-70, IPAM-71, TV-66: the new prefix wins; a deprecated one is told of", () => {
    configure(pool("d", "198.18.1.0/24"), pool("e", "198.18.2.0/24"));
    const annotations = { "metallb.io/address-pool": "e", "metallb.universe.tf/address-pool": "d" };
    const outcome = put("w/a", { annotations });
    assert.equal(poolOf("w/a"), "e");
    const told =
      "Warning deprecatedAnnotation Service uses deprecated annotation metallb.universe.tf/address-pool";
    assert.ok(events(outcome).includes(told));
    assert.ok(
      outcome.logs.some(
        ({ level, fields }) => level === "warn" && fields["event"] === "deprecatedAnnotation",
      ),
    );
    assert.deepEqual(events(again("w/a")), [], "not when nothing changes");
  });

  it("IPAM-70: an empty new annotation hides the deprecated one; alone, that one counts", () => {
    const hidden = { "metallb.io/address-pool": "", "metallb.universe.tf/address-pool": "wan" };
    put("w/a", { annotations: hidden });
    put("w/b", { annotations: { "metallb.universe.tf/address-pool": "wan" } });
    put("w/c", { annotations: { "metallb.universe.tf/loadBalancerIPs": "198.18.1.3" } });
    assert.deepEqual(["w/a", "w/b", "w/c"].map(ips), ["198.18.1.0", "198.18.2.0", "198.18.1.3"]);
  });

  it("IPAM-72: an old out-annotation is left alone, and reported", () => {
    const old = "metallb.universe.tf/ip-allocated-from-pool";
    const outcome = put("w/a", { annotations: { [old]: "gone" } });
    assert.equal(world.get("w/a")?.metadata.annotations?.[old], "gone");
    assert.equal(poolOf("w/a"), "lan");
    assert.match(
      events(outcome).join(),
      /deprecated annotation metallb\.universe\.tf\/ip-allocated/,
    );
  });

  it("IPAM-71: nothing deprecated, nothing told", () => {
    assert.equal(reasons(put("w/a", names("lan"))), "IPAllocated");
  });
});

describe("the class of a service", () => {
  const classed = (loadBalancerClass: string) => ({ spec: { loadBalancerClass } });

  it("IPAM-62, TV-72: another class is ignored, its status untouched and not reserved", () => {
    const a = put("w/a", { ...at("198.18.1.0"), ...classed("example.com/other") });
    assert.deepEqual([a.changed, a.notes, a.result], [undefined, [], "done"]);
    put("w/b");
    assert.equal(ips("w/b"), "198.18.1.0");
  });

  it("IPAM-62: with a class of our own only services of it are served", () => {
    const ours = "example.com/metallb";
    evaluate(loadBalancer("w/a", classed(ours)), ours);
    evaluate(loadBalancer("w/b"), ours);
    evaluate(loadBalancer("w/c", classed("example.com/other")), ours);
    assert.deepEqual(["w/a", "w/b", "w/c"].map(ips), ["198.18.1.0", "none", "none"]);
  });

  it("IPAM-62: a service that loses its class with its type gives its address back", () => {
    const ours = "example.com/metallb";
    evaluate(loadBalancer("w/a", classed(ours)), ours);
    const served = world.get("w/a") as Service;
    evaluate({ ...served, spec: { type: "ClusterIP", clusterIP: "10.96.0.1" } }, ours);
    assert.deepEqual([ips("w/a"), poolOf("w/a")], ["none", undefined]);
    assert.equal(allocator.holdingOf("w/a"), undefined);
  });

  it("IPAM-62: one that comes back with another class frees its address, its status untouched", () => {
    put("w/a");
    const outcome = put("w/a", classed("example.com/other"));
    assert.deepEqual([outcome.changed, allocator.holdingOf("w/a")], [undefined, undefined]);
  });
});

describe("the replay of holders", () => {
  const replay = (given: Service) =>
    reconcileModern(given, allocator, { mayAllocate: false, loadBalancerClass: "" });

  it("IPAM-53: adopts what may be kept, gives nothing, tells nothing", () => {
    const cases: [string, ServiceFields, string[]][] = [
      ["w/holder", at("198.18.1.1"), ["lan"]],
      ["w/junk", { ...at("198.18.1.3"), spec: { clusterIP: "bad" } }, ["lan"]],
      ["w/new", {}, []],
      ["w/outside", at("203.0.113.1"), []],
      ["w/other", { ...at("198.18.1.2"), spec: { loadBalancerClass: "x/y" } }, []],
      ["w/plain", { ...at("198.18.1.2"), spec: { type: "ClusterIP" } }, []],
      ["w/six", { ...at("198.18.1.2"), spec: { clusterIP: "fd00::1" } }, []],
      ["w/poor", { ...at("198.18.1.2"), spec: { ipFamilyPolicy: "RequireDualStack" } }, []],
    ];
    for (const [key, fields, held] of cases) {
      const outcome = replay(loadBalancer(key, fields));
      assert.deepEqual([outcome.changed, outcome.notes, outcome.logs], [undefined, [], []]);
      const holding = allocator.holdingOf(key);
      assert.deepEqual(holding === undefined ? [] : [holding.pool], held, key);
    }
  });

  it("IPAM-53: a service that shows its address no more holds it no more", () => {
    replay(loadBalancer("w/a", at("198.18.1.1")));
    replay(loadBalancer("w/a"));
    assert.equal(allocator.holdingOf("w/a"), undefined);
  });
});

describe("log lines", () => {
  it("LOG-2: say in the words of the reference what happened", () => {
    const cases: [string, ServiceFields][] = [
      ["notLoadBalancer", { spec: { type: "NodePort" }, ...at("198.18.1.1") }],
      ["noClusterIPs", { spec: { clusterIP: "" }, ...at("198.18.1.1") }],
      ["nolbIPsIPFamily", at("junk")],
      ["noclusterIPsIPFamily", { spec: { clusterIP: "bad" }, ...at("198.18.1.1") }],
      ["differentPoolRequested", { ...names("wan"), ...at("198.18.1.1") }],
      ["differentIPRequested", { ...asks("198.18.1.2"), ...at("198.18.1.1") }],
    ];
    for (const [reason, fields] of cases) {
      const { logs } = evaluate(loadBalancer("w/a", fields));
      const line = logs.find((one) => one.fields["event"] === "clearAssignment");
      assert.equal(line?.fields["reason"], reason);
    }
    const words = ["startUpdate", "ipAllocated", "endUpdate"];
    const told = put("w/new").logs.map(({ fields }) => fields["event"]);
    assert.deepEqual(told, words);
    assert.ok(again("w/new").logs.some(({ fields }) => fields["event"] === "noChange"));
    configure(both);
    const failed = put("w/x", names("ghost")).logs.find(({ level }) => level === "error");
    assert.equal(failed?.fields["op"], "allocateIPs");
    const more = evaluate(
      loadBalancer("w/d", { ...at("198.18.1.3"), spec: dual("PreferDualStack") }),
    );
    assert.ok(more.logs.some(({ fields }) => fields["event"] === "tryAssignAdditionalIP"));
  });
});
