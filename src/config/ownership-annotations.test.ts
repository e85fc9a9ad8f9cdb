import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { IPAddressPool, L2Advertisement } from "../kube/index.ts";
import { findingText } from "./finding.ts";
import { compileResources } from "./from-resources.ts";
import { emptyResourceSet } from "./resource-set.ts";
import { ResourceStore } from "./resource-store.ts";

type Annotations = Record<string, string>;

const pool = (annotations: Annotations = {}): IPAddressPool => ({
  metadata: { name: "lan", namespace: "metallb-system", annotations },
  spec: { addresses: ["192.0.2.0/24"] },
});
const advertisement = (name: string, annotations: Annotations = {}): L2Advertisement => ({
  metadata: { name, namespace: "metallb-system", annotations },
  spec: {},
});
const compile = (pools: IPAddressPool[], l2Advertisements: L2Advertisement[]) =>
  compileResources(
    { ...emptyResourceSet, pools, l2Advertisements },
    { bgpType: "native", namespace: "metallb-system", scope: { nodeName: "a" } },
  );

describe("annotations about who keeps an address", () => {
  it("are read, and leave the configuration as it was where there are none", () => {
    const plain = compile([pool()], [advertisement("all")]).config!.pools.get("lan")!;
    assert.deepEqual(Object.keys(plain.l2Advertisements[0]!).sort(), [
      "interfaces",
      "name",
      "nodes",
      "preference",
      "serviceSelectors",
    ]);
    assert.ok(!("spread" in plain));
    const kept = compile(
      [pool({ "metallb-ts/spread": "bounded" })],
      [advertisement("all", { "metallb-ts/preempt": "false", "metallb-ts/spread": "bounded" })],
    ).config!.pools.get("lan")!;
    assert.equal(kept.spread, "bounded");
    assert.equal(kept.l2Advertisements[0]!.preempt, false);
    assert.equal(kept.l2Advertisements[0]!.spread, "bounded");
  });

  it("are not hidden by another advertisement with the same fields", () => {
    const ads = [advertisement("a"), advertisement("b", { "metallb-ts/preempt": "false" })];
    const { l2Advertisements } = compile([pool()], ads).config!.pools.get("lan")!;
    assert.deepEqual(
      l2Advertisements.map(({ preempt }) => preempt),
      [undefined, false],
    );
  });

  it("with any other value are a warning that names object, annotation, value and mend, and refuse nothing", () => {
    const { config, findings } = compile(
      [pool({ "metallb-ts/spread": "even" })],
      [advertisement("all", { "metallb-ts/preempt": "no" })],
    );
    const lan = config!.pools.get("lan")!;
    assert.deepEqual([lan.spread, lan.l2Advertisements[0]!.preempt], [undefined, undefined]);
    assert.deepEqual(
      findings.map((one) => `${one.severity} ${one.code} ${findingText(one)}`),
      [
        'warning OWN-3 IPAddressPool metallb-system/lan, metadata.annotations.metallb-ts/spread: "even" is not ' +
          '"bounded", so the annotation has no effect; write "bounded", or no such annotation',
        'warning OWN-2 L2Advertisement metallb-system/all, metadata.annotations.metallb-ts/preempt: "no" is neither ' +
          '"true" nor "false", so the annotation has no effect; write "true" or "false", in quotes',
      ],
    );
  });

  it("matter though they do not count as another generation of the object; others do not", () => {
    const store = new ResourceStore();
    const at = (annotations: Annotations): L2Advertisement => {
      const object = advertisement("all", annotations);
      return { ...object, metadata: { ...object.metadata, generation: 1, uid: "1" } };
    };
    store.setObject("L2Advertisement", "all", at({}));
    assert.ok(!store.setObject("L2Advertisement", "all", at({ note: "x" })));
    assert.ok(store.setObject("L2Advertisement", "all", at({ "metallb-ts/preempt": "false" })));
  });
});
