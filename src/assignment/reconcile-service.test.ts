/** What happens to one service: the address kept or given, the status stored, the events told. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { Allocator } from "../allocator/index.ts";
import { compileConfigMap, findStrandedAddress } from "../config/index.ts";
import type { LoadBalancerIngress, Service } from "../kube/index.ts";
import { reconcileService } from "./reconcile-service.ts";
import type { ServiceOutcome } from "./service-outcome.ts";

const lan = "{name: lan, protocol: layer2, addresses: [198.18.1.0/30]}";
const wan = "{name: wan, protocol: bgp, auto-assign: false, addresses: [198.18.2.0/30]}";
const six = "{name: six, protocol: layer2, addresses: ['2001:db8:5::/126']}";

function configure(allocator: Allocator, ...pools: string[]): void {
  const result = compileConfigMap(`address-pools: [${pools.join(", ")}]`);
  assert.ok(result.ok, result.ok ? "" : result.error.message);
  allocator.setPools(result.config.pools);
}

function allocatorWith(...pools: string[]): Allocator {
  const allocator = new Allocator();
  configure(allocator, ...pools);
  return allocator;
}

interface Fields {
  spec?: Partial<Service["spec"]>;
  annotations?: Record<string, string>;
  ingress?: LoadBalancerIngress[];
}

function service(name: string, { spec, annotations, ingress }: Fields = {}): Service {
  return {
    metadata: { name, namespace: "w", ...(annotations && { annotations }) },
    spec: {
      type: "LoadBalancer",
      clusterIP: "10.96.0.1",
      ports: [{ port: 80 }],
      ...spec,
    },
    ...(ingress && { status: { loadBalancer: { ingress } } }),
  };
}

function evaluate(allocator: Allocator, one: Service, mayAllocate = true): ServiceOutcome {
  return reconcileService(one, allocator, { mayAllocate });
}

/** The Service as it is after the outcome was stored. */
function stored(allocator: Allocator, one: Service): Service {
  return evaluate(allocator, one).changed ?? one;
}

/** The addresses in the status of what shall be stored; "unchanged" if nothing shall. */
function shown(outcome: ServiceOutcome): string {
  if (outcome.changed === undefined) return "unchanged";
  const ingress = outcome.changed.status?.loadBalancer?.ingress ?? [];
  return ingress.map(({ ip, hostname }) => ip ?? hostname).join() || "none";
}

function events(outcome: ServiceOutcome): string[] {
  return outcome.notes.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
}

const address = (ip: string) => ({ ingress: [{ ip }] });
const wanted = (loadBalancerIP: string) => ({ spec: { loadBalancerIP } });
const named = (pool: string) => ({ "metallb.universe.tf/address-pool": pool });
const shared = (key: string) => ({ "metallb.universe.tf/allow-shared-ip": key });

