import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { builtinSchema } from "./builtin-schema.ts";
import { fieldsOf, fromFieldsV1, shownField, toFieldsV1, type Containers } from "./field-set.ts";

describe("fields of managers", () => {
  const service = builtinSchema("", "Service");
  const object = {
    metadata: { name: "x", labels: { a: "1" } },
    spec: { ports: [{ port: 80 }], selector: { b: "2" } },
  };

  it("are listed item by item for keyed lists, whole for atomic maps, and never for the name", () => {
    assert.deepEqual(toFieldsV1(fieldsOf(object, service, "none").keys()), {
      "f:metadata": { "f:labels": { "f:a": {} } },
      "f:spec": {
        "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {} } },
        "f:selector": {},
      },
    });
  });

  it("count maps with named fields themselves in custom resources only, as the real server does", () => {
    const schema = { properties: { spec: { properties: { a: { type: "string" } } } } };
    const fields = (which: Containers) =>
      toFieldsV1(fieldsOf({ spec: { a: "1" } }, schema, which).keys());
    assert.deepEqual(fields("all"), { "f:spec": { ".": {}, "f:a": {} } });
    assert.deepEqual(fields("without named fields"), { "f:spec": { "f:a": {} } });
  });

  it("are shown as the real server shows them", () => {
    const field = ["f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:name"].join("\n");
    assert.equal(shownField(field), '.spec.ports[port=80,protocol="TCP"].name');
  });

  it("survive the way to the wire and back", () => {
    const step = fc.stringMatching(/^f:[a-z]{1,3}$/);
    const field = fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => steps.join("\n"));
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        assert.deepEqual(fromFieldsV1(toFieldsV1(fields)), new Set(fields));
      }),
    );
  });
});
