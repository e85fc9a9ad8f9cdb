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
});
