import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Json } from "./json.ts";
import { withoutUnknownFields, applyDefaults } from "./schema-fields.ts";
import { validateObject } from "./validation.ts";
import type { Schema } from "./schema.ts";

const pool: Schema = {
  type: "object",
  required: ["addresses"],
  properties: {
    addresses: { type: "array", minItems: 1, items: { type: "string" } },
    autoAssign: { type: "boolean", default: true },
    mode: { type: "string", enum: ["layer2", "bgp"] },
    weight: { type: "integer", minimum: 0, maximum: 9 },
    nested: { type: "object", properties: { on: { type: "boolean", default: false } } },
  },
};

function messages(value: Json): string[] {
  return validateObject(value, pool, "spec").map(({ field, message }) => `${field}: ${message}`);
}

describe("schemas", () => {
  it("fill in defaults, in maps that are there only", () => {
    assert.deepEqual(applyDefaults({ addresses: [] }, pool), {
      addresses: [],
      autoAssign: true,
    });
    assert.deepEqual(applyDefaults({ nested: {} }, pool), {
      nested: { on: false },
      autoAssign: true,
    });
    assert.deepEqual(applyDefaults({ autoAssign: null }, pool), { autoAssign: true });
  });

  it("drop unknown fields and name their paths", () => {
    const unknown: string[] = [];
    const pruned = withoutUnknownFields(
      { nested: { of: 1, on: true }, color: 1 },
      pool,
      unknown,
      "spec",
    );
    assert.deepEqual(pruned, { nested: { on: true } });
    assert.deepEqual(unknown, ["spec.nested.of", "spec.color"]);
  });

  it("refuse what is missing, of the wrong type, or out of bounds, all at once", () => {
    assert.deepEqual(messages({}), ["spec.addresses: Required value"]);
    assert.deepEqual(messages({ addresses: [1], mode: "arp", weight: 10 }), [
      'spec.addresses[0]: Invalid value: "integer": spec.addresses[0] in body must be of type string: "integer"',
      'spec.mode: Unsupported value: "arp": supported values: "layer2", "bgp"',
      "spec.weight: Invalid value: 10: spec.weight in body should be less than or equal to 9",
    ]);
    assert.deepEqual(messages({ addresses: ["x"], weight: 3 }), []);
  });

  it("CRD-12: keep a number to the range of its format", () => {
    const int32: Schema = { type: "integer", format: "int32" };
    for (const fine of [0, 2 ** 31 - 1, -(2 ** 31)])
      assert.deepEqual(validateObject(fine, int32, "pref"), []);
    for (const wrong of [2 ** 31, -(2 ** 31) - 1, 2n ** 60n, 2 ** 63]) {
      assert.equal(validateObject(wrong, int32, "pref").length, 1, String(wrong));
    }
    assert.deepEqual(validateObject(2n ** 63n - 1n, { type: "integer", format: "int64" }, "n"), []);
    assert.equal(validateObject(2 ** 63, { type: "integer" }, "n").length, 1);
  });

  it("ask rules only about what is of the right shape", () => {
    const rules = [{ rule: "self.a < self.b", message: "a must come before b" }];
    const number: Schema = { type: "integer" };
    const pair: Schema = {
      type: "object",
      required: ["a", "b"],
      properties: { a: number, b: number },
      "x-kubernetes-validations": rules,
    };
    const fields = (value: Json) => validateObject(value, pair, "spec").map(({ field }) => field);
    assert.deepEqual(fields({ a: 2, b: 1 }), ["spec"]);
    assert.deepEqual(fields({ a: 2 }), ["spec.b"]);
    assert.deepEqual(fields({ a: "x", b: 1 }), ["spec.a"]);
  });
});
