import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyResourceSet, type ResourceSet } from "../config/index.ts";
import type { AdmissionRequest } from "./admission-review.ts";
import { reviewAdmission } from "./review-admission.ts";
import { validatingWebhooks, type ValidatingWebhook } from "./validating-webhooks.ts";

const namespace = "metallb-system";

function webhookFor(kind: string): ValidatingWebhook {
  const found = validatingWebhooks.find((webhook) => webhook.kind === kind);
  assert.ok(found);
  return found;
}

function objectOf(name: string, spec: object, where = namespace) {
  return { apiVersion: "metallb.io/v1beta1", metadata: { name, namespace: where }, spec };
}

interface Ask {
  kind: string;
  operation?: string;
  name?: string;
  where?: string;
  existing?: object;
  bgpType?: string;
}

/** The answer about one submitted object. */
function review(spec: object, ask: Ask) {
  const { kind, operation = "CREATE", name = "new", where = namespace, existing = {} } = ask;
  const field = operation === "DELETE" ? "oldObject" : "object";
  const request: AdmissionRequest = {
    uid: "u",
    kind,
    operation,
    namespace: where,
    [field]: objectOf(name, spec, where),
  };
  const options = { namespace, bgpType: ask.bgpType ?? "frr" };
  const set: ResourceSet = { ...emptyResourceSet, ...existing };
  return reviewAdmission(webhookFor(kind), request, set, options);
}

const pool = (name: string, ...addresses: string[]) => objectOf(name, { addresses });
const message = (answer: { status?: { message: string } }) => answer.status?.message ?? "";
const goodPeer = { myASN: 64600, peerASN: 64601, peerAddress: "192.0.2.1" };

