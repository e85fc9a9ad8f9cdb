/** All that is wrong with a ConfigMap at once, for people and for scripts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Finding } from "./finding.ts";
import { compileConfigMap } from "./from-configmap.ts";

function findings(text: string): readonly Finding[] {
  const result = compileConfigMap(text);
  assert.ok(!result.ok, "accepted");
  return result.findings;
}

/** Rule and path of each finding, in order. */
function outline(text: string): string[] {
  return findings(text).map(({ code, path }) => `${code} ${path}`.trim());
}

describe("the findings about a ConfigMap", () => {
  it("LC-3, LC-7: are all there is, in the order in which MetalLB looks", () => {
    const text = `
peers:
- {my-asn: 1, peer-asn: 0, peer-address: router, hold-time: 2s, router-id: x}
- {peer-asn: 2, peer-address: 192.0.2.1, node-selectors: [{match-expressions: [{key: "", operator: Near}]}]}
bgp-communities: {red: "1", blue: "2:2"}
address-pools:
- {protocol: bgp}
- name: lan
  addresses: [10.0.0.0/33, 10.0.0.1, 10.0.0.0/24]
- name: lan
  protocol: l2
  addresses: [10.0.0.128/25]
- name: wan
  protocol: bgp
  addresses: [192.0.2.0/26]
  bgp-advertisements: [{aggregation-length: 33}, {aggregation-length: 24, communities: [ghost, red]}]
- {name: home, protocol: layer2, addresses: [198.51.100.0/24], bgp-advertisements: [{}]}
`;
    assert.deepEqual(outline(text), [
      "LC-35 peers[0].peer-asn",
      "LC-35 peers[0].peer-address",
      "LC-5 peers[0].hold-time",
      "LC-35 peers[0].router-id",
      "LC-35 peers[1].my-asn",
      "LC-6 peers[1].node-selectors[0].match-expressions[0].key",
      "LC-6 peers[1].node-selectors[0].match-expressions[0].operator",
      "LC-12 bgp-communities.red",
      "LC-7 address-pools[0].name",
      "LC-7 address-pools[0].addresses",
      "LC-8 address-pools[1].addresses[0]",
      "LC-8 address-pools[1].addresses[1]",
      "LC-7 address-pools[1].protocol",
      "LC-7 address-pools[2].protocol",
      "LC-7 address-pools[2].name",
      "LC-9 address-pools[2].addresses[0]",
      "LC-11 address-pools[3].bgp-advertisements[0].aggregation-length",
      "LC-11 address-pools[3].bgp-advertisements[1].aggregation-length",
      "LC-12 address-pools[3].bgp-advertisements[1].communities[0]",
      "LC-10 address-pools[4].bgp-advertisements",
    ]);
  });

  it("LC-2: faults of shape come first, each once; a broken element is not judged further", () => {
    const text = `
peers: [{my-asn: x, peer-asn: 70000000000, extra: 1, extra: 2}]
bgp-communities: {red: [1]}
address-pools:
- {name: [a], addresses: 10.0.0.0/24}
- {name: fine, protocol: nope, addresses: [10.0.0.0/24]}
`;
    assert.deepEqual(outline(text), [
      "LC-2 peers[0].extra",
      "LC-2 peers[0].extra",
      "LC-2 peers[0].my-asn",
      "LC-2 peers[0].peer-asn",
      "LC-2 bgp-communities.red",
      "LC-2 address-pools[0].name",
      "LC-2 address-pools[0].addresses",
      "LC-7 address-pools[1].protocol",
    ]);
  });

  it("LC-3: each has the object, its element, the value, the mend and its position", () => {
    const text = "address-pools:\n- name: lan\n  addresses:\n  - 10.0.0.1\n  protocol: layer2\n";
    const result = compileConfigMap(text, { name: "edge/metal" });
    assert.ok(!result.ok);
    assert.deepEqual(result.findings, [
      {
        code: "LC-8",
        severity: "error",
        object: "ConfigMap edge/metal",
        path: "address-pools[0].addresses[0]",
        value: "10.0.0.1",
        message: 'parsing address pool #1: "10.0.0.1" has no prefix length',
        fix: "write 10.0.0.1/32 for this one address",
        line: 4,
        column: 5,
      },
    ]);
  });

  it("LC-3: the first is the error that is reported", () => {
    const result = compileConfigMap("peers: [{}]\naddress-pools: [{}]");
    assert.ok(!result.ok);
    assert.equal(result.findings[0]?.path, result.error.path);
    assert.match(result.error.message, /^parsing peer #1: peers\[0\]\.my-asn .*missing local ASN/);
  });

  it("LC-9: a range that overlaps with many blocks is one finding", () => {
    const pool = (name: string, entry: string) =>
      `{name: ${name}, protocol: layer2, addresses: [${entry}]}`;
    const text = `address-pools: [${pool("a", "10.0.0.0/8")}, ${pool("b", "10.0.0.1-10.0.3.9")}]`;
    const [only, ...more] = findings(text);
    assert.deepEqual([only?.code, only?.value, more.length], ["LC-9", "10.0.0.1-10.0.3.9", 0]);
  });

  it("LC-8: a warning names its range and does not refuse the document", () => {
    const pool = "{name: t, protocol: layer2, addresses: [10.0.0.9-10.0.0.1]}";
    const result = compileConfigMap(`address-pools: [${pool}]`, { name: "a/b" });
    assert.ok(result.ok);
    const [warning] = result.warnings;
    assert.deepEqual(
      [warning?.code, warning?.severity, warning?.object, warning?.value, warning?.line],
      ["LC-8", "warning", "ConfigMap a/b", "10.0.0.9-10.0.0.1", 1],
    );
  });

  it("LC-2: a key too many hides no other fault of its element", () => {
    const text = `
peers:
- {my-asn: 1, peer-asn: 0, peer-address: 192.0.2.1, surprise: 1}
address-pools:
- {name: a, protocol: layer2, addresses: [10.0.0.1], surprise: 1}
- {name: b, protocol: layer3, addresses: [10.0.0.2/32], name: c}
`;
    assert.deepEqual(outline(text), [
      "LC-2 peers[0].surprise",
      "LC-2 address-pools[0].surprise",
      "LC-2 address-pools[1].name",
      "LC-35 peers[0].peer-asn",
      "LC-8 address-pools[0].addresses[0]",
      "LC-7 address-pools[1].protocol",
    ]);
    // A line number would be that of the document, not of the file that it stands in.
    for (const { message } of findings(text)) assert.doesNotMatch(message, /\bline\b/);
  });

  it("LC-4: a key of a later release is told as such", () => {
    const peer = "{my-asn: 1, peer-asn: 2, peer-address: 192.0.2.1, source-address: 192.0.2.2}";
    assert.deepEqual(outline(`peers: [${peer}]\nbfd-profiles: []`), [
      "LC-4 bfd-profiles",
      "LC-4 peers[0].source-address",
    ]);
  });

  it("LC-4: what a late document says wrongly about profiles and timers is found", () => {
    const peer = "{my-asn: 1, peer-asn: 2, peer-address: 192.0.2.1, bfd-profile: x";
    const text = `peers: [${peer}, keepalive-time: 5, source-address: y}]\nbfd-profiles: [{}]`;
    const result = compileConfigMap(text, { generation: "late" });
    assert.ok(!result.ok);
    const paths = result.findings.map(({ code, path }) => `${code} ${path}`);
    assert.deepEqual(paths, [
      "LC-4 bfd-profiles[0].name",
      "LC-4 peers[0].source-address",
      "LC-4 peers[0].keepalive-time",
      "LC-4 peers[0].bfd-profile",
    ]);
  });

  it("LC-2: a control character is refused where it stands; one that turns the text is kept", () => {
    const [nul] = findings('address-pools: [{name: "a\u0000b"}]');
    assert.deepEqual([nul?.code, nul?.column], ["LC-2", 26]);
    assert.equal(findings('address-pools: [{name: "a\ufffeb"}]')[0]?.code, "LC-2");
    const name = "a\u202eb";
    const text = `address-pools: [{name: "${name}", protocol: layer2, addresses: [10.0.0.0/24]}]`;
    const result = compileConfigMap(text);
    assert.ok(result.ok && result.config.pools.has(name));
  });

  it("LC-2, LOG-3: an anchor with a colon or a dot is refused, and what follows it is not shown", () => {
    for (const anchor of ["&password:", "&a.b"]) {
      const [only, ...more] = findings(`address-pools: ${anchor} hunter2`);
      assert.match(only?.message ?? "", /the name of an anchor/);
      assert.doesNotMatch(JSON.stringify([only, more]), /hunter2/);
      assert.deepEqual([only?.line, only?.column, more], [1, 17 + anchor.length, []]);
    }
    assert.deepEqual(compileConfigMap("peers: &a-1_b []\naddress-pools: *a-1_b").ok, true);
  });

  it("LC-2: anchors that explode end in a finding that says so, and nothing is judged further", () => {
    const words = `&w [${Array(50).fill("x").join()}]`;
    const lists = `&l [{communities: ${words}}${", {communities: *w}".repeat(50)}]`;
    const pools = `{bgp-advertisements: ${lists}}${", {bgp-advertisements: *l}".repeat(500)}`;
    const [only, ...more] = findings(`address-pools: [${pools}]`);
    assert.match(only?.message ?? "", /aliases multiply this document beyond measure/);
    assert.equal(more.length, 0);
  });

  it("LC-2: 10,000 pools with as many faults give as many findings", () => {
    const pool = (index: number) =>
      `- {name: p${index}, protocol: l2, addresses: [10.${index >> 8}.${index & 255}.0/24]}`;
    const text = `address-pools:\n${Array.from({ length: 10_000 }, (_, i) => pool(i)).join("\n")}\n`;
    assert.equal(findings(text).length, 10_000);
  });

  it("LC-2, LOG-3: any text gives findings with a rule, a mend and a position, and no password", () => {
    const secret = "hunter2";
    const piece = fc.constantFrom(
      "peers:\n",
      "- ",
      "{",
      "}",
      "my-asn: x",
      `password: ${secret}\n`,
      `password: [${secret}]`,
      ", ",
      "\n",
      "address-pools: ",
      "name: a",
      "[",
      "]",
      "*",
      "&",
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, (document) => {
        const result = compileConfigMap(document);
        if (result.ok) return;
        for (const one of result.findings) {
          assert.match(one.code, /^LC-\d+$/);
          assert.ok(one.fix !== "" && one.line !== undefined && one.column !== undefined);
          assert.ok(!JSON.stringify([one.message, one.value]).includes(secret), one.message);
        }
      }),
      { numRuns: 300 },
    );
  });
});
