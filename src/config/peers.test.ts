/** BGP peers and their node selectors. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress } from "../ip/index.ts";
import type { Peer } from "./config.ts";
import { compileConfigMap } from "./from-configmap.ts";
import { matchesAnySelector } from "./selector.ts";

const minimal = "my-asn: 64600, peer-asn: 64700, peer-address: 192.0.2.1";

function compilePeer(fields: string): Peer {
  const result = compileConfigMap(`peers: [{${fields}}]`);
  assert.ok(result.ok, result.ok ? "" : result.error.message);
  return result.config.peers[0] as Peer;
}

function refusalCode(fields: string): string {
  const result = compileConfigMap(`peers: [{${fields}}]`);
  return result.ok ? "accepted" : result.error.code;
}

describe("a peer", () => {
  it("LC-35, TV-04: has port 179, hold time 90 s, no password and every node by default", () => {
    const peer = compilePeer(minimal);
    assert.deepEqual([peer.localAsn, peer.peerAsn], [64600, 64700]);
    assert.equal(peer.address && formatAddress(peer.address), "192.0.2.1");
    assert.deepEqual([peer.port, peer.holdTimeSeconds, peer.password], [179, 90, ""]);
    assert.equal(peer.routerId, undefined);
    assert.equal(matchesAnySelector(peer.nodeSelectors, {}), true);
  });

  it("LC-35: takes every field", () => {
    const rest = "peer-port: 1179, router-id: 192.0.2.9, password: 0123, hold-time: 30s";
    const peer = compilePeer(
      `my-asn: 4294967295, peer-asn: 1, peer-address: '2001:DB8::1', ${rest}`,
    );
    assert.equal(peer.localAsn, 4294967295);
    assert.equal(peer.address && formatAddress(peer.address), "2001:db8::1");
    assert.deepEqual([peer.port, peer.holdTimeSeconds, peer.password], [1179, 30, "0123"]);
    assert.equal(peer.routerId && formatAddress(peer.routerId), "192.0.2.9");
    assert.equal(compilePeer(`${minimal}, peer-port: 0, router-id: ''`).port, 179);
  });

  for (const [fields, code] of [
    ["peer-asn: 1, peer-address: 192.0.2.1", "missing-local-asn"],
    ["my-asn: 0, peer-asn: 1, peer-address: 192.0.2.1", "missing-local-asn"],
    ["my-asn: 1, peer-address: 192.0.2.1", "missing-peer-asn"],
    ["my-asn: 1, peer-asn: 1", "bad-peer-address"],
    ["my-asn: 1, peer-asn: 1, peer-address: router.example", "bad-peer-address"],
    ["my-asn: 1, peer-asn: 1, peer-address: 192.0.2.1/32", "bad-peer-address"],
    [`${minimal}, router-id: rtr`, "bad-router-id"],
  ] as const) {
    it(`LC-35, TV-03, TV-05: {${fields}} is refused: ${code}`, () => {
      assert.equal(refusalCode(fields), code);
    });
  }

  it("LC-35, TV-03: the error says which ASN is missing", () => {
    const result = compileConfigMap("peers: [{peer-asn: 1}]");
    assert.match(result.ok ? "" : result.error.message, /peers\[0\]\.my-asn.*missing local ASN/);
  });

  for (const [text, seconds] of [
    ["2m", 120],
    ["0s", 0],
    ["3.99s", 3],
    ["900ms", 0],
    ["-900ms", 0],
    ["1m30s", 90],
  ] as const) {
    it(`LC-5, TV-06, TV-08: hold-time ${text} becomes ${seconds} s`, () => {
      assert.equal(compilePeer(`${minimal}, hold-time: ${text}`).holdTimeSeconds, seconds);
    });
  }

  for (const text of ["2s", "2.9s", "-1s", "-3s", "90", "soon"]) {
    it(`LC-5, TV-07: hold-time ${text} is refused`, () => {
      assert.equal(refusalCode(`${minimal}, hold-time: ${text}`), "bad-hold-time");
    });
  }
});

describe("node selectors", () => {
  const selects = (selectors: string, labels: Record<string, string>) =>
    matchesAnySelector(
      compilePeer(`${minimal}, node-selectors: ${selectors}`).nodeSelectors,
      labels,
    );
  const expression = (fields: string) => `[{match-expressions: [{${fields}}]}]`;

  it("LC-6: an empty list, an empty selector and a null selector match every node", () => {
    for (const selectors of [
      "[]",
      "[{}]",
      "[null]",
      "[{match-labels: {}, match-expressions: []}]",
    ]) {
      assert.equal(selects(selectors, { rack: "r1" }), true);
    }
  });

  it("LC-6: any selector may match, and inside one all parts must", () => {
    const both = "[{match-labels: {rack: r1, row: a}}, {match-labels: {zone: z}}]";
    assert.equal(selects(both, { rack: "r1", row: "a" }), true);
    assert.equal(selects(both, { rack: "r1" }), false);
    assert.equal(selects(both, { zone: "z" }), true);
    const mixed =
      "[{match-labels: {rack: r1}, match-expressions: [{key: edge, operator: Exists}]}]";
    assert.equal(selects(mixed, { rack: "r1" }), false);
    assert.equal(selects(mixed, { rack: "r1", edge: "" }), true);
  });

  for (const [fields, matching, other] of [
    ["key: r, operator: In, values: [a, b]", { r: "b" }, { r: "c" }],
    ["key: r, operator: NotIn, values: [a, b]", { r: "c" }, { r: "a" }],
    ["key: r, operator: NotIn, values: [a]", {}, { r: "a" }],
    ["key: r, operator: Exists", { r: "" }, {}],
    ["key: r, operator: DoesNotExist", {}, { r: "" }],
    ["key: r, operator: In, values: [a]", { r: "a" }, {}],
  ] as const) {
    it(`LC-6: {${fields}} matches ${JSON.stringify(matching)} only`, () => {
      assert.equal(selects(expression(fields), matching), true);
      assert.equal(selects(expression(fields), other), false);
    });
  }

  for (const fields of [
    "key: r, operator: Near, values: [a]",
    "key: r, values: [a]",
    "key: r, operator: In",
    "key: r, operator: NotIn, values: []",
    "key: r, operator: Exists, values: [a]",
    "key: r, operator: DoesNotExist, values: [a]",
    "operator: Exists",
    "key: -r, operator: Exists",
    "key: a/b/c, operator: Exists",
    "key: Upper.example/r, operator: Exists",
    "key: /r, operator: Exists",
    "key: r, operator: In, values: ['a b']",
  ]) {
    it(`LC-6, TV-09, TV-10: {${fields}} is refused`, () => {
      const code = refusalCode(`${minimal}, node-selectors: ${expression(fields)}`);
      assert.equal(code, "bad-node-selector");
    });
  }

  it("LC-6: labels themselves must be legal", () => {
    for (const labels of ["'a b': c", "a: 'b c'", `${"k".repeat(64)}: v`]) {
      const code = refusalCode(`${minimal}, node-selectors: [{match-labels: {${labels}}}]`);
      assert.equal(code, "bad-node-selector");
    }
    const tooLong = `${"d".repeat(250)}.com/k: v`;
    const refused = refusalCode(`${minimal}, node-selectors: [{match-labels: {${tooLong}}}]`);
    assert.equal(refused, "bad-node-selector");
    const longest = `example.com/${"k".repeat(63)}`;
    assert.equal(selects(`[{match-labels: {${longest}: ''}}]`, { [longest]: "" }), true);
  });
});
