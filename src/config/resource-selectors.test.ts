/** Label selectors in resources: what they match, and which are refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { configOf, faultsOf, findingsOf, pool } from "../testing/resources.ts";
import { LabelIndex } from "./label-index.ts";
import { matchesAnySelector, type Selector } from "./selector.ts";

const addresses = ["198.18.1.0/24"];

/** Names of the namespaces that these selectors choose. */
function chosen(namespaceSelectors: object[]): string[] {
  const namespaces = new Map<string, Record<string, string>>([
    ["bare", {}],
    ["east", { zone: "e", tier: "web" }],
    ["west", { zone: "w" }],
  ]);
  const serviceAllocation = { namespaceSelectors } as object;
  const { pools } = configOf({ pools: [pool("a", { addresses, serviceAllocation })], namespaces });
  return [...(pools.get("a")?.serviceAllocation?.namespaces ?? [])];
}

function faults(...selectors: object[]): string[] {
  const serviceAllocation = { serviceSelectors: selectors } as object;
  return faultsOf({ pools: [pool("a", { addresses, serviceAllocation })] }).map((fault) =>
    fault.replace("IPAddressPool a spec.serviceAllocation.serviceSelectors", ""),
  );
}

const zone = (operator: string, ...values: string[]) => ({
  matchExpressions: [{ key: "zone", operator, ...(values.length > 0 && { values }) }],
});

describe("what a selector matches", () => {
  for (const [what, selectors, expected] of [
    ["an empty one everything", [{}], ["bare", "east", "west"]],
    ["In the listed values", [zone("In", "e", "x")], ["east"]],
    ["NotIn also what lacks the label", [zone("NotIn", "e")], ["bare", "west"]],
    ["Exists any value", [zone("Exists")], ["east", "west"]],
    ["DoesNotExist no value", [zone("DoesNotExist")], ["bare"]],
    ["all parts must hold", [{ ...zone("Exists"), matchLabels: { tier: "web" } }], ["east"]],
    ["a list is an or", [zone("In", "w"), { matchLabels: { tier: "web" } }], ["east", "west"]],
  ] as const) {
    it(`CRD-3: ${what}`, () => assert.deepEqual(chosen([...selectors]), expected));
  }

  it("CRD-3: names are found by label as by trying each one", () => {
    const label = fc.constantFrom("a", "b", "c");
    const labels = fc.dictionary(label, label);
    const requirement = fc.record({
      key: label,
      operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist" as const),
      values: fc.array(label, { minLength: 1, maxLength: 2 }),
    });
    const selectors = fc.array(fc.array(requirement, { maxLength: 3 }), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(labels), selectors, (all, wanted) => {
        const named = all.map((one, index) => [`n${index}`, one] as const);
        const expected = named.filter(([, one]) => matchesAnySelector(wanted as Selector[], one));
        const names = new LabelIndex(named).namesMatching(wanted);
        assert.deepEqual([...names].sort(), expected.map(([name]) => name).sort());
      }),
    );
  });
});

describe("which selectors are refused", () => {
  for (const [what, selector, path] of [
    ["an unknown operator", zone("Near", "e"), ".matchExpressions[0].operator"],
    ["In without values", zone("In"), ".matchExpressions[0].values"],
    ["NotIn without values", zone("NotIn"), ".matchExpressions[0].values"],
    ["Exists with values", zone("Exists", "e"), ".matchExpressions[0].values"],
    ["DoesNotExist with values", zone("DoesNotExist", "e"), ".matchExpressions[0].values"],
    ["a bad value", zone("In", "e e"), ".matchExpressions[0].values[0]"],
    ["no key", { matchExpressions: [{ operator: "Exists" }] }, ".matchExpressions[0].key"],
    ["a bad key of a label", { matchLabels: { "-a": "b" } }, ".matchLabels.-a"],
    ["a bad value of a label", { matchLabels: { a: "-b" } }, ".matchLabels.a"],
  ] as const) {
    it(`CRD-3: ${what}`, () => assert.deepEqual(faults({}, selector), [`CRD-3 [1]${path}`]));
  }

  it("CFG-40, TV-48: a value twice in one expression", () => {
    assert.deepEqual(faults(zone("In", "e", "w", "e")), [
      "CFG-40 [0].matchExpressions[0].values[2]",
    ]);
  });

  it("CFG-40: two equal expressions in one selector, whatever the order of their values", () => {
    const matchExpressions = [
      { key: "zone", operator: "In", values: ["e", "w"] },
      { key: "zone", operator: "In", values: ["w", "e"] },
    ];
    assert.deepEqual(faults({ matchExpressions }), ["CFG-40 [0].matchExpressions[1]"]);
  });

  it("CFG-40: two equal selectors in one list, whatever the order of values and of labels", () => {
    const one = { matchLabels: { a: "1", b: "2" }, ...zone("In", "e", "w") };
    const two = { matchLabels: { b: "2", a: "1" }, ...zone("In", "w", "e") };
    assert.deepEqual(faults(one, zone("Exists"), two), ["CFG-40 [2]"]);
  });

  it("CFG-40: an alike selector that is written otherwise is no repeat", () => {
    assert.deepEqual(faults({ matchLabels: { zone: "e" } }, zone("In", "e")), []);
  });

  it("CFG-40: an earlier repeat of a whole selector is told before a later fault inside another", () => {
    const [first] = faults(zone("Exists"), zone("In", "e", "e"), zone("Exists"));
    assert.equal(first, "CFG-40 [2]");
  });

  it("CFG-1: values are sorted in the result, and not in the object", () => {
    const selector = zone("In", "w", "e");
    const serviceAllocation = { serviceSelectors: [selector] } as object;
    const before = JSON.stringify(selector);
    const { pools } = configOf({ pools: [pool("a", { addresses, serviceAllocation })] });
    assert.deepEqual(pools.get("a")?.serviceAllocation?.serviceSelectors, [
      [{ key: "zone", operator: "In", values: ["e", "w"] }],
    ]);
    assert.equal(JSON.stringify(selector), before);
    assert.deepEqual(findingsOf({}), []);
  });
});
