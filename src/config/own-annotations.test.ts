import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubeObject } from "../kube/index.ts";
import { l2, pool } from "../testing/resources.ts";
import { compileResources } from "./from-resources.ts";
import { emptyResourceSet } from "./resource-set.ts";
import { ResourceStore } from "./resource-store.ts";

const annotated = <T extends KubeObject>(object: T, value: unknown): T => ({
  ...object,
  metadata: {
    ...object.metadata,
    generation: 1,
    annotations: { "metallb-ts/subnet-aware": value as string, other: "x" },
  },
});
const lan = pool("lan", { addresses: ["192.168.1.0/24"] });
const dmz = pool("dmz", { addresses: ["192.168.2.0/24"] });

/** Which advertisements of each pool are aware of subnets. */
function compiled(pools: (typeof lan)[], l2Advertisements: ReturnType<typeof l2>[]) {
  const resources = { ...emptyResourceSet, pools, l2Advertisements };
  const options = { bgpType: undefined, namespace: "metallb-system", scope: "everything" } as const;
  const { config, findings } = compileResources(resources, options);
  const aware = [...(config?.pools ?? [])].map(([name, { l2Advertisements: ads }]) => {
    return [name, ads.map(({ isSubnetAware = false }) => isSubnetAware)] as const;
  });
  return { aware: Object.fromEntries(aware), findings };
}

describe("the annotation metallb-ts/subnet-aware", () => {
  it("is off by default, and on an L2Advertisement holds for all its pools", () => {
    assert.deepEqual(compiled([lan, dmz], [l2("all")]).aware, { dmz: [false], lan: [false] });
    const { aware, findings } = compiled([lan, dmz], [annotated(l2("all"), "true")]);
    assert.deepEqual([aware, findings], [{ dmz: [true], lan: [true] }, []]);
    assert.deepEqual(compiled([lan], [annotated(l2("all"), "false")]).aware, { lan: [false] });
  });

  it("on an IPAddressPool holds for all its advertisements, and for no other pool", () => {
    const ads = [l2("a"), l2("b", { interfaces: ["eth1"] })];
    assert.deepEqual(compiled([annotated(lan, "true"), dmz], ads).aware, {
      dmz: [false, false],
      lan: [true, true],
    });
  });

  it("tells advertisements apart that are alike in everything else", () => {
    const ads = [l2("a"), annotated(l2("b"), "true")];
    assert.deepEqual(compiled([lan], ads).aware, { lan: [false, true] });
  });

  it("of another value is a warning with object, field, value and mend, and the rest goes on", () => {
    for (const [objects, object] of [
      [[[lan], [annotated(l2("all"), "yes")]], "L2Advertisement metallb-system/all"],
      [[[annotated(lan, "yes")], [l2("all")]], "IPAddressPool metallb-system/lan"],
    ] as const) {
      const { aware, findings } = compiled([...objects[0]], [...objects[1]]);
      assert.deepEqual(aware, { lan: [false] });
      assert.deepEqual(findings, [
        {
          code: "OWN-1",
          severity: "warning",
          object,
          path: "metadata.annotations.metallb-ts/subnet-aware",
          value: "yes",
          message: '"yes" is neither "true" nor "false", so the annotation has no effect',
          fix: 'write "true" or "false", in quotes',
        },
      ]);
    }
    assert.deepEqual(compiled([lan], [annotated(l2("all"), 7)]).findings.length, 1);
  });

  it("K8S-3: counts when it changes, though the server counts no new generation for it; others do not", () => {
    const store = new ResourceStore();
    const set = (object: ReturnType<typeof l2>) =>
      store.setObject("L2Advertisement", "all", object);
    assert.ok(set(annotated(l2("all"), "false")));
    assert.ok(!set(annotated(l2("all"), "false")));
    assert.ok(set(annotated(l2("all"), "true")));
    const { metadata, ...rest } = annotated(l2("all"), "true");
    const annotations = { ...metadata.annotations, other: "y" };
    assert.ok(!set({ ...rest, metadata: { ...metadata, annotations } }));
  });
});
