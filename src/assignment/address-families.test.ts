/** Services of one family and of two, through the whole evaluation (IPAM-30..38). */
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
} from "../testing/pools-and-services.ts";
import { reconcileModern } from "./reconcile-modern.ts";
import type { ServiceOutcome } from "./service-outcome.ts";

const v4 = pool("four", "198.18.4.0/30");
const v6 = pool("six", "2001:db8:6::/126");
const both = pool("both", "198.18.1.0/30 2001:db8:5::/126");
const requires = dual("RequireDualStack");
const prefers = dual("PreferDualStack");
const prefersSix = { ...prefers, ipFamilies: ["IPv6", "IPv4"] };

let allocator: Allocator;

function configure(...pools: Pool[]): void {
  allocator.setPools(poolsByName(...pools));
}

function evaluate(given: Service): ServiceOutcome {
  return reconcileModern(given, allocator, { mayAllocate: true, loadBalancerClass: "" });
}

/** The Service after its evaluation was stored. */
function stored(given: Service): Service {
  return evaluate(given).changed ?? given;
}

function ips({ status }: Service): string {
  return status?.loadBalancer?.ingress?.map(({ ip }) => ip).join(" ") || "none";
}

const give = (key: string, spec: Partial<Service["spec"]>, annotations?: Record<string, string>) =>
  ips(stored(loadBalancer(key, { spec, ...(annotations && { annotations }) })));
const shows = (spec: Partial<Service["spec"]>, ...texts: string[]) =>
  loadBalancer("w/a", { spec, ingress: texts.map((ip) => ({ ip })) });
const events = ({ notes }: ServiceOutcome) =>
  notes.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
const listed = (texts: string) => ({ "metallb.io/loadBalancerIPs": texts });
const named = (name: string) => ({ "metallb.io/address-pool": name });

beforeEach(() => {
  allocator = new Allocator();
  configure(both);
});

describe("a service of one family", () => {
  it("IPAM-33, TV-57: gets one address of it, whatever the policy and the pool", () => {
    for (const policy of ["SingleStack", "PreferDualStack"]) {
      const spec = { clusterIP: "fd00::1", clusterIPs: ["fd00::1"], ipFamilyPolicy: policy };
      const one = stored(loadBalancer("w/a", { spec }));
      assert.equal(ips(one), "2001:db8:5::");
      const again = evaluate(one);
      assert.deepEqual([again.changed, again.notes], [undefined, []], "no flipping");
    }
  });

  it("IPAM-33: gives no address back that it should not have got: two become one", () => {
    const spec = { ipFamilyPolicy: "PreferDualStack" };
    assert.equal(ips(stored(shows(spec, "198.18.1.2", "2001:db8:5::2"))), "198.18.1.0");
  });

  it("IPAM-30: is told when its family has no pool", () => {
    configure(v6);
    assert.match(
      events(evaluate(loadBalancer("w/a"))).join(),
      /AllocationFailed .*no available IPs/,
    );
  });

  it("IPAM-36: that asks for both families now gets a pair, and back again one", () => {
    const single = stored(loadBalancer("w/a"));
    const pair = stored({ ...single, spec: { ...single.spec, ...requires } });
    assert.equal(ips(pair), "198.18.1.0 2001:db8:5::");
    const { ipFamilyPolicy: _, clusterIPs: __, ...spec } = pair.spec;
    assert.equal(ips(stored({ ...pair, spec })), "198.18.1.0");
    assert.equal(allocator.usage()[0]?.inUse, 1n);
  });
});

