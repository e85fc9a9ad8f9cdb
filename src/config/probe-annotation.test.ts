import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bgp, l2, pool } from "../testing/resources.ts";
import { findingText } from "./finding.ts";
import { compileResources, type CompileScope } from "./from-resources.ts";
import { emptyResourceSet, type ResourceSet } from "./resource-set.ts";

function compiled(
  value: unknown,
  rest: Partial<ResourceSet> = { l2Advertisements: [l2("all")] },
  scope: CompileScope = "everything",
) {
  const lan = pool("lan", { addresses: ["192.168.1.0/24"] });
  const annotations = { "metallb-ts/probe": value as string };
  const metadata = value === undefined ? lan.metadata : { ...lan.metadata, annotations };
  const resources = { ...emptyResourceSet, pools: [{ ...lan, metadata }], ...rest };
  const options = { bgpType: undefined, namespace: "metallb-system", scope } as const;
  const { config, findings } = compileResources(resources, options);
  return { probe: config?.pools.get("lan")?.probe, findings };
}

describe("the annotation metallb-ts/probe", () => {
  it("is off by default, and read also where the controller sees no advertisement", () => {
    assert.deepEqual(compiled(undefined), { probe: undefined, findings: [] });
    assert.deepEqual(compiled("false"), { probe: undefined, findings: [] });
    assert.deepEqual(compiled("true"), { probe: true, findings: [] });
    assert.deepEqual(compiled("true", {}, "controller"), { probe: true, findings: [] });
  });

  it("OWN-4: of another value is a warning with object, field, value and mend, and the rest goes on", () => {
    const { probe, findings } = compiled("yes");
    assert.equal(probe, undefined);
    assert.deepEqual(
      findings.map((one) => `${one.severity} ${one.code} ${findingText(one)}`),
      [
        "warning OWN-4 IPAddressPool metallb-system/lan, metadata.annotations.metallb-ts/probe: " +
          '"yes" is neither "true" nor "false", so the annotation has no effect; write "true" or "false", in quotes',
      ],
    );
  });

  it("OWN-5: on a pool that is advertised by BGP alone is a warning; with no advertisement or a program's part of them none", () => {
    const bgpAdvertisements = [bgp("all")];
    const { probe, findings } = compiled("true", { bgpAdvertisements });
    assert.equal(probe, true);
    assert.deepEqual(
      findings.map(({ code, severity, object, path }) => [code, severity, object, path]),
      [
        [
          "OWN-5",
          "warning",
          "IPAddressPool metallb-system/lan",
          "metadata.annotations.metallb-ts/probe",
        ],
      ],
    );
    assert.deepEqual(compiled("true", {}).findings, []);
    assert.deepEqual(
      compiled("true", { bgpAdvertisements, l2Advertisements: [l2("all")] }).findings,
      [],
    );
    assert.deepEqual(compiled("true", { bgpAdvertisements }, { nodeName: "a" }).findings, []);
    assert.deepEqual(compiled("false", { bgpAdvertisements }).findings, []);
  });
});
