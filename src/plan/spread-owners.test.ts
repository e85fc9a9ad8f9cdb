import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubeObject } from "../kube/index.ts";
import { explainService, planCluster, viewCluster } from "./index.ts";

const namespace = "metallb-system";
const options = { namespace, bgpType: "native" };
const ours = (kind: string, name: string, annotations: object, spec: object = {}) => ({
  apiVersion: "metallb.io/v1beta1",
  kind,
  metadata: { name, namespace, annotations },
  spec,
});
const pool = ours("IPAddressPool", "lan", {}, { addresses: ["198.18.1.0/24"] });
const advertisement = (annotations: object) => ours("L2Advertisement", "lan", annotations);
const nodes = ["n1", "n2", "n3"].map((name) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name },
}));
const services = Array.from({ length: 9 }, (_, index) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: `web${index}`, namespace: "shop" },
  spec: { type: "LoadBalancer", clusterIP: "10.96.0.1", ports: [{ port: 80 }] },
}));
const announcedBy = (node: string, name: string) => ({
  apiVersion: "metallb.io/v1beta1",
  kind: "ServiceL2Status",
  metadata: {
    name: `l2-${name}`,
    namespace,
    labels: {
      "metallb.io/node": node,
      "metallb.io/service-name": name,
      "metallb.io/service-namespace": "shop",
    },
  },
});
const viewOf = (annotations: object, ...more: object[]) => {
  const all = [pool, advertisement(annotations), ...nodes, ...services, ...more];
  return viewCluster(all as readonly KubeObject[], { namespace }).view;
};
const keeps = { "metallb-ts/preempt": "false" };
const spreads = { "metallb-ts/spread": "bounded" };

/** Service -> node. */
function announcers(annotations: object, ...more: object[]): Record<string, string | null> {
  const plan = planCluster(viewOf(annotations, ...more), options);
  return Object.fromEntries(
    Object.entries(plan.services).map(([key, { l2 }]) => [key, Object.values(l2)[0]?.node ?? null]),
  );
}
const shares = (found: Record<string, string | null>): number[] => {
  const names = nodes.map(({ metadata }) => metadata.name);
  return names.map((name) => Object.values(found).filter((node) => node === name).length);
};
const reasons = (annotations: object, ...more: object[]): string[] => {
  const { l2 } = explainService(viewOf(annotations, ...more), "shop/web0", options)!;
  return Object.values(l2)[0]!.candidates.map(({ node, reason }) => `${node}: ${reason}`);
};

describe("a plan with owners that keep their addresses", () => {
  it("goes by the order, and says what a running ring would do", () => {
    assert.deepEqual(announcers(keeps), announcers({}));
    const [first, second] = reasons(keeps);
    assert.match(
      first!,
      /first in the order; whoever has it when another starts keeps it \(preempt/,
    );
    assert.match(second!, /: comes after n\d$/);
  });

  it("leaves an address with the node that reports that it announces it", () => {
    const first = announcers({})["shop/web0"];
    const other = ["n1", "n2", "n3"].find((name) => name !== first)!;
    const report = announcedBy(other, "web0");
    assert.equal(announcers(keeps, report)["shop/web0"], other);
    assert.equal(announcers({}, report)["shop/web0"], first);
    assert.equal(reasons(keeps, report)[0], `${other}: keeps it (preempt is false)`);
    assert.equal(announcers(keeps, announcedBy("gone", "web0"))["shop/web0"], first);
  });
});

describe("a plan with addresses that are spread", () => {
  it("has even shares, near to the order or to what is announced now", () => {
    const found = announcers(spreads);
    assert.deepEqual(shares(found), [3, 3, 3]);
    const reported = services.map(({ metadata: { name } }) => announcedBy("n2", name));
    const moved = announcers(spreads, ...reported);
    assert.deepEqual(shares(moved), [3, 3, 3]);
    assert.deepEqual(shares(announcers({ ...spreads, ...keeps }, ...reported)), [0, 9, 0]);
    assert.match(reasons(spreads)[0]!, /: spread: shares of nodes are even$/);
  });
});