describe("a service that requires both families", () => {
  it("IPAM-30, IPAM-34, TV-56: gets a pair of one pool, IPv4 first", () => {
    configure(v4, both, v6);
    const outcome = evaluate(loadBalancer("w/a", { spec: requires }));
    assert.deepEqual(events(outcome), [
      'Normal IPAllocated Assigned IP ["198.18.1.0" "2001:db8:5::"]',
    ]);
    const { ingress } = outcome.changed?.status?.loadBalancer ?? {};
    assert.deepEqual(ingress, [{ ip: "198.18.1.0" }, { ip: "2001:db8:5::" }]);
  });

  it("IPAM-30: gets nothing from two pools of one family each", () => {
    configure(v4, v6);
    assert.match(
      events(evaluate(loadBalancer("w/a", { spec: requires }))).join(),
      /^Warning AllocationFailed .*no available IPs/,
    );
  });

  it("IPAM-37, TV-59: with one cluster IP it is cleared, with a Warning of that reason", () => {
    const outcome = evaluate(shows({ ipFamilyPolicy: "RequireDualStack" }, "198.18.1.0"));
    assert.deepEqual(events(outcome), [
      "Warning not enough clusterips Service requires dual stack but not enough clusterips [10.96.0.1]",
    ]);
    assert.deepEqual([outcome.result, outcome.changed?.status], ["failed", { loadBalancer: {} }]);
  });

  it("IPAM-36: that shows one address only is given a pair", () => {
    assert.equal(ips(stored(shows(requires, "198.18.1.3"))), "198.18.1.0 2001:db8:5::");
  });
});

describe("a service that prefers both families", () => {
  it("IPAM-31: takes the first pool with both, though another comes first by name", () => {
    configure(pool("a", "198.18.9.0/24"), both);
    assert.equal(give("w/a", prefers), "198.18.1.0 2001:db8:5::");
  });

  it("IPAM-31: else the first pool of its first family, else of the other", () => {
    configure(v4, v6);
    assert.equal(give("w/a", prefers), "198.18.4.0");
    assert.equal(give("w/b", prefersSix), "2001:db8:6::");
    configure(v6);
    assert.equal(give("w/c", prefers), "2001:db8:6::1");
  });

  it("IPAM-31: a pinned pool of one family beats a general one of both", () => {
    const pinned = allocation({ namespaces: new Set(["w"]) });
    configure(both, pool("pinned", "198.18.9.0/24", pinned));
    assert.equal(give("w/a", prefers), "198.18.9.0");
  });

  it("IPAM-31: a named pool gives both, else IPv4, else IPv6, whichever family comes first", () => {
    configure(pool("p", "198.18.1.0/31 2001:db8:5::/128"));
    const given = ["w/a", "w/b"].map((key) => give(key, prefersSix, named("p")));
    assert.deepEqual(given, ["198.18.1.0 2001:db8:5::", "198.18.1.1"]);
    configure(v6);
    assert.equal(give("w/c", prefers, named("six")), "2001:db8:6::");
    configure(pool("p", "198.18.1.0/32 2001:db8:5::/128"));
    give("w/four", {}, named("p"));
    assert.equal(give("w/d", prefersSix, named("p")), "2001:db8:5::");
  });

  it("IPAM-32: with one address it gets the other family from the same pool, keeping the first", () => {
    const outcome = evaluate(shows(prefers, "198.18.1.3"));
    assert.equal(ips(outcome.changed as Service), "198.18.1.3 2001:db8:5::");
    assert.deepEqual(events(outcome), ['Normal IPAllocated Assigned additional IP "2001:db8:5::"']);
    assert.equal(ips(stored(shows(prefers, "2001:db8:5::3"))), "2001:db8:5::3 198.18.1.0");
  });

  it("IPAM-32, CTL-13: else it says so at each evaluation, goes on, and moves to no other pool", () => {
    configure(v4, both);
    const outcome = evaluate(shows(prefers, "198.18.4.2"));
    assert.match(
      events(outcome).join(),
      /^Normal AdditionalAssignFailed cannot assign additional IP in PreferDualStack: no available IPv6/,
    );
    const settled = outcome.changed as Service;
    assert.equal(ips(settled), "198.18.4.2");
    const again = evaluate(settled);
    assert.deepEqual([again.changed, events(again)], [undefined, events(outcome)]);
    assert.equal(again.result, "waiting", "it is looked at again when an address becomes free");
  });

  it("IPAM-32: a pair that loses one family is released, and another pool of both taken", () => {
    configure(both, pool("zwei", "198.18.7.0/24 2001:db8:7::/64"));
    const pair = stored(loadBalancer("w/a", { spec: prefers }));
    configure(pool("both", "198.18.1.0/30"), pool("zwei", "198.18.7.0/24 2001:db8:7::/64"));
    assert.equal(ips(stored(pair)), "198.18.7.0 2001:db8:7::");
  });

  it("IPAM-36: with one address of either family it is content", () => {
    configure(v6);
    assert.equal(ips(stored(shows(prefers, "2001:db8:6::2"))), "2001:db8:6::2");
  });
});

