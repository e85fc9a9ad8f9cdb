import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Json, JsonObject } from "../schema/index.ts";
import { builtinSchema } from "./builtin-schema.ts";
import { strategicPatch } from "./strategic-patch.ts";

const service = builtinSchema("", "Service");

function ports(patch: Json, ...numbers: number[]): Json[] {
  const original = { spec: { ports: numbers.map((port) => ({ port, protocol: "TCP" })) } };
  const { spec } = strategicPatch(original, { spec: patch }, service) as {
    spec: { ports: JsonObject[] };
  };
  return spec.ports.map(({ port }) => port!);
}

describe("strategic merge patch", () => {
  it("merges ports by number and puts new ones in front", () => {
    assert.deepEqual(ports({ ports: [{ port: 53 }] }, 80, 443), [53, 80, 443]);
  });

  it("removes an item by $patch: delete and replaces the list by $patch: replace", () => {
    assert.deepEqual(ports({ ports: [{ $patch: "delete", port: 80 }] }, 80, 443), [443]);
    assert.deepEqual(ports({ ports: [{ $patch: "replace" }, { port: 1 }] }, 80, 443), [1]);
  });

  it("keeps the order of $setElementOrder, and items it does not name behind those they followed", () => {
    const order = { "$setElementOrder/ports": [{ port: 443 }, { port: 80 }] };
    assert.deepEqual(ports(order, 80, 443), [443, 80]);
    assert.deepEqual(
      ports({ "$setElementOrder/ports": [{ port: 1 }, { port: 2 }] }, 1, 9, 2),
      [1, 9, 2],
    );
  });

  it("refuses an item without its merge key", () => {
    assert.throws(
      () => ports({ ports: [{ name: "x" }] }, 80),
      /does not contain declared merge key: port/,
    );
  });

  it("adds to a primitive list and removes by $deleteFromPrimitiveList", () => {
    const original = { metadata: { finalizers: ["a/a", "b/b"] } };
    const patch = {
      metadata: { finalizers: ["c/c"], "$deleteFromPrimitiveList/finalizers": ["a/a"] },
    };
    const { metadata } = strategicPatch(original, patch, service) as {
      metadata: { finalizers: string[] };
    };
    assert.deepEqual(metadata.finalizers.toSorted(), ["b/b", "c/c"]);
  });

  it("keeps only $retainKeys, and replaces a map by $patch: replace", () => {
    const original = { spec: { selector: { a: "1" }, type: "NodePort" } };
    const kept = strategicPatch(original, { spec: { $retainKeys: ["type"] } }, service);
    assert.deepEqual(kept, { spec: { type: "NodePort" } });
    const replaced = strategicPatch(
      original,
      { spec: { $patch: "replace", type: "ClusterIP" } },
      service,
    );
    assert.deepEqual(replaced, { spec: { type: "ClusterIP" } });
  });
});
