import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Node } from "../kube/objects.ts";
import { isNotReady, legacyEligibleNodes } from "./eligible-nodes.ts";
import { endpointsOfObject, endpointsOfSlices, serviceOfSlice } from "./service-endpoints.ts";

function node(name: string, conditions: Record<string, string> = {}): Node {
  const list = Object.entries(conditions).map(([type, status]) => ({ type, status }));
  return { metadata: { name }, status: { conditions: list } };
}

function slice(
  ...endpoints: [
    node: string | undefined,
    ready?: boolean | null | undefined,
    serving?: boolean | null | undefined,
  ][]
) {
  return {
    metadata: { name: "web-x", namespace: "shop", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: endpoints.map(([nodeName, ready, serving]) => ({
      addresses: ["10.0.0.1"],
      ...(nodeName !== undefined && { nodeName }),
      conditions: {
        ...(ready !== undefined && { ready }),
        ...(serving !== undefined && { serving }),
      },
    })),
  };
}

describe("endpoints of a service", () => {
  it("K8S-5: a slice belongs to the service that its label names in its own namespace", () => {
    assert.equal(serviceOfSlice(slice()), "shop/web");
    const { metadata, ...rest } = slice();
    const { labels: _, ...unlabelled } = metadata;
    assert.equal(serviceOfSlice({ ...rest, metadata: unlabelled }), undefined);
  });

  for (const [ready, serving, canServe] of [
    [null, false, true],
    [undefined, undefined, true],
    [true, false, true],
    [false, true, true],
    [false, null, false],
    [false, undefined, false],
    [false, false, false],
  ] as const) {
    it(`L2-26 K8S-5 TV-87: ready ${ready}, serving ${serving}: ${canServe ? "serves" : "does not serve"}`, () => {
      assert.equal(endpointsOfSlices([slice(["n1", ready, serving])])[0]?.canServe, canServe);
    });
  }

  it("L2-26: several slices add up and a slice without endpoints is none", () => {
    const none = { ...slice(), endpoints: undefined as unknown as [] };
    assert.equal(endpointsOfSlices([slice(["n1"]), slice(["n2"], [undefined]), none]).length, 3);
  });
});

describe("candidates of v0.9.5", () => {
  const endpoints = endpointsOfObject({
    metadata: { name: "web", namespace: "shop" },
    subsets: [
      {
        addresses: [{ ip: "10.0.0.1", nodeName: "n1" }],
        notReadyAddresses: [{ ip: "10.0.0.2", nodeName: "n1" }],
      },
      { notReadyAddresses: [{ ip: "10.0.0.3", nodeName: "n2" }] },
      { addresses: [{ ip: "10.0.0.4", nodeName: "n3" }, { ip: "10.0.0.5" }] },
    ],
  });

  it("L2-20 L2-21 L2-28: nodes with a ready endpoint, also next to an unready one", () => {
    assert.deepEqual([...legacyEligibleNodes(endpoints)], ["n1", "n3"]);
  });

  it("L2-20: without a ready endpoint nobody announces", () => {
    assert.equal(legacyEligibleNodes(endpointsOfObject({ metadata: { name: "web" } })).size, 0);
  });

  it("L2-51 L2-23: slices give the same candidates as the Endpoints object, terminating ones do not count", () => {
    const same = endpointsOfSlices([
      slice(["n1", true], ["n1", false], ["n2", false, true], ["n3", null]),
    ]);
    assert.deepEqual([...legacyEligibleNodes(same)], ["n1", "n3"]);
  });
});

describe("speakers' list from the API", () => {
  it("L2-22: a node is alive unless its Ready condition is False or Unknown", () => {
    const list = [
      node("up", { Ready: "True" }),
      node("fresh"),
      node("down", { Ready: "False" }),
      node("lost", { Ready: "Unknown" }),
    ];
    assert.deepEqual(list.map(isNotReady), [false, false, true, true]);
  });
});