describe("addresses asked for", () => {
  it("IPAM-34, IPAM-35: a pair is given in the order of the annotation, and that order stays", () => {
    const one = loadBalancer("w/a", {
      spec: requires,
      annotations: listed(" 2001:db8:5::3 , 198.18.1.3 "),
    });
    const given = stored(one);
    assert.equal(ips(given), "2001:db8:5::3 198.18.1.3");
    const { metadata } = given;
    const annotations = { ...metadata.annotations, ...listed("198.18.1.3,2001:db8:5::3") };
    const turned = evaluate({ ...given, metadata: { ...metadata, annotations } });
    assert.deepEqual([turned.changed, turned.notes], [undefined, []]);
  });

  it("IPAM-35, TV-58: spec.loadBalancerIP can never satisfy a service of both families", () => {
    const spec = { ...requires, loadBalancerIP: "198.18.1.1" };
    const outcome = evaluate(loadBalancer("w/a", { spec }));
    assert.match(
      events(outcome).join(),
      /^Warning AllocationFailed .*requested loadBalancer IP\(s\) \["198\.18\.1\.1"\] does not match the ipFamily/,
    );
  });

  for (const [what, texts, spec] of [
    ["an empty item", "198.18.1.1,", {}],
    ["blanks only", " ", {}],
    ["two of one family", "198.18.1.1,198.18.1.2", requires],
    ["three", "198.18.1.1,2001:db8:5::1,2001:db8:5::2", requires],
    ["a prefix", "198.18.1.1/32", {}],
    ["both fields, though equal", "198.18.1.1", { loadBalancerIP: "198.18.1.1" }],
  ] as const) {
    it(`IPAM-35: ${what} is an error`, () => {
      const fields = { spec, annotations: listed(texts) };
      assert.match(
        events(evaluate(loadBalancer("w/a", fields))).join(),
        /^Warning AllocationFailed/,
      );
      const one = { ...fields, ingress: [{ ip: "198.18.1.0" }] };
      const holder = { ...one, spec: { ...spec, ipFamilyPolicy: "SingleStack", clusterIPs: [] } };
      assert.match(
        events(evaluate(loadBalancer("w/b", holder))).join(),
        /^Warning LoadBalancerFailed/,
      );
    });
  }

  it("IPAM-35: another family than the service's is refused", () => {
    for (const [texts, spec] of [
      ["2001:db8:5::1", {}],
      ["198.18.1.1,2001:db8:5::1", {}],
      ["198.18.1.1", prefers],
    ] as const) {
      const outcome = evaluate(loadBalancer("w/a", { spec, annotations: listed(texts) }));
      assert.match(
        events(outcome).join(),
        /^Warning AllocationFailed .*does not match the ipFamily/,
      );
    }
  });

  it("IPAM-7: a pair of two pools is refused", () => {
    configure(v4, v6);
    const annotations = listed("198.18.4.1,2001:db8:6::1");
    const outcome = evaluate(loadBalancer("w/a", { spec: requires, annotations }));
    assert.match(
      events(outcome).join(),
      /\["198\.18\.4\.1" "2001:db8:6::1"\] is not allowed in config/,
    );
  });

  it("IPAM-32: who asks for one address and has it is given no second", () => {
    const one = shows({ ...prefers, loadBalancerIP: "198.18.1.2" }, "198.18.1.2");
    const settled = stored(one);
    assert.equal(ips(settled), "198.18.1.2");
    assert.deepEqual(evaluate(settled).notes, []);
  });
});
