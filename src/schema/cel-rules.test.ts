import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { celErrors } from "./cel-rules.ts";

describe("CEL rules", () => {
  const self = { size: 3, name: "web-1", tags: ["a", "b"], limits: { cpu: 2 } };
  const holds = (rule: string, old?: typeof self) =>
    celErrors(self, { "x-kubernetes-validations": [{ rule }] }, "spec", old).length === 0;

  for (const rule of [
    "self.size > 2 && self.size <= 3",
    "!has(self.note) || self.size > 9",
    "has(self.size) ? self.size + 1 == 4 : false",
    "self.name.startsWith('web') && self.name.matches('^[a-z]+-[0-9]$')",
    "self.tags.all(t, size(t) == 1) && self.tags.exists(t, t == 'b')",
    "'cpu' in self.limits && self.limits['cpu'] * 2 == 4 && self.tags[0] in ['a', 'c']",
    "self.size % 2 == 1 && 7 / 2 == 3 && -self.size < 0",
    "self.note == 'x' || true",
    "self.size == oldSelf.size",
    "duration('1m30s').getSeconds() == 90 && duration('1.5s').getMilliseconds() % 1000 == 500",
    "duration('2s') > duration('1999ms') && duration('-1h').getMinutes() == -60",
  ]) {
    it(`holds: ${rule}`, () => assert.ok(holds(rule)));
  }

  it("are broken when false, or when they touch what is not there", () => {
    assert.ok(!holds("self.size > 3"));
    assert.ok(!holds("self.note == 'x'"));
    assert.ok(!holds("duration(self.name).getSeconds() > 0"));
    assert.ok(!holds("self.size == oldSelf.size", { ...self, size: 4 }));
  });

  it("name the field and give their own message", () => {
    const schema = {
      "x-kubernetes-validations": [{ rule: "self.size > 3", message: "too small" }],
    };
    assert.deepEqual(celErrors(self, schema, "spec"), [
      { reason: "FieldValueInvalid", message: 'Invalid value: "object": too small', field: "spec" },
    ]);
  });

  it("beyond this part of CEL check nothing", () => {
    assert.ok(holds("self.when < timestamp('2026-01-01T00:00:00Z') ~~"));
  });
});
