/** L2Advertisements: which pools they reach, from which nodes, and which count only once. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { configOf, faultsOf, inZone, l2, pool } from "../testing/resources.ts";

const pools = [
  pool("a", { addresses: ["198.18.1.0/24"] }, { zone: "a", size: "small" }),
  pool("b", { addresses: ["198.18.2.0/24"] }, { zone: "b", size: "small" }),
  pool("c", { addresses: ["2001:db8:5::/64"] }, { zone: "c" }),
];
const nodes = new Map([
  ["n1", { zone: "a" }],
  ["n2", { zone: "b" }],
]);
type Spec = Parameters<typeof l2>[1];

/** Per pool the names of its advertisements. */
const attached = (...specs: Spec[]) => {
  const l2Advertisements = specs.map((spec, index) => l2(`l${index}`, spec));
  const config = configOf({ pools, nodes, l2Advertisements });
  const entries = [...config.pools].map(([name, { l2Advertisements: list }]) => {
    return [name, list.map((one) => one.name)] as const;
  });
  return Object.fromEntries(entries.filter(([, list]) => list.length > 0));
};
const only = (spec: Spec) => {
  const { pools: compiled } = configOf({ pools, nodes, l2Advertisements: [l2("l", spec)] });
  return compiled.get("a")?.l2Advertisements[0];
};

describe("the pools of an L2Advertisement", () => {
  for (const [what, spec, names] of [
    ["all, if nothing is selected", {}, ["a", "b", "c"]],
    ["by name", { ipAddressPools: ["c", "a"] }, ["a", "c"]],
    ["by label", { ipAddressPoolSelectors: [inZone("a"), inZone("c")] }, ["a", "c"]],
    [
      "the union of both",
      { ipAddressPools: ["c"], ipAddressPoolSelectors: [inZone("b")] },
      ["b", "c"],
    ],
    ["unknown names are ignored", { ipAddressPools: ["ghost"] }, []],
    ["labels of no pool select none", { ipAddressPoolSelectors: [inZone("x")] }, []],
  ] as const) {
    it(`L2-222, CRD-11, CFG-34: ${what}`, () => {
      assert.deepEqual(Object.keys(attached(spec as Spec)), names);
    });
  }

  it("CFG-34: one that selects a pool by name and by label reaches it once", () => {
    const preferred = [{ weight: 1, preference: inZone("a") }];
    const spec = { ipAddressPools: ["a"], ipAddressPoolSelectors: [inZone("a")] };
    assert.deepEqual(attached(spec), { a: ["l0"] });
    assert.deepEqual(attached({ ...spec, preferredNodeSelectors: preferred }), { a: ["l0"] });
  });

  it("CFG-34: one that equals another on the pool is dropped, whatever order and spelling", () => {
    const service = (app: string) => ({ matchLabels: { app } });
    const one = { interfaces: ["e0", "e1"], serviceSelectors: [service("x"), service("y")] };
    const two = { interfaces: ["e1", "e0"], serviceSelectors: [service("y"), service("x")] };
    assert.deepEqual(attached(one, { ...two, ipAddressPools: ["b"] }), {
      a: ["l0"],
      b: ["l0"],
      c: ["l0"],
    });
    const byLabel = [inZone("a"), inZone("b")];
    assert.deepEqual(
      attached({ ipAddressPools: ["a"] }, { ipAddressPools: ["a"], nodeSelectors: byLabel }),
      {
        a: ["l0"],
      },
    );
  });

  it("CFG-34: any difference in nodes, interfaces or services keeps both", () => {
    const base = { ipAddressPools: ["a"] };
    for (const other of [
      { nodeSelectors: [inZone("a")] },
      { interfaces: ["e0"] },
      { serviceSelectors: [inZone("a")] },
    ]) {
      assert.deepEqual(attached(base, { ...base, ...other }), { a: ["l0", "l1"] });
    }
  });

  it("CFG-34: preference scores on either side keep both", () => {
    const base = { ipAddressPools: ["a"] };
    const prefers = { ...base, preferredNodeSelectors: [{ weight: 1, preference: inZone("a") }] };
    assert.deepEqual(attached(base, prefers), { a: ["l0", "l1"] });
    assert.deepEqual(attached(prefers, base), { a: ["l0", "l1"] });
    assert.deepEqual(attached(prefers, prefers, base, base), { a: ["l0", "l1", "l2"] });
    const prefersNobody = {
      ...base,
      preferredNodeSelectors: [{ weight: 1, preference: inZone("x") }],
    };
    assert.deepEqual(attached(base, prefersNobody), { a: ["l0"] });
  });

  it("L2-225, CFG-34, CFG-40: names and selectors listed twice are refused", () => {
    const twice = [inZone("a"), inZone("a")];
    const spec = {
      ipAddressPools: ["a", "b", "a"],
      ipAddressPoolSelectors: twice,
      nodeSelectors: twice,
      serviceSelectors: twice,
    };
    assert.deepEqual(faultsOf({ pools, l2Advertisements: [l2("l", spec)] }), [
      "CFG-34 L2Advertisement l spec.ipAddressPools[2]",
      "CFG-40 L2Advertisement l spec.ipAddressPoolSelectors[1]",
      "CFG-40 L2Advertisement l spec.nodeSelectors[1]",
      "CFG-40 L2Advertisement l spec.serviceSelectors[1]",
    ]);
  });

  it("L2-225, CRD-3: invalid selectors are refused wherever they stand", () => {
    const bad = [{ matchLabels: { "": "x" } }];
    const keys = ["nodeSelectors", "serviceSelectors", "ipAddressPoolSelectors"];
    const spec = Object.fromEntries(keys.map((key) => [key, bad])) as Spec;
    assert.deepEqual(
      faultsOf({ l2Advertisements: [l2("l", spec)] }),
      keys.map((key) => `CRD-3 L2Advertisement l spec.${key}[0].matchLabels.`),
    );
  });
});

