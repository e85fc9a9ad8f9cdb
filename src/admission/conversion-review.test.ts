import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { convertReview } from "./conversion-review.ts";

const v1beta1 = "metallb.io/v1beta1";
const v1beta2 = "metallb.io/v1beta2";
const metadata = {
  name: "rack",
  namespace: "metallb-system",
  uid: "1-2",
  labels: { a: "b" },
  annotations: { c: "d" },
  finalizers: ["x"],
};

function ask(objects: unknown[], desiredAPIVersion: string, version = "v1") {
  const request = { uid: "u-9", desiredAPIVersion, objects };
  const apiVersion = `apiextensions.k8s.io/${version}`;
  const text = JSON.stringify({ apiVersion, kind: "ConversionReview", request });
  return JSON.parse(convertReview(text).text);
}

/** The converted object; fails when the review failed. */
function convert(spec: object, from: string, to: string) {
  const object = { apiVersion: from, kind: "BGPPeer", metadata, spec, status: { x: 1 } };
  const { response } = ask([object], to);
  assert.equal(response.result.status, "Success", response.result.message);
  return response.convertedObjects[0];
}

const shared = {
  myASN: 64600,
  peerASN: 64601,
  peerAddress: "192.0.2.1",
  sourceAddress: "192.0.2.9",
  peerPort: 1179,
  routerID: "10.0.0.1",
  password: "sesame",
  bfdProfile: "fast",
  ebgpMultiHop: true,
};
/** Of what v1beta1 knows, the fields that are not written if they are empty or zero. */
const optional = new Set(
  ["peerPort", "password", "ebgpMultiHop"].concat(
    "nodeSelectors",
    "matchLabels",
    "matchExpressions",
  ),
);
const isEmpty = (value: unknown) =>
  !value || (typeof value === "object" && Object.keys(value).length === 0);
const timers = { holdTime: "1m30s", keepaliveTime: "30s" };

