import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePlans, type Plan, type ServicePlan } from "./index.ts";

const route = (node: string, peer: string, more: object = {}) => ({
  node,
  peer,
  prefix: "203.0.113.5/32",
  communities: [],
  largeCommunities: [],
  localPref: 0,
  nextHop: null,
  ...more,
});

const one = (more: Partial<ServicePlan> = {}): ServicePlan => ({
  ips: ["203.0.113.5"],
  pool: "lan",
  reason: "",
  l2: {},
  bgp: [],
  ...more,
});

const announcedBy = (node: string | null): Partial<ServicePlan> => ({
  l2: { "203.0.113.5": { node, interfaces: [], candidates: [] } },
});

const plan = (service: ServicePlan | undefined): Plan => ({
  services: service === undefined ? {} : { "shop/web": service },
  findings: [],
});

/** `kind from -> to`, with `!` for a loss. */
const changes = (before: ServicePlan | undefined, after: ServicePlan | undefined): string[] =>
  comparePlans(plan(before), plan(after)).map(
    ({ service, kind, from, to, isLoss }) =>
      `${service === "shop/web" ? "" : service}${kind}${isLoss ? "!" : ""} ${from} -> ${to}`,
  );

describe("comparePlans", () => {
  it("finds nothing between equal plans, however a pair of addresses is ordered", () => {
    const pair = ["203.0.113.5", "2001:db8::5"];
    assert.deepEqual(changes(one({ ips: pair }), one({ ips: pair.toReversed() })), []);
    assert.deepEqual(changes(one({ reason: "a", pool: "a" }), one({ reason: "b", pool: "b" })), []);
  });

  it("counts a changed or lost address as a loss, a gained one not", () => {
    const other = one({ ips: ["203.0.113.9"] });
    const none = one({ ips: [] });
    assert.deepEqual(changes(one(), other), ["address-changed! 203.0.113.5 -> 203.0.113.9"]);
    assert.deepEqual(changes(one(), none), ["address-lost! 203.0.113.5 -> null"]);
    assert.deepEqual(changes(none, one()), ["address-gained null -> 203.0.113.5"]);
    const pair = one({ ips: ["203.0.113.5", "2001:db8::5"] });
    assert.deepEqual(changes(pair, one()), [
      "address-lost! 203.0.113.5, 2001:db8::5 -> 203.0.113.5",
    ]);
  });

  it("counts a service that goes with its address as a loss", () => {
    assert.deepEqual(changes(one(), undefined), ["service-removed! 203.0.113.5 -> null"]);
    assert.deepEqual(changes(one({ ips: [] }), undefined), ["service-removed null -> null"]);
    assert.deepEqual(changes(undefined, one()), ["service-added null -> 203.0.113.5"]);
  });

  it("counts a lost announcer as a loss, one that moves or comes not", () => {
    const [a, b, nobody] = [one(announcedBy("a")), one(announcedBy("b")), one(announcedBy(null))];
    assert.deepEqual(changes(a, b), ["node-moved a -> b"]);
    assert.deepEqual(changes(a, nobody), ["node-lost! a -> null"]);
    assert.deepEqual(changes(a, one()), ["node-lost! a -> null"]);
    assert.deepEqual(changes(nobody, b), ["node-gained null -> b"]);
  });

  it("counts a lost route as a loss, one that comes or changes not", () => {
    const [both, first] = [[route("a", "tor"), route("b", "tor")], [route("a", "tor")]];
    const from = "203.0.113.5/32 from b to tor";
    assert.deepEqual(changes(one({ bgp: both }), one({ bgp: first })), [
      `peer-lost! ${from} -> null`,
    ]);
    assert.deepEqual(changes(one({ bgp: first }), one({ bgp: both })), [
      `peer-gained null -> ${from}`,
    ]);
    const preferred = [route("a", "tor", { localPref: 200, communities: ["1:2"] })];
    assert.deepEqual(changes(one({ bgp: first }), one({ bgp: preferred })), [
      "route-changed a to tor: localPref 0, communities none, nextHop of the session -> " +
        "a to tor: localPref 200, communities 1:2, nextHop of the session",
    ]);
  });

  it("says of a changed address only that, not what follows from it", () => {
    const before = one({ ...announcedBy("a"), bgp: [route("a", "tor")] });
    const after = one({ ips: ["203.0.113.9"] });
    assert.deepEqual(changes(before, after), ["address-changed! 203.0.113.5 -> 203.0.113.9"]);
  });
});
