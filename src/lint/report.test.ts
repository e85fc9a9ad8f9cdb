/** The forms of a report: for people, for scripts, for code review. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lintDocuments } from "./lint-documents.ts";
import { reportJson } from "./report-json.ts";
import { reportSarif } from "./report-sarif.ts";
import { reportText } from "./report-text.ts";

const options = { bgpType: "native", namespace: "metallb-system" };
const plain = (_style: string, text: string) => text;
const head = "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {name: lan}\n";

function reports(text: string) {
  const files = [{ name: "dir/a b.yaml", text }];
  const report = lintDocuments(files, options);
  return {
    text: reportText(report, files, plain),
    json: JSON.parse(reportJson(report)) as { valid: boolean; findings: object[] },
    sarif: JSON.parse(reportSarif(report, "1.2.3")) as Sarif,
  };
}

interface Sarif {
  version: string;
  runs: { tool: { driver: { rules: { id: string }[] } }; results: object[] }[];
}

describe("the report of lint", () => {
  it("CFG-10: shows people the line, a caret under the value, and the mend", () => {
    assert.equal(
      reports(`${head}spec:\n  addresses:\n  - 10.0.0.1\n`).text,
      `dir/a b.yaml:6:5: error CFG-10: "10.0.0.1" has no prefix length
  6 |   - 10.0.0.1
          ^
  in IPAddressPool metallb-system/lan spec.addresses[0]
  fix: write 10.0.0.1/32 for this one address

1 error, 0 warnings in 1 file
`,
    );
  });

  it("CFG-10: gives scripts all keys of every finding", () => {
    const { json } = reports(`${head}spec: {addresses: [10.0.0.1]}\n`);
    assert.deepEqual(json, {
      valid: false,
      findings: [
        {
          code: "CFG-10",
          severity: "error",
          object: "IPAddressPool metallb-system/lan",
          path: "spec.addresses[0]",
          value: "10.0.0.1",
          message: '"10.0.0.1" has no prefix length',
          fix: "write 10.0.0.1/32 for this one address",
          file: "dir/a b.yaml",
          line: 4,
          column: 20,
        },
      ],
    });
    assert.deepEqual(reports("").json, { valid: true, findings: [] });
  });

  it("CRD-10: keeps every digit of a large number", () => {
    const text = `${head}spec: {addresses: [10.0.0.0/24], serviceAllocation: 9223372036854775807}`;
    const report = lintDocuments([{ name: "a", text }], options);
    assert.match(reportJson(report), /"value":9223372036854775807,/);
  });

  it("CFG-10: gives SARIF 2.1.0 with rules and places", () => {
    const { sarif } = reports(`${head}spec: {addresses: [10.0.0.1]}\n`);
    const [run] = sarif.runs;
    assert.equal(sarif.version, "2.1.0");
    assert.deepEqual(
      run?.tool.driver.rules.map(({ id }) => id),
      ["CFG-10"],
    );
    assert.deepEqual(run.results, [
      {
        ruleId: "CFG-10",
        ruleIndex: 0,
        level: "error",
        message: {
          text: 'IPAddressPool metallb-system/lan, spec.addresses[0]: "10.0.0.1" has no prefix length; write 10.0.0.1/32 for this one address',
        },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: "dir/a%20b.yaml" },
              region: { startLine: 4, startColumn: 20 },
            },
          },
        ],
      },
    ]);
  });

  it("LOG-3: shows no line that may hold a password", () => {
    const peer = "apiVersion: metallb.io/v1beta2\nkind: BGPPeer\nmetadata: {name: a}\n";
    const spec = "spec: {myASN: x, peerASN: 2, password: hunter2}\n";
    const { text } = reports(peer + spec);
    assert.match(text, /CRD-13/);
    assert.doesNotMatch(text, /hunter2/);
    const torn = reports(`${peer}spec:\n  password: "a\n    hunter2" x\n`).text;
    assert.match(torn, /:6:\d+: error YAML/);
    assert.doesNotMatch(torn, /hunter2/);
  });

  it("LOG-3: nor one below the key, nor one written where a Secret is to be named", () => {
    const peer = "apiVersion: metallb.io/v1beta2\nkind: BGPPeer\nmetadata: {name: a}\nspec:";
    const below = [
      "\n  myASN: 1\n  peerASN: 2\n  peerAddress: 192.0.2.1\n  password:\n    31337\n",
      "\n  password:\n    31337: x\n",
      " {peerASN: 2, peerAddress: 192.0.2.1, password:\n  '31337', myASN: x}\n",
      "\n  passwordSecret: 31337\n",
    ];
    for (const spec of below) {
      const { text, json } = reports(peer + spec);
      assert.match(text, /CRD-13/);
      assert.doesNotMatch(text + JSON.stringify(json), /31337/);
    }
    const after = reports(`${peer}\n  password: a\n  myASN: x\n`).text;
    assert.match(after, / {2}6 \| {3}myASN: x\n/);
  });

  it("CFG-10: cuts a file with many findings into lines only once", () => {
    const text = `${head}spec:\n  addresses:\n${"  - 10.0.0.1\n".repeat(50)}`;
    let cuts = 0;
    const split = (separator: RegExp): string[] => {
      cuts += 1;
      return text.split(separator);
    };
    const report = lintDocuments([{ name: "a.yaml", text }], options);
    const watched = Object.assign(Object(text) as object, { split }) as unknown as string;
    const counted = { name: "a.yaml", text: watched };
    assert.match(reportText(report, [counted], plain), /50 errors/);
    assert.equal(cuts, 1);
  });

  it("CRD-1: characters that act on a terminal or turn the text are written out", () => {
    const { text } = reports(head.replace("lan", '"a\u202e\\e[31mb"') + "spec: {addresses: []}");
    assert.match(text, /IPAddressPool metallb-system\/a\\u\{202e\}/);
    assert.equal(/[^\n\P{C}]/u.test(text), false);
  });
});
