import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EndpointSlice } from "../kube/index.ts";
import { EndpointIndex } from "./endpoint-index.ts";

function slice(service: string | undefined, ...nodes: string[]): EndpointSlice {
  return {
    metadata: {
      name: "x",
      namespace: "shop",
      ...(service !== undefined && { labels: { "kubernetes.io/service-name": service } }),
    },
    addressType: "IPv4",
    endpoints: nodes.map((nodeName) => ({ addresses: [], nodeName })),
  };
}

/** The changes as "service: nodes". */
function told(changes: ReturnType<EndpointIndex["apply"]>): string[] {
  return changes.map(({ key, endpoints }) => {
    const nodes = endpoints?.map(({ nodeName }) => nodeName).join(",");
    return `${key}: ${nodes ?? "none"}`;
  });
}

describe("endpoint index", () => {
  it("K8S-5: the slices of a service add up, and each leaves alone", () => {
    const index = new EndpointIndex();
    assert.deepEqual(told(index.apply("shop/a", slice("web", "n1"))), ["shop/web: n1"]);
    assert.deepEqual(told(index.apply("shop/b", slice("web", "n2"))), ["shop/web: n1,n2"]);
    assert.deepEqual(told(index.apply("shop/a", undefined)), ["shop/web: n2"]);
    assert.deepEqual(told(index.apply("shop/b", undefined)), ["shop/web: none"]);
  });

  it("K8S-5: a slice without the label is ignored", () => {
    const index = new EndpointIndex();
    assert.deepEqual(index.apply("shop/a", slice(undefined, "n1")), []);
    assert.deepEqual(index.apply("shop/a", undefined), []);
  });

  it("K8S-5: a slice that changes its service changes both", () => {
    const index = new EndpointIndex();
    index.apply("shop/a", slice("web", "n1"));
    const changes = told(index.apply("shop/a", slice("api", "n1")));
    assert.deepEqual(changes, ["shop/web: none", "shop/api: n1"]);
  });

  it("L2-21: a slice with other endpoints replaces its old ones", () => {
    const index = new EndpointIndex();
    index.apply("shop/a", slice("web", "n1", "n2"));
    assert.deepEqual(told(index.apply("shop/a", slice("web", "n3"))), ["shop/web: n3"]);
  });
});
