import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { objectFaults } from "./faults.ts";
import type { Schema } from "./schema.ts";

const schema: Schema = {
  type: "object",
  required: ["spec"],
  properties: {
    metadata: { type: "object" },
    spec: {
      type: "object",
      required: ["on"],
      properties: {
        on: { type: "boolean", default: true },
        ports: { type: "array", items: { type: "integer", minimum: 1 } },
      },
    },
  },
};

describe("faults of an object", () => {
  it("say where, what stands there, what is wrong, and of which kind it is", () => {
    const object = { kind: "K", metadata: { name: "a" }, spec: { ports: [5, 0], color: "red" } };
    assert.deepEqual(objectFaults(object, schema), [
      {
        path: "spec.ports[1]",
        message: "Invalid value: 0: spec.ports[1] in body should be greater than or equal to 1",
        value: 0,
        reason: "FieldValueInvalid",
      },
      {
        path: "spec.color",
        message: 'unknown field "spec.color"',
        value: "red",
        reason: "UnknownField",
      },
    ]);
  });

  it("name the object itself by an empty path, and what is missing", () => {
    assert.deepEqual(objectFaults({ kind: "K" }, schema), [
      { path: "spec", message: "Required value", value: undefined, reason: "FieldValueRequired" },
    ]);
  });
});