describe("conversion of BGPPeer", () => {
  it("CRD-15: shared fields and metadata are copied to v1beta2, status is not carried", () => {
    assert.deepEqual(convert({ ...shared, ...timers }, v1beta1, v1beta2), {
      apiVersion: v1beta2,
      kind: "BGPPeer",
      metadata,
      spec: { ...shared, ...timers },
    });
  });

  it("CRD-15, TV-84: timers that v1beta1 does not say are 0s in v1beta2", () => {
    const { spec } = convert({ myASN: 1, peerASN: 2, peerAddress: "192.0.2.1" }, v1beta1, v1beta2);
    assert.deepEqual([spec.holdTime, spec.keepaliveTime], ["0s", "0s"]);
  });

  it("CRD-15: selectors map one to one, an empty one stays empty", () => {
    const expression = { key: "rack", operator: "In", values: ["r1"] };
    const nodeSelectors = [
      { matchLabels: { a: "b" }, matchExpressions: [expression] },
      { matchLabels: {}, matchExpressions: [] },
    ];
    const { spec } = convert({ ...shared, nodeSelectors }, v1beta1, v1beta2);
    assert.deepEqual(spec.nodeSelectors, [nodeSelectors[0], {}]);
  });

  it("CRD-16, TV-83: v1beta1 has no vrf, and timers of 0s where there are none", () => {
    const { spec } = convert({ ...shared, vrf: "red" }, v1beta2, v1beta1);
    assert.equal("vrf" in spec, false);
    assert.deepEqual([spec.holdTime, spec.keepaliveTime], ["0s", "0s"]);
  });

  it("CRD-16: every field of v1beta2 alone is dropped", () => {
    const newer = {
      dynamicASN: "external",
      localASN: 5,
      interface: "eth0",
      connectTime: "5s",
      passwordSecret: { name: "s" },
      enableGracefulRestart: true,
      vrf: "red",
      disableMP: true,
      dualStackAddressFamily: true,
    };
    const older = convert({ ...shared, ...timers, ...newer }, v1beta2, v1beta1);
    assert.deepEqual(older, {
      apiVersion: v1beta1,
      kind: "BGPPeer",
      metadata,
      spec: { ...shared, ...timers },
    });
  });

  it("CRD-15: zero is absent in v1beta2, which knows no port 0", () => {
    const zeros = { peerASN: 0, peerAddress: "", peerPort: 0, password: "", ebgpMultiHop: false };
    const { spec } = convert({ myASN: 0, ...zeros }, v1beta1, v1beta2);
    assert.deepEqual(spec, { myASN: 0, holdTime: "0s", keepaliveTime: "0s" });
  });

  it("CRD-16: what v1beta1 requires is there, also in expressions, and what is empty is not", () => {
    const nodeSelectors = [
      { matchLabels: { a: "b" } },
      {},
      { matchExpressions: [{ key: "k", operator: "Exists" }] },
    ];
    const { spec } = convert({ myASN: 1, dynamicASN: "internal", nodeSelectors }, v1beta2, v1beta1);
    assert.deepEqual([spec.peerASN, spec.peerAddress], [0, ""]);
    assert.deepEqual(spec.nodeSelectors, [
      { matchLabels: { a: "b" } },
      {},
      { matchExpressions: [{ key: "k", operator: "Exists", values: [] }] },
    ]);
    assert.equal("nodeSelectors" in convert(shared, v1beta2, v1beta1).spec, false);
  });

  it("CRD-15, CRD-16: there and back again loses nothing that v1beta1 knows", () => {
    const text = fc.string({ maxLength: 8 });
    const expression = fc.record({
      key: text,
      operator: fc.constantFrom("In", "NotIn"),
      values: fc.array(text, { minLength: 1, maxLength: 2 }),
    });
    const selector = fc.record({
      matchLabels: fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), text),
      matchExpressions: fc.array(expression, { maxLength: 2 }),
    });
    const peer = fc.record({
      myASN: fc.nat(),
      peerASN: fc.nat(),
      peerAddress: text,
      peerPort: fc.nat(65535),
      password: text,
      ebgpMultiHop: fc.boolean(),
      holdTime: fc.constantFrom("0s", "9s"),
      keepaliveTime: fc.constantFrom("0s", "3s"),
      nodeSelectors: fc.array(selector, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(peer, (spec) => {
        const newer = convert(spec, v1beta1, v1beta2);
        // The property record has no prototype, and nor has what it is compared with after JSON.
        const back = convert(newer.spec, v1beta2, v1beta1).spec;
        const expected = JSON.stringify(spec, (key, value: unknown) =>
          optional.has(key) && isEmpty(value) ? undefined : value,
        );
        assert.deepEqual(back, JSON.parse(expected));
      }),
    );
  });

  it("CRD-14: a review of either version is answered in its version, objects in their order", () => {
    const objects = ["a", "b", "c"].map((name) => ({
      apiVersion: v1beta1,
      kind: "BGPPeer",
      metadata: { name },
      spec: { myASN: 1, peerASN: 2, peerAddress: "192.0.2.1" },
    }));
    for (const version of ["v1", "v1beta1"]) {
      const { apiVersion, kind, response } = ask(objects, v1beta2, version);
      assert.equal(apiVersion, `apiextensions.k8s.io/${version}`);
      assert.equal(kind, "ConversionReview");
      assert.equal(response.uid, "u-9");
      const names = response.convertedObjects.map(
        ({ metadata: { name } }: { metadata: { name: string } }) => name,
      );
      assert.deepEqual(names, ["a", "b", "c"]);
    }
  });

  it("CRD-14: one object that cannot be converted fails the review, with its name and the reason", () => {
    const good = { apiVersion: v1beta1, kind: "BGPPeer", metadata, spec: shared };
    const bad: [unknown, string, RegExp][] = [
      [{ ...good, kind: "IPAddressPool" }, v1beta2, /metallb-system\/rack.*only BGPPeer/],
      [{ ...good, apiVersion: "metallb.io/v1" }, v1beta2, /only BGPPeer/],
      [{ ...good, spec: 5 }, v1beta2, /spec: must be an object/],
      [{ ...good, spec: { nodeSelectors: {} } }, v1beta2, /nodeSelectors: must be a list/],
      [{ ...good, spec: { nodeSelectors: [{ matchExpressions: 1 }] } }, v1beta2, /nodeSelectors/],
      [good, "metallb.io/v7", /no version "metallb.io\/v7"/],
      [7, v1beta2, /only BGPPeer/],
    ];
    for (const [object, to, reason] of bad) {
      const { response } = ask([good, object], to);
      assert.equal(response.result.status, "Failed");
      assert.match(response.result.message, reason);
      assert.deepEqual(response.convertedObjects, []);
      assert.doesNotMatch(JSON.stringify(response), /sesame/);
    }
  });

  it("CRD-14: what is no conversion review gets a failed result", () => {
    for (const text of ["", "{}", "[]", '{"kind":"ConversionReview"}', "[".repeat(100_000)]) {
      const answer = convertReview(text);
      assert.equal(answer.isReview, false);
      assert.equal(JSON.parse(answer.text).response.result.status, "Failed");
    }
  });
});