describe("a service without an address", () => {
  it("LC-26: gets the first free address of any pool with auto-assign, and an event", () => {
    const outcome = evaluate(allocatorWith(wan, lan), service("a"));
    assert.equal(shown(outcome), "198.18.1.0");
    assert.deepEqual(events(outcome), ['Normal IPAllocated Assigned IP "198.18.1.0"']);
    assert.equal(outcome.result, "done");
    assert.deepEqual(outcome.logs[0]?.fields["event"], "ipAllocated");
  });

  it("LC-23: gets an address of the family of spec.clusterIP, and only one", () => {
    const allocator = allocatorWith(lan, six);
    const dual = { clusterIP: "fd00::1", clusterIPs: ["fd00::1", "10.96.0.1"] };
    assert.equal(shown(evaluate(allocator, service("a", { spec: dual }))), "2001:db8:5::");
    assert.equal(shown(evaluate(allocator, service("b"))), "198.18.1.0");
  });

  it("LC-26, TV-52: gets the address it asks for, also without auto-assign", () => {
    const allocator = allocatorWith(lan, wan);
    assert.equal(shown(evaluate(allocator, service("a", wanted("198.18.1.2")))), "198.18.1.2");
    assert.equal(shown(evaluate(allocator, service("b", wanted("198.18.2.1")))), "198.18.2.1");
  });

  it("LC-26, TV-53: gets an address of the pool it names, also without auto-assign", () => {
    const allocator = allocatorWith(lan, wan);
    const outcome = evaluate(allocator, service("a", { annotations: named("wan") }));
    assert.equal(shown(outcome), "198.18.2.0");
  });

  it("LC-26, TV-25: an asked address beats an asked pool, now and at later evaluations", () => {
    const allocator = allocatorWith("{name: p, protocol: bgp, addresses: [198.18.1.0/28]}");
    const both = service("a", { ...wanted("198.18.1.5"), annotations: named("nowhere") });
    const outcome = evaluate(allocator, both);
    assert.equal(shown(outcome), "198.18.1.5");
    const again = evaluate(allocator, outcome.changed ?? both);
    assert.deepEqual([shown(again), events(again)], ["unchanged", []]);
  });

  it("LC-24: the metallb.io annotations are unknown, and no annotation is written", () => {
    const allocator = allocatorWith(lan, wan);
    const annotations = {
      "metallb.io/address-pool": "wan",
      "metallb.io/loadBalancerIPs": "198.18.2.3",
    };
    const outcome = evaluate(allocator, service("a", { annotations }));
    assert.equal(shown(outcome), "198.18.1.0");
    assert.deepEqual(outcome.changed?.metadata.annotations, annotations);
  });

  it("LC-24, IPAM-40, TV-60: services with one sharing key share, across namespaces", () => {
    const allocator = allocatorWith(lan);
    const give = (name: string, key: string, port: number) =>
      shown(
        evaluate(
          allocator,
          service(name, { annotations: shared(key), spec: { ports: [{ port }] } }),
        ),
      );
    assert.deepEqual(
      [give("a", "s", 80), give("b", "s", 81), give("c", "t", 82)],
      ["198.18.1.0", "198.18.1.0", "198.18.1.1"],
    );
  });

  it("IPAM-6: Local services share only with the same selector, in any order; UDP is not TCP", () => {
    const allocator = allocatorWith(lan);
    const give = (name: string, spec: Partial<Service["spec"]>) =>
      shown(evaluate(allocator, service(name, { annotations: shared("s"), spec })));
    const local = { externalTrafficPolicy: "Local" };
    const udp = [{ port: 80, protocol: "UDP" }];
    assert.equal(give("a", { ...local, selector: { a: "1", b: "2" } }), "198.18.1.0");
    assert.equal(give("b", { ...local, selector: { b: "2", a: "1" }, ports: udp }), "198.18.1.0");
    assert.equal(
      give("c", { ...local, selector: { a: "1" }, ports: [{ port: 81 }] }),
      "198.18.1.1",
    );
    assert.equal(give("d", { selector: { a: "1", b: "2" }, ports: [{ port: 82 }] }), "198.18.1.2");
  });

  it("IPAM-56, IPAM-62: v0.9.5 looks neither at node ports nor at a class", () => {
    const spec = { allocateLoadBalancerNodePorts: false, loadBalancerClass: "example.com/other" };
    assert.equal(shown(evaluate(allocatorWith(lan), service("a", { spec }))), "198.18.1.0");
  });

  it("LC-30, CTL-6: only the status of what is stored differs from what was given", () => {
    const given = service("a", { annotations: { note: "mine" } });
    const before = structuredClone(given);
    const { changed } = evaluate(allocatorWith(lan), given);
    assert.deepEqual(given, before);
    assert.deepEqual(changed, {
      ...given,
      status: { loadBalancer: { ingress: [{ ip: "198.18.1.0" }] } },
    });
  });
});