describe("admission", () => {
  it("WH-2, WH-5: six webhooks, each with what it reads", () => {
    const table = validatingWebhooks.map(({ path, reads }) => `${path}: ${reads.join(" ")}`);
    assert.deepEqual(table, [
      "/validate-metallb-io-v1beta1-ipaddresspool: IPAddressPool",
      "/validate-metallb-io-v1beta1-l2advertisement: L2Advertisement IPAddressPool",
      "/validate-metallb-io-v1beta1-bgpadvertisement: BGPAdvertisement IPAddressPool Node",
      "/validate-metallb-io-v1beta1-community: Community",
      "/validate-metallb-io-v1beta1-bfdprofile: BGPPeer",
      "/validate-metallb-io-v1beta2-bgppeer: BGPPeer Node",
    ]);
  });

  it("WH-3, TV-78: a pool created in namespace default is denied, with both names", () => {
    const answer = review(
      { addresses: ["192.0.2.0/24"] },
      { kind: "IPAddressPool", where: "default" },
    );
    assert.equal(answer.allowed, false);
    assert.equal(answer.status?.code, 403);
    assert.match(message(answer), /default\/new.*must be created in metallb-system namespace/);
  });

  it("WH-3: every kind is asked for its namespace on CREATE, none on UPDATE", () => {
    const specs: Record<string, object> = {
      IPAddressPool: { addresses: ["192.0.2.0/24"] },
      L2Advertisement: {},
      BGPAdvertisement: {},
      Community: {},
      BFDProfile: {},
      BGPPeer: goodPeer,
    };
    for (const [kind, spec] of Object.entries(specs)) {
      assert.equal(review(spec, { kind }).allowed, true, kind);
      assert.equal(review(spec, { kind, where: "default" }).allowed, false, kind);
      const update = review(spec, { kind, where: "default", operation: "UPDATE" });
      assert.equal(update.allowed, true, kind);
    }
  });

  it("WH-4: a pool is checked together with those that exist", () => {
    const existing = { pools: [pool("lan", "192.0.2.0/24")] };
    const answer = review({ addresses: ["192.0.2.128/25"] }, { kind: "IPAddressPool", existing });
    assert.equal(answer.allowed, false);
    assert.match(message(answer), /192\.0\.2\.128\/25.*lan|lan.*192\.0\.2\.128\/25/s);
  });

  it("WH-4: the submitted object takes the place of the one of its name", () => {
    const existing = { pools: [pool("lan", "192.0.2.0/24"), pool("wan", "198.51.100.0/24")] };
    const ask = { kind: "IPAddressPool", operation: "UPDATE", name: "lan", existing };
    assert.equal(review({ addresses: ["192.0.2.128/25"] }, ask).allowed, true);
    assert.equal(review({ addresses: ["198.51.100.128/25"] }, ask).allowed, false);
  });

  it("WH-4, TV-79: a peer may name a BFD profile, and a secret, that come later", () => {
    const spec = { ...goodPeer, bfdProfile: "later", passwordSecret: { name: "later" } };
    assert.equal(review(spec, { kind: "BGPPeer" }).allowed, true);
  });

  it("WH-4, TV-80: an advertisement may name an alias that comes later", () => {
    const answer = review({ communities: ["later-alias"] }, { kind: "BGPAdvertisement" });
    assert.equal(answer.allowed, true);
  });

  it("WH-4, TV-81: a community whose number is too large is denied", () => {
    const existing = { pools: [pool("lan", "192.0.2.0/24")] };
    const answer = review({ communities: ["99999:1"] }, { kind: "BGPAdvertisement", existing });
    assert.equal(answer.allowed, false);
    assert.match(message(answer), /99999:1/);
  });

  it("WH-4: the checks are those of the BGP type in force", () => {
    const spec = { ...goodPeer, vrf: "red" };
    assert.equal(review(spec, { kind: "BGPPeer", bgpType: "native" }).allowed, false);
    assert.equal(review(spec, { kind: "BGPPeer", bgpType: "frr" }).allowed, true);
  });

  it("WH-4: a denial tells of everything that is wrong, and stays short", () => {
    const two = message(
      review({ addresses: ["192.0.2.1", "10.0.0.300/8"] }, { kind: "IPAddressPool" }),
    );
    assert.match(two, /192\.0\.2\.1\b/);
    assert.match(two, /10\.0\.0\.300/);
    const addresses = Array.from({ length: 5000 }, (_, at) => `bad-${at}`);
    const many = message(review({ addresses }, { kind: "IPAddressPool" }));
    assert.ok(many.length < 20_000, `${many.length} characters`);
    assert.match(many, /and \d+ more$/);
  });

  it("WH-5: a pool is not checked against advertisements, nor a community against its users", () => {
    const wide = objectOf("wide", { aggregationLength: 24, ipAddressPools: ["new"] });
    const existing = { bgpAdvertisements: [wide], pools: [] };
    const ask = { kind: "IPAddressPool", existing };
    assert.equal(review({ addresses: ["192.0.2.0/25"] }, ask).allowed, true);
    const users = [objectOf("user", { communities: ["gone"] })];
    const community = review({}, { kind: "Community", existing: { bgpAdvertisements: users } });
    assert.equal(community.allowed, true);
  });

  it("WH-5: an advertisement is checked against the pools, and a peer against the nodes", () => {
    const existing = { pools: [pool("lan", "192.0.2.0/25")] };
    const wide = { aggregationLength: 24, ipAddressPools: ["lan"] };
    assert.equal(review(wide, { kind: "BGPAdvertisement", existing }).allowed, false);
    const selector = (name: string) => [{ matchLabels: { "kubernetes.io/hostname": name } }];
    const labels = new Map([
      ["a", { "kubernetes.io/hostname": "a" }],
      ["b", { "kubernetes.io/hostname": "b" }],
    ]);
    const first = objectOf("first", {
      ...goodPeer,
      routerID: "10.0.0.1",
      nodeSelectors: selector("a"),
    });
    const other = { ...goodPeer, peerAddress: "192.0.2.2", routerID: "10.0.0.2" };
    const apart = { ...other, nodeSelectors: selector("b") };
    const together = { ...other, nodeSelectors: selector("a") };
    const ask = { kind: "BGPPeer", existing: { peers: [first], nodes: labels } };
    assert.equal(review(apart, ask).allowed, true);
    assert.equal(review(together, ask).allowed, false);
  });

  it("WH-6, TV-82: a BFD profile that a peer names cannot be deleted", () => {
    const peers = [objectOf("rack", { ...goodPeer, bfdProfile: "fast" })];
    const ask = { kind: "BFDProfile", operation: "DELETE", existing: { peers } };
    const answer = review({}, { ...ask, name: "fast" });
    assert.equal(answer.allowed, false);
    assert.match(message(answer), /fast.*rack/s);
    assert.equal(review({}, { ...ask, name: "slow" }).allowed, true);
  });

  it("WH-6: creating a BFD profile checks its namespace only", () => {
    const answer = review({ receiveInterval: 1 }, { kind: "BFDProfile", bgpType: "native" });
    assert.equal(answer.allowed, true);
  });

  it("WH-7: disableMP warns on CREATE and hides no other fault", () => {
    const spec = { ...goodPeer, disableMP: true };
    const good = review(spec, { kind: "BGPPeer" });
    assert.equal(good.allowed, true);
    assert.match(good.warnings?.[0] ?? "", /disableMP is deprecated/);
    const bad = review({ ...spec, peerAddress: "198.18.300.1" }, { kind: "BGPPeer" });
    assert.equal(bad.allowed, false);
    assert.equal(review(spec, { kind: "BGPPeer", where: "default" }).allowed, false);
    const update = review(spec, { kind: "BGPPeer", operation: "UPDATE" });
    assert.equal(update.warnings, undefined);
  });

  it("WH-8: an object of wrong types, or none, is answered 400; an allowed one gets no message", () => {
    const wrong = review({ addresses: [5] }, { kind: "IPAddressPool" });
    assert.equal(wrong.status?.code, 400);
    assert.match(message(wrong), /spec\.addresses\[0\]: must be text/);
    for (const spec of [{ addresses: "x" }, { addresses: [], autoAssign: "yes" }]) {
      assert.equal(review(spec, { kind: "IPAddressPool" }).status?.code, 400);
    }
    assert.equal(review({ nodeSelectors: [7] }, { kind: "L2Advertisement" }).status?.code, 400);
    const labels = { matchLabels: { a: 1 } };
    assert.equal(
      review({ nodeSelectors: [labels] }, { kind: "L2Advertisement" }).status?.code,
      400,
    );
    const bare = { uid: "u", kind: "Community", operation: "CREATE", namespace };
    const options = { namespace, bgpType: "frr" };
    const community = webhookFor("Community");
    assert.equal(reviewAdmission(community, bare, emptyResourceSet, options).status?.code, 400);
    const strange = { ...bare, object: { metadata: "x" } };
    assert.equal(reviewAdmission(community, strange, emptyResourceSet, options).status?.code, 400);
    const astray = { ...bare, kind: "BGPPeer", object: objectOf("x", {}) };
    assert.equal(reviewAdmission(community, astray, emptyResourceSet, options).status?.code, 400);
    assert.deepEqual(review({}, { kind: "Community" }), { allowed: true });
  });

  it("WH-8: fields that nobody knows, nulls, and a name still to be generated are fine", () => {
    const spec = { addresses: ["192.0.2.0/24"], serviceAllocation: null, constructor: 5 };
    assert.equal(review(spec, { kind: "IPAddressPool" }).allowed, true);
    const object = { metadata: { generateName: "lan-" }, spec: { addresses: ["192.0.2.0/24"] } };
    const request = { uid: "u", kind: "IPAddressPool", operation: "CREATE", namespace, object };
    const options = { namespace, bgpType: "frr" };
    const answer = reviewAdmission(webhookFor("IPAddressPool"), request, emptyResourceSet, options);
    assert.equal(answer.allowed, true, message(answer));
  });
});
