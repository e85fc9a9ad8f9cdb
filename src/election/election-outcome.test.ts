import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAddress } from "../ip/index.ts";
import { viewService } from "../kube/index.ts";
import { parseAbility } from "../layer2/index.ts";
import { advertisement, poolOf } from "../testing/layer2-config.ts";
import { objectionOf, refusalOf } from "./election-outcome.ts";

const ad = { ...advertisement({}), nodes: new Set(["a", "b"]) };

function outcomeOf(externalTrafficPolicy = "Cluster") {
  const service = viewService({
    metadata: { namespace: "shop", name: "web" },
    spec: { type: "LoadBalancer", externalTrafficPolicy },
  });
  const endpoints = [{ nodeName: "a", isReady: true, canServe: true }];
  const pool = poolOf("lan", ["192.0.2.0/24"], [ad]);
  const subject = { service, ip: parseAddress("192.0.2.1")!, pool, endpoints };
  const nothing = {
    refusal: undefined,
    standing: undefined,
    claimant: undefined,
    claimed: undefined,
  };
  return { subject, advertisements: [ad], owner: "a", ...nothing };
}

describe("outcome of an election", () => {
  it("L2-31 L2-32: whom no advertisement selects is told so, and who is not the owner as well", () => {
    const refusals = ["a", "b", "c"].map((node) => refusalOf(outcomeOf(), node));
    assert.deepEqual(refusals, [undefined, "notOwner", "noMatchingAdvertisement"]);
    const unserved = { ...outcomeOf(), refusal: "notOwner" as const };
    assert.equal(refusalOf(unserved, "c"), "notOwner");
  });

  it("L2-23 L2-30: says what keeps a node from announcing: advertisements, endpoints, then its links", () => {
    const failed = parseAbility("eth0!carrier:192.0.2.0/24");
    assert.equal(objectionOf(outcomeOf(), "c", failed)?.because, "configuration");
    assert.equal(objectionOf(outcomeOf("Local"), "b", failed)?.because, "endpoints");
    assert.deepEqual(objectionOf(outcomeOf("Local"), "a", failed), {
      because: "link",
      detail: "its interface eth0 has no carrier",
    });
    assert.equal(objectionOf(outcomeOf(), "b", undefined), undefined);
  });
});