describe("a request that cannot be met", () => {
  const failure = (fields: Fields, ...pools: string[]) => {
    const allocator = allocatorWith(...(pools.length > 0 ? pools : [lan, wan]));
    evaluate(allocator, service("taken", wanted("198.18.1.3")));
    const outcome = evaluate(allocator, service("a", fields));
    assert.equal(outcome.result, "waiting");
    assert.equal(shown(outcome), "unchanged");
    assert.equal(allocator.holdingOf("w/a"), undefined);
    assert.equal(outcome.logs[0]?.level, "error");
    return events(outcome).join();
  };
  const head = 'Warning AllocationFailed Failed to allocate IP for "w/a": ';

  it("IPAM-7: an address outside all pools is refused with field, value and mend", () => {
    assert.equal(
      failure(wanted("203.0.113.9")),
      `${head}spec.loadBalancerIP: "203.0.113.9" is not allowed in config: no pool contains it; ` +
        "use an address of a pool, or add it to a pool",
    );
  });

  it("IPAM-40: an address that another service holds is refused with that service's name", () => {
    assert.equal(
      failure(wanted("198.18.1.3")),
      `${head}spec.loadBalancerIP: can't change sharing key for "w/a", address also in use by ` +
        '"w/taken" (198.18.1.3); ask for another address, or give all of them the same allow-shared-ip annotation',
    );
  });

  it("LC-26: a malformed address is refused with its text", () => {
    assert.equal(
      failure(wanted("198.18.1")),
      `${head}spec.loadBalancerIP: "198.18.1" is not an IP address; ` +
        "use an IPv4 address of a pool, or remove the field",
    );
  });

  it("LC-23, TV-58: an address of the other family is refused", () => {
    const text = failure(wanted("2001:db8:5::1"), lan, six);
    assert.match(
      text,
      /spec\.loadBalancerIP: "2001:db8:5::1" is not of the family of spec\.clusterIP/,
    );
  });

  it("IPAM-25: an unknown pool is refused, and the known ones are named", () => {
    assert.equal(
      failure({ annotations: named("d") }),
      `${head}annotation metallb.universe.tf/address-pool: unknown pool "d"; name one of these: lan, wan`,
    );
  });

  it("IPAM-25: exhaustion says so, of the named pool or of all", () => {
    const one = "{name: lan, protocol: layer2, addresses: [198.18.1.3/32]}";
    assert.match(failure({}, one), /: no available IPs; add addresses to a pool/);
    assert.match(failure({ annotations: named("lan") }, one), /: no available IPs in pool "lan"; /);
  });

  it("CTL-15: a waiting service tells its Warning at each evaluation, and gets the first freed address", () => {
    const allocator = allocatorWith("{name: lan, protocol: layer2, addresses: [198.18.1.3/32]}");
    stored(allocator, service("a"));
    const [first, second] = [1, 2].map(() => events(evaluate(allocator, service("b"))));
    assert.deepEqual(first, second);
    allocator.unassign("w/a");
    assert.equal(shown(evaluate(allocator, service("b"))), "198.18.1.3");
  });
});

