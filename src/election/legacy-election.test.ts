import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { electionOrder } from "./layer2-election.ts";
import { LegacyElection } from "./legacy-election.ts";
import type { ServiceEndpoint } from "./service-endpoints.ts";

const on = (nodes: readonly string[]): ServiceEndpoint[] =>
  nodes.map((nodeName) => ({ nodeName, isReady: true, canServe: true }));
const everybody = (): boolean => true;
const NODES = ["kmaster", "knode1", "knode2"];

describe("election of v0.9.5", () => {
  it("L2-40 L2-22 L2-48: the next in the order follows who is dead, and gives way when it is back", () => {
    const election = new LegacyElection();
    const endpoints = on(NODES);
    const winner = (...dead: string[]) =>
      election.elected("default/nginx", endpoints, (node) => !dead.includes(node));
    assert.equal(winner(), "knode1");
    assert.equal(winner("knode1"), "kmaster");
    assert.equal(winner("knode1", "kmaster"), "knode2");
    assert.equal(winner(...NODES), undefined);
    assert.equal(winner("knode2"), "knode1");
  });

  it("L2-20 L2-28: only a node with a ready endpoint is elected", () => {
    const election = new LegacyElection();
    const unready = { nodeName: "knode1", isReady: false, canServe: true };
    const endpoints = [unready, ...on(["knode2"])];
    assert.equal(election.elected("default/nginx", endpoints, everybody), "knode2");
    assert.equal(election.elected("default/nginx", [unready], everybody), undefined);
  });

  it("L2-40: what is kept never shows: any sequence of endpoints and deaths elects as a fresh election does", () => {
    const anyStep = fc.record({
      service: fc.constantFrom("ns/a", "ns/b"),
      nodes: fc.subarray(["n1", "n2", "n3", "n4", "n5"]),
      dead: fc.subarray(["n1", "n2", "n3", "n4", "n5"]),
      isGone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 20 }), (steps) => {
        const election = new LegacyElection();
        for (const { service, nodes, dead, isGone } of steps) {
          if (isGone) election.forget(service);
          const endpoints = on(nodes);
          const [expected] = electionOrder(
            nodes.filter((node) => !dead.includes(node)),
            service,
          );
          for (let again = 0; again < 2; again++) {
            const winner = election.elected(service, endpoints, (node) => !dead.includes(node));
            assert.equal(winner, expected);
          }
        }
      }),
    );
  });
});