describe("the nodes of an L2Advertisement", () => {
  it("CFG-34, CRD-11: no selector means every node, also one that comes later; labels mean names", () => {
    assert.equal(only({})?.nodes, undefined);
    assert.deepEqual(only({ nodeSelectors: [inZone("b")] })?.nodes, new Set(["n2"]));
    assert.deepEqual(only({ nodeSelectors: [inZone("x")] })?.nodes, new Set());
    assert.equal(only({})?.interfaces, undefined);
    assert.deepEqual(only({ interfaces: ["e0"] })?.interfaces, new Set(["e0"]));
  });

  it("CFG-37: weights add up, only for eligible nodes, and zero is not kept", () => {
    const preferredNodeSelectors = [
      { weight: 30, preference: inZone("a") },
      { weight: 12, preference: {} },
    ];
    assert.deepEqual(
      only({ preferredNodeSelectors })?.preference,
      new Map([
        ["n1", 42],
        ["n2", 12],
      ]),
    );
    assert.deepEqual(
      only({ preferredNodeSelectors, nodeSelectors: [inZone("b")] })?.preference,
      new Map([["n2", 12]]),
    );
    assert.deepEqual(only({})?.preference, new Map());
  });

  it("CRD-11, CFG-40: a weight is from 1 to 100, and the preference a legal selector", () => {
    const wrong = [
      { weight: 0, preference: {} },
      { weight: 101, preference: {} },
      {
        weight: 1,
        preference: { matchExpressions: [{ key: "a", operator: "In", values: ["x", "x"] }] },
      },
    ] as Required<NonNullable<Spec>>["preferredNodeSelectors"];
    const path = "L2Advertisement l spec.preferredNodeSelectors";
    assert.deepEqual(faultsOf({ l2Advertisements: [l2("l", { preferredNodeSelectors: wrong })] }), [
      `CRD-11 ${path}[0].weight`,
      `CRD-11 ${path}[1].weight`,
      `CFG-40 ${path}[2].preference.matchExpressions[0].values[1]`,
    ]);
  });
});