describe("a service with an address", () => {
  it("LC-23, CTL-13, TV-71: is left alone when all is well, whatever the server adds to the entry", () => {
    const ingress = [{ ip: "198.18.1.2", ipMode: "VIP" }];
    const allocator = allocatorWith(lan);
    const outcome = evaluate(allocator, service("a", { ingress }));
    assert.deepEqual([shown(outcome), events(outcome), outcome.logs], ["unchanged", [], []]);
    assert.equal(allocator.holdingOf("w/a")?.pool, "lan");
  });

  it("IPAM-38: keeps its address and loses a host name beside it", () => {
    const ingress = [{ ip: "198.18.1.2", hostname: "lb.example" }];
    const { changed } = evaluate(allocatorWith(lan), service("a", { ingress }));
    assert.deepEqual(changed?.status, { loadBalancer: { ingress: [{ ip: "198.18.1.2" }] } });
  });

  it("L2-42: an address in another spelling is rewritten in the canonical one", () => {
    const dual = { spec: { clusterIP: "fd00::1" }, ...address("2001:DB8:5:0::1") };
    assert.equal(shown(evaluate(allocatorWith(six), service("a", dual))), "2001:db8:5::1");
  });

  for (const [what, ingress] of [
    ["two entries", [{ ip: "198.18.1.2" }, { ip: "198.18.1.3" }]],
    ["a host name", [{ hostname: "lb.example" }]],
    ["no address", [{ ip: "soon" }]],
    ["another family", [{ ip: "2001:db8:5::2" }]],
  ] as const) {
    it(`LC-23: ${what} in status is cleared and allocated anew`, () => {
      const allocator = allocatorWith(lan, six);
      const outcome = evaluate(allocator, service("a", { ingress: [...ingress] }));
      assert.equal(shown(outcome), "198.18.1.0");
    });
  }

  it("CTL-4, TV-68: an address outside every pool is replaced, and the reason told", () => {
    const outcome = evaluate(allocatorWith(lan), service("a", address("203.0.113.9")));
    assert.equal(shown(outcome), "198.18.1.0");
    const [first = "", second] = events(outcome);
    assert.match(
      first,
      /^Normal ClearAssignment current IP for "w\/a" not allowed by config, will attempt .* "203\.0\.113\.9"/,
    );
    assert.equal(second, 'Normal IPAllocated Assigned IP "198.18.1.0"');
  });

  it("IPAM-54: of two services that show one address, the first keeps it", () => {
    const allocator = allocatorWith(lan);
    assert.equal(shown(evaluate(allocator, service("a", address("198.18.1.0")))), "unchanged");
    assert.equal(shown(evaluate(allocator, service("b", address("198.18.1.0")))), "198.18.1.1");
  });

  it("IPAM-42, TV-62: moves when its new port is taken by a sharer, who stays", () => {
    const allocator = allocatorWith(lan);
    const sharer = (name: string, port: number, rest: Fields = {}) =>
      service(name, { annotations: shared("s"), spec: { ports: [{ port }] }, ...rest });
    stored(allocator, sharer("a", 80));
    stored(allocator, sharer("b", 81));
    const outcome = evaluate(allocator, sharer("b", 80, address("198.18.1.0")));
    assert.equal(shown(outcome), "198.18.1.1");
    assert.match(
      events(outcome)[0] ?? "",
      /ClearAssignment .*port TCP\/80 is already in use on 198/,
    );
    assert.equal(shown(evaluate(allocator, sharer("a", 80, address("198.18.1.0")))), "unchanged");
  });

  it("IPAM-42, CTL-6: loses it when its new port is taken and no other address is free", () => {
    const allocator = allocatorWith("{name: lan, protocol: layer2, addresses: [198.18.1.0/32]}");
    const sharer = (name: string, port: number, rest: Fields = {}) =>
      service(name, { annotations: shared("s"), spec: { ports: [{ port }] }, ...rest });
    stored(allocator, sharer("a", 80));
    const outcome = evaluate(allocator, sharer("b", 80, address("198.18.1.0")));
    assert.deepEqual([shown(outcome), outcome.result], ["none", "waiting"]);
    const reasons = outcome.notes.map(({ reason }) => reason);
    assert.deepEqual(reasons, ["ClearAssignment", "AllocationFailed"]);
  });

  it("LOG-2: says in the log why an address was taken back, in the words of the reference", () => {
    const cases: [string, Fields][] = [
      ["notLoadBalancer", { spec: { type: "NodePort" } }],
      ["noClusterIPs", { spec: { clusterIP: "None" } }],
      ["nolbIPsIPFamily", { spec: { clusterIP: "fd00::1" }, ...address("198.18.1.1") }],
      ["differentPoolRequested", { annotations: named("wan"), ...address("198.18.1.1") }],
      ["differentIPRequested", { ...wanted("198.18.1.2"), ...address("198.18.1.1") }],
      ["notAllowedByConfig", address("203.0.113.1")],
    ];
    for (const [reason, fields] of cases) {
      const allocator = allocatorWith(lan, wan, six);
      stored(allocator, service("a", address("198.18.1.1")));
      const { logs } = evaluate(allocator, service("a", fields));
      const line = logs.find((one) => one.fields["event"] === "clearAssignment");
      assert.equal(line?.fields["reason"], reason);
    }
  });

  it("CTL-4: moves silently to another pool or address that it asks for", () => {
    const allocator = allocatorWith(lan, wan);
    const toPool = service("a", { annotations: named("wan"), ...address("198.18.1.0") });
    assert.equal(shown(evaluate(allocator, toPool)), "198.18.2.0");
    const toAddress = service("a", { ...wanted("198.18.1.3"), ...address("198.18.2.0") });
    const outcome = evaluate(allocator, toAddress);
    assert.equal(shown(outcome), "198.18.1.3");
    assert.deepEqual(events(outcome), ['Normal IPAllocated Assigned IP "198.18.1.3"']);
  });

  it("CTL-4: keeps its address, unlike the reference, when what it asks for now cannot be had", () => {
    const allocator = allocatorWith(lan);
    stored(allocator, service("b", wanted("198.18.1.1")));
    for (const [wish, why] of [
      [wanted("203.0.113.9"), /no pool|not allowed/],
      [wanted("198.18.1.1"), /w\/b/],
      [{ annotations: named("ghost") }, /unknown pool "ghost"/],
    ] as const) {
      const outcome = evaluate(allocator, service("a", { ...wish, ...address("198.18.1.0") }));
      assert.equal(shown(outcome), "unchanged");
      assert.match(events(outcome).join(), /^Warning AllocationFailed .*; it keeps 198\.18\.1\.0$/);
      assert.match(events(outcome).join(), why);
      assert.equal(outcome.result, "waiting");
      assert.equal(allocator.holdingOf("w/a")?.pool, "lan");
    }
  });

  it("LC-20: before the replay is over, a wish to move waits and the address stays", () => {
    const asking = service("a", { ...wanted("198.18.1.3"), ...address("198.18.1.0") });
    const outcome = evaluate(allocatorWith(lan), asking, false);
    assert.deepEqual([outcome.result, shown(outcome)], ["retry", "unchanged"]);
  });

  it("CTL-4, TV-67: keeps its address when it asks for a malformed one", () => {
    const allocator = allocatorWith(lan);
    const outcome = evaluate(
      allocator,
      service("a", { ...wanted("198.18.1"), ...address("198.18.1.3") }),
    );
    assert.equal(shown(outcome), "unchanged");
    assert.match(
      events(outcome).join(),
      /^Warning LoadBalancerFailed invalid requested loadbalancer IPs: spec\.loadBalancerIP: "198\.18\.1" is not/,
    );
    assert.equal(allocator.holdingOf("w/a")?.pool, "lan");
  });

  for (const [what, spec] of [
    ["is no LoadBalancer any more", { type: "ClusterIP" }],
    ["has no cluster IP", { clusterIP: "" }],
    ["is headless", { clusterIP: "None" }],
    ["has a malformed cluster IP", { clusterIP: "bad" }],
  ] as const) {
    it(`LC-25: is cleared without an event when it ${what}`, () => {
      const allocator = allocatorWith(lan);
      stored(allocator, service("a"));
      const outcome = evaluate(allocator, service("a", { spec, ...address("198.18.1.0") }));
      assert.deepEqual([outcome.result, shown(outcome), events(outcome)], ["done", "none", []]);
      assert.equal(allocator.holdingOf("w/a"), undefined);
      assert.equal(shown(evaluate(allocator, service("b"))), "198.18.1.0");
    });
  }
});

