import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matchesLabels, type LabelExpression } from "./label-selector.ts";

const labels = { rack: "r1", zone: "a" };

describe("label selectors", () => {
  it("LC-6: all parts of a selector must hold", () => {
    const exists: LabelExpression = { key: "zone", operator: "Exists" };
    assert.ok(matchesLabels({ matchLabels: { rack: "r1" }, matchExpressions: [exists] }, labels));
    assert.ok(!matchesLabels({ matchLabels: { rack: "r2" }, matchExpressions: [exists] }, labels));
  });

  it("LC-6: a selector with both parts empty matches everything", () => {
    assert.ok(matchesLabels({}, {}));
  });

  const cases: [LabelExpression, boolean][] = [
    [{ key: "rack", operator: "In", values: ["r1", "r2"] }, true],
    [{ key: "rack", operator: "In", values: ["r2"] }, false],
    [{ key: "absent", operator: "In", values: ["r1"] }, false],
    [{ key: "rack", operator: "NotIn", values: ["r1"] }, false],
    [{ key: "absent", operator: "NotIn", values: ["r1", ""] }, true],
    [{ key: "absent", operator: "Exists" }, false],
    [{ key: "absent", operator: "DoesNotExist" }, true],
    [{ key: "rack", operator: "DoesNotExist" }, false],
    [{ key: "toString", operator: "Exists" }, false],
  ];
  for (const [expression, expected] of cases) {
    it(`LC-6: ${JSON.stringify(expression)} is ${expected}`, () => {
      assert.equal(matchesLabels({ matchExpressions: [expression] }, labels), expected);
    });
  }
});
