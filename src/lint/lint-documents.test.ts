/** What lint finds in files, and where. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { lintDocuments, type LintOptions } from "./lint-documents.ts";
import type { LintFinding } from "./lint-finding.ts";

const options = { bgpType: "native", namespace: "metallb-system" };

function findings(text: string, more: Partial<LintOptions> = {}): readonly LintFinding[] {
  return lintDocuments([{ name: "a.yaml", text }], { ...options, ...more }).findings;
}

/** `severity code line:column` of each. */
function outline(text: string, more: Partial<LintOptions> = {}): string[] {
  return findings(text, more).map(({ severity, code, line, column }) => {
    return `${severity} ${code} ${line}:${column}`;
  });
}

const pool = (spec: string, metadata = "name: lan") =>
  `apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {${metadata}}\nspec: ${spec}\n`;

const configMap = (document: string, metadata = "name: config, namespace: metallb-system") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {${metadata}}\ndata:\n  config: |\n${document.replace(/^/gm, "    ")}\n`;

describe("lint", () => {
  it("CFG-33, CFG-36, TV-49: names the rule of compilation where a schema only repeats it", () => {
    const profile =
      "apiVersion: metallb.io/v1beta1\nkind: BFDProfile\nmetadata: {name: a}\nspec: {echoInterval: 9}\n";
    const [bound] = findings(profile, { bgpType: "frr" });
    assert.deepEqual([bound?.code, bound?.path, bound?.value], ["CFG-36", "spec.echoInterval", 9]);
    assert.equal(bound?.fix, "give a value within that bound");
    const advertisement =
      "apiVersion: metallb.io/v1beta1\nkind: BGPAdvertisement\nmetadata: {name: a}\n" +
      "spec: {aggregationLength: 24, serviceSelectors: [{matchLabels: {a: b}}]}\n";
    const [rule] = findings(advertisement);
    assert.deepEqual([rule?.code, rule?.fix], ["CFG-33", "change the fields that the rule names"]);
    assert.match(rule?.message ?? "", /^serviceSelectors need single addresses/);
  });

  it("warns of a wrong value of an annotation of ours, at its place", () => {
    const text = pool(
      "{addresses: [10.0.0.0/24]}",
      "name: lan, annotations: {metallb-ts/subnet-aware: 'on'}",
    );
    assert.deepEqual(outline(text), ["warning OWN-1 3:62"]);
    const [{ object, path, value, fix } = {} as LintFinding] = findings(text);
    assert.deepEqual(
      [object, path, value, fix],
      [
        "IPAddressPool metallb-system/lan",
        "metadata.annotations.metallb-ts/subnet-aware",
        "on",
        'write "true" or "false", in quotes',
      ],
    );
  });

  it("CRD-10: tells every fault of an object, each at its value", () => {
    const text = pool("\n  addresses: [10.0.0.0/24]\n  autoAssign: maybe\n  autoAsign: 1");
    assert.deepEqual(outline(text), ["error CRD-10 6:15", "error CRD-10 7:14"]);
    const [first] = findings(text);
    assert.deepEqual(
      [first?.object, first?.path, first?.value],
      ["IPAddressPool metallb-system/lan", "spec.autoAssign", "maybe"],
    );
  });

  it("annotations of ours with a misspelt value are warnings at the value, on Services too", () => {
    const text =
      `${pool("{addresses: [10.0.0.0/24]}", "name: lan, annotations: {metallb-ts/spread: even}")}---\n` +
      'apiVersion: v1\nkind: Service\nmetadata: {name: web, annotations: {metallb-ts/preempt: "no"}}\n';
    assert.deepEqual(outline(text), ["warning OWN-2 8:57", "warning OWN-3 3:56"]);
    const [service] = findings(text);
    assert.equal(service?.object, "Service default/web");
    assert.equal(service?.fix, 'write "true" or "false", in quotes');
    assert.deepEqual(outline(text.replace("even", "bounded").replace('"no"', '"false"')), []);
  });

  it("CRD-10: says where quotes are missing, or too many", () => {
    const fixOf = (more: string) => findings(pool(`{addresses: [10.0.0.0/24], ${more}}`))[0]?.fix;
    const labels = "serviceAllocation: {serviceSelectors: [{matchLabels: {a: y}}]}";
    assert.equal(fixOf(labels), "put it in quotes: without them YAML makes a boolean of it");
    assert.equal(fixOf('autoAssign: "true"'), "write it without quotes");
    assert.equal(fixOf("autoAssign: maybe"), "correct the value");
    assert.equal(fixOf('serviceAllocation: {priority: "7"}'), "write it without quotes");
  });

  it("CFG-10: a fault that the schema tells is not told twice", () => {
    assert.deepEqual(outline(pool("{addresses: 10.0.0.0/24}")), ["error CRD-10 4:19"]);
  });

  it("WH-3: another namespace than MetalLB's is an error, the right one is told by a flag", () => {
    const text = pool("{addresses: [10.0.0.0/24]}", "name: lan, namespace: edge");
    assert.deepEqual(outline(text), ["error WH-3 3:34"]);
    assert.deepEqual(outline(text, { namespace: "edge" }), []);
  });

  it("LC-3: a finding inside a ConfigMap has its place in the file", () => {
    const document = "address-pools:\n- name: lan\n  protocol: layer2\n  addresses: [10.0.0.1]";
    const [only] = findings(configMap(document));
    assert.deepEqual([only?.code, only?.line, only?.column], ["LC-8", 9, 19]);
    assert.equal(only?.object, "ConfigMap metallb-system/config");
  });

  it("LC-3: in quoted text it is that of the text", () => {
    const text =
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: config}, data: {config: 'x: 1'}}";
    assert.deepEqual(outline(text), ["error LC-2 1:76"]);
  });

  it("LC-4: keys of late releases are a hint, for 0.9.5 an error", () => {
    const document =
      "peers:\n- {my-asn: 1, peer-asn: 2, peer-address: 192.0.2.1, ebgp-multihop: true}";
    assert.deepEqual(outline(configMap(document)), ["warning LC-4 7:57"]);
    assert.deepEqual(outline(configMap(document), { legacyVersion: "0.9.5" }), ["error LC-4 7:57"]);
  });

  it("LC-8: warnings do not fail", () => {
    const document =
      "address-pools:\n- {name: a, protocol: layer2, addresses: [10.0.0.9-10.0.0.1]}";
    const text = configMap(document);
    assert.deepEqual(outline(text), ["warning LC-8 7:47"]);
    assert.equal(lintDocuments([{ name: "a", text }], options).valid, true);
  });

  it("LC-1: a ConfigMap elsewhere that looks like MetalLB's is told of", () => {
    const text = configMap("address-pools: []", "name: config, namespace: edge");
    assert.deepEqual(outline(text), ["warning LC-1 3:37"]);
    assert.deepEqual(outline(configMap("a: 1", "name: config, namespace: edge")), []);
  });

  it("LC-1: a ConfigMap of another name that looks like MetalLB's is told of", () => {
    const named = "name: metallb, namespace: metallb-system";
    assert.deepEqual(outline(configMap("address-pools: []", named)), ["warning LC-1 3:18"]);
    assert.deepEqual(outline(configMap("pools: []", named)), []);
  });

  it("LC-1: a document that is no text, as without the `|`, is an error", () => {
    const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\n";
    assert.deepEqual(outline(`${head}data:\n  config:\n    peers: []\n`), ["error LC-1 6:5"]);
    assert.deepEqual(outline(`${head}data: {config: 5}\n`), ["error LC-1 4:16"]);
    assert.deepEqual(outline(`${head}data: "peers: []"\n`), ["error LC-1 4:7"]);
    for (const empty of ["", "data:\n", "data: {config: }\n", 'data: {config: ""}\n']) {
      assert.deepEqual(outline(head + empty), []);
    }
  });

  it("LC-1: of two ConfigMaps of the name each is judged: whichever comes last would be in force", () => {
    const text = `${configMap("peers: []")}---\n${configMap("surprise: 1")}`;
    assert.deepEqual(outline(text), ["error LC-2 13:5"]);
  });

  it("INS-46: ConfigMap and pools together are an error, unless the ConfigMap is empty", () => {
    const resources = pool("{addresses: [10.0.0.0/24]}");
    const text = `${configMap("address-pools: []")}---\n${resources}`;
    assert.deepEqual(outline(text), ["error INS-46 3:18"]);
    assert.deepEqual(
      outline(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\n---\n${resources}`),
      [],
    );
  });

  it("CFG-12: files are judged together", () => {
    const { findings: found } = lintDocuments(
      [
        { name: "one.yaml", text: pool("{addresses: [10.0.0.0/24]}", "name: a") },
        { name: "two.yaml", text: pool("{addresses: [10.0.0.9/32]}", "name: b") },
      ],
      options,
    );
    assert.deepEqual(
      found.map(({ code, file, line }) => [code, file, line]),
      [["CFG-12", "two.yaml", 4]],
    );
  });

  it("CRD-15: a BGPPeer v1beta1 is judged as it is stored", () => {
    const peer = (version: string, more: string) =>
      `apiVersion: metallb.io/${version}\nkind: BGPPeer\nmetadata: {name: a}\nspec: {myASN: 1, peerASN: 2, peerAddress: 192.0.2.1${more}}`;
    assert.deepEqual(outline(peer("v1beta1", "")), []);
    // Unset there is zero here: a keepalive time alone does not make up a hold time.
    assert.deepEqual(
      outline(peer("v1beta1", ", keepaliveTime: 10s"), { bgpType: "frr" }).length,
      1,
    );
    assert.deepEqual(outline(peer("v1beta2", ", keepaliveTime: 10s"), { bgpType: "frr" }), []);
  });

  it("CFG-23: a secret is missed only where there are secrets", () => {
    const peer =
      "apiVersion: metallb.io/v1beta2\nkind: BGPPeer\nmetadata: {name: a}\nspec: {myASN: 1, peerASN: 2, peerAddress: 192.0.2.1, passwordSecret: {name: s}}\n";
    const secret = (namespace: string) =>
      `---\napiVersion: v1\nkind: Secret\nmetadata: {name: t, namespace: ${namespace}}\n`;
    assert.deepEqual(outline(peer), []);
    assert.deepEqual(outline(peer + secret("default")), []);
    assert.equal(findings(peer + secret("metallb-system"))[0]?.code, "CFG-23");
  });

  it("CFG-23: the password of a Secret may be written as text", () => {
    const text = `apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: a}
spec: {myASN: 1, peerASN: 2, peerAddress: 192.0.2.1, passwordSecret: {name: s}}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: metallb-system}
type: kubernetes.io/basic-auth
stringData: {password: x}
`;
    assert.deepEqual(outline(text), []);
    assert.deepEqual(outline(text.replace("password: x", "user: x")), ["error CFG-23 4:77"]);
  });

  it("LOG-3: a password is in no finding", () => {
    for (const password of ["[hunter2]", "{a: hunter2}", "5552368", "hunter2, passwrd: hunter2"]) {
      const spec = `{myASN: x, peerASN: 2, peerAddress: 192.0.2.1, password: ${password}}`;
      const text = `apiVersion: metallb.io/v1beta2\nkind: BGPPeer\nmetadata: {name: a}\nspec: ${spec}`;
      assert.doesNotMatch(JSON.stringify(findings(text)), /hunter2|5552368/);
    }
  });

  it("CRD-10: 10,000 pools are judged", () => {
    const pools = Array.from({ length: 10_000 }, (_, index) => {
      const address = `10.${index >> 8}.${index & 255}.0/24`;
      return pool(`{addresses: [${address}]}`, `name: p${index}`);
    });
    assert.deepEqual(outline(pools.join("---\n")), []);
  });

  it("CRD-1, LC-2: no text makes it throw, and all that it says has a mend", () => {
    const piece = fc.constantFrom(
      "apiVersion: v1",
      "apiVersion: metallb.io/v1beta1",
      "kind: List",
      "kind: ConfigMap",
      "kind: IPAddressPool",
      "kind: BGPPeer",
      "kind: L2Advertisement",
      "metadata:",
      "name: config",
      "spec:",
      "addresses:",
      "items:",
      "data:",
      "config: |",
      "- ",
      "\n",
      "\n  ",
      "\n    ",
      ": ",
      "{",
      "}",
      "[",
      "]",
      "---\n",
      "&a ",
      "*a",
      "<<: *a",
      "null",
      "1",
      "10.0.0.0/24",
      "\u0000",
      "\u202e",
    );
    const text = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (one) => {
        for (const { fix, code } of findings(one)) assert.ok(fix !== "" && code !== "");
      }),
      { numRuns: 500 },
    );
  });

  it("CRD-1, CFG-10: no shape of a custom resource makes it throw", () => {
    const kinds = ["IPAddressPool", "L2Advertisement", "BGPAdvertisement", "BGPPeer", "BFDProfile"];
    const key = fc.constantFrom(
      "addresses",
      "serviceAllocation",
      "nodeSelectors",
      "communities",
      "peers",
      "matchLabels",
      "myASN",
      "peerAddress",
      "holdTime",
      "passwordSecret",
      "name",
      "value",
      "namespaces",
    );
    const { spec } = fc.letrec((tie) => ({
      spec: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>(null, 1, true, "x", "10.0.0.0/24", -1.5),
        fc.array(tie("spec"), { maxLength: 3 }),
        fc.dictionary(key, tie("spec"), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(fc.constantFrom(...kinds, "Community"), spec, spec, (kind, one, metadata) => {
        const apiVersion = `metallb.io/${kind === "BGPPeer" ? "v1beta2" : "v1beta1"}`;
        const items = [
          { apiVersion, kind, metadata: { name: "a" }, spec: one },
          { apiVersion, kind, metadata, spec: one },
        ];
        findings(JSON.stringify({ apiVersion: "v1", kind: "List", items }), { bgpType: "frr" });
      }),
      { numRuns: 500 },
    );
  });
});