describe("start and change of configuration", () => {
  it("LC-20: before the replay is over, addresses are adopted but none is given", () => {
    const allocator = allocatorWith(lan);
    const waiting = evaluate(allocator, service("a"), false);
    assert.deepEqual([waiting.result, shown(waiting), events(waiting)], ["retry", "unchanged", []]);
    const asking = evaluate(allocator, service("a", wanted("198.18.1.2")), false);
    assert.equal(asking.result, "retry");
    const holder = evaluate(allocator, service("b", address("198.18.1.0")), false);
    assert.deepEqual([holder.result, shown(holder)], ["done", "unchanged"]);
    assert.equal(shown(evaluate(allocator, service("a"))), "198.18.1.1");
  });

  it("LC-20: a holder that cannot keep its address waits too, with its status untouched", () => {
    const outcome = evaluate(allocatorWith(lan), service("a", address("203.0.113.9")), false);
    assert.deepEqual([outcome.result, outcome.changed], ["retry", undefined]);
  });

  it("LC-21, LC-22: a waiting service gets an address of a pool that grew; holders keep theirs", () => {
    const allocator = allocatorWith("{name: p, protocol: bgp, addresses: [198.18.1.4/32]}");
    const holder = stored(allocator, service("a"));
    assert.equal(shown(evaluate(allocator, service("b"))), "unchanged");
    const grown = "{name: q, protocol: layer2, addresses: [198.18.1.4-198.18.1.9]}";
    configure(allocator, grown);
    assert.equal(shown(evaluate(allocator, holder)), "unchanged");
    assert.equal(allocator.holdingOf("w/a")?.pool, "q");
    assert.equal(shown(evaluate(allocator, service("b"))), "198.18.1.5");
  });

  it("LC-21, TV-23: what the allocator holds decides whether an empty configuration is refused", () => {
    const allocator = allocatorWith(lan);
    evaluate(allocator, service("a", address("198.18.1.2")));
    const held = [...allocator.holdings()].flatMap(({ service, pool, addresses }) =>
      addresses.map((one) => ({ service, pool, address: one })),
    );
    const result = compileConfigMap("");
    assert.ok(result.ok);
    assert.equal(findStrandedAddress(result.config, held)?.service, "w/a");
  });
});

describe("any history", () => {
  const fields: fc.Arbitrary<Service> = fc
    .record({
      name: fc.constantFrom("a", "b", "c", "d"),
      type: fc.constantFrom("LoadBalancer", "LoadBalancer", "LoadBalancer", "ClusterIP"),
      clusterIP: fc.constantFrom("10.96.0.1", "10.96.0.1", "fd00::1", "None"),
      loadBalancerIP: fc.constantFrom("", "", "198.18.1.2", "203.0.113.9", "junk"),
      pool: fc.constantFrom("", "", "wan", "nowhere"),
      key: fc.constantFrom("", "s"),
      port: fc.constantFrom(80, 81),
      ip: fc.constantFrom("", "198.18.1.1", "198.18.2.2", "2001:db8:5::1", "203.0.113.9"),
    })
    .map(({ name, type, clusterIP, loadBalancerIP, pool, key, port, ip }) =>
      service(name, {
        spec: { type, clusterIP, loadBalancerIP, ports: [{ port }] },
        annotations: { ...(pool && named(pool)), ...(key && shared(key)) },
        ...(ip && address(ip)),
      }),
    );

  it("CTL-13: evaluating what was stored changes nothing, and tells nothing but a standing failure", () => {
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 20 }), (history) => {
        const allocator = allocatorWith(lan, wan, six);
        for (const given of history) {
          const first = evaluate(allocator, given);
          const after = first.changed ?? given;
          const held = allocator.holdingOf(`w/${given.metadata.name}`);
          const again = evaluate(allocator, after);
          assert.equal(again.changed, undefined);
          assert.deepEqual(allocator.holdingOf(`w/${given.metadata.name}`), held);
          const standing = ["AllocationFailed", "LoadBalancerFailed"];
          assert.ok(again.notes.every(({ reason }) => standing.includes(reason)));
          const ips = after.status?.loadBalancer?.ingress?.length ?? 0;
          assert.equal(ips, held?.addresses.length ?? 0);
        }
      }),
    );
  });
});
