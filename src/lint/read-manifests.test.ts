/** How files become objects, as kubectl reads them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readManifests } from "./read-manifests.ts";

const read = (text: string) => readManifests([{ name: "f", text }]);
/** What is said first, if anything. */
const problem = (text: string): string => read(text).findings[0]?.message ?? "";
const head = "apiVersion: v1\nkind: Service\n";

describe("manifests", () => {
  it("are read from several documents, empty ones and comments between them", () => {
    const text = `# Source: a.yaml\n---\n${head}metadata: {name: a}\n---\n# nothing\n---\n---\n${head}metadata: {name: b}\n`;
    const { manifests, findings } = read(text);
    assert.deepEqual(findings, []);
    const names = manifests.map(({ object }) => (object["metadata"] as { name: string }).name);
    assert.deepEqual(names, ["a", "b"]);
    assert.deepEqual(manifests[1]?.positionOf("metadata.name"), { line: 12, column: 18 });
  });

  it("are the items of lists, in YAML and JSON", () => {
    const item = { apiVersion: "v1", kind: "Service", metadata: { name: "a" } };
    const text = JSON.stringify(
      { apiVersion: "v1", kind: "ServiceList", items: [item, item] },
      null,
      "\t",
    );
    const { manifests } = read(text);
    assert.equal(manifests.length, 2);
    assert.deepEqual(manifests[1]?.positionOf("kind"), { line: 14, column: 12 });
    assert.deepEqual(read(`apiVersion: v1\nkind: List\nitems: []\n`).manifests, []);
  });

  it("have the values of YAML 1.1 as Kubernetes reads it", () => {
    const text = `${head}a: [yes, off, 0x10, 010, 65000:8, 2026-01-02, 1_000, ~, '5', 1e3, 9223372036854775807]`;
    const values = [true, false, 16, 8, "65000:8", "2026-01-02", 1000, null, "5", 1000];
    assert.deepEqual(read(text).manifests[0]?.object["a"], [...values, 9223372036854775807n]);
  });

  it("have aliases and merge keys replaced", () => {
    const text = `${head}a: &a {x: 1, z: 2}\nb: {<<: *a, z: 3}\nc: *a\n`;
    const { object } = read(text).manifests[0] ?? {};
    assert.deepEqual(
      [object?.["b"], object?.["c"]],
      [
        { z: 3, x: 1 },
        { x: 1, z: 2 },
      ],
    );
  });

  it("have positions of keys with dots, of aliases and of what is missing", () => {
    const text = `${head}metadata:\n  labels:\n    example.com/a.b: x\n    example.com/a:\n      b: y\n`;
    const [one] = read(text).manifests;
    assert.deepEqual(one?.positionOf("metadata.labels.example.com/a.b"), { line: 5, column: 22 });
    assert.deepEqual(one?.positionOf("metadata.labels.ghost[3].x"), { line: 5, column: 5 });
    assert.deepEqual(one?.positionOf("spec"), { line: 1, column: 1 });
  });

  it("that are torn are told at the place, the rest of the file is left out", () => {
    const { manifests, findings } = read(`${head}---\na: [\n---\n${head}`);
    assert.deepEqual(manifests, []);
    assert.deepEqual([findings[0]?.code, findings.length], ["YAML", 1]);
    assert.equal(read(`${head}kind: Pod\n`).findings[0]?.line, 3);
  });

  it("that hold a control character are refused, as the API server does", () => {
    const text = `${head}metadata: {name: a}\ndata: {a: "x\u0000y"}\n`;
    assert.match(problem(text), /not valid YAML: a control character/);
    assert.equal(read(text).findings[0]?.line, 4);
    assert.deepEqual(read(text.replace("\u0000", "\\0\t\u0085")).findings, []);
  });

  it("that are no objects are told of, and no error", () => {
    for (const text of ["a: 1", "- 1", "text", "kind: Service"]) {
      assert.deepEqual(
        read(text).findings.map(({ code, severity }) => [code, severity]),
        [["YAML", "warning"]],
      );
    }
  });

  it("CRD-1: that are plainly ours and lack a version, or are the inside of the ConfigMap, are told how", () => {
    const told = (text: string) => {
      const [only] = read(text).findings;
      return `${only?.severity}: ${only?.fix}`;
    };
    assert.equal(told("kind: BGPPeer\nspec: {}"), "error: add apiVersion: metallb.io/v1beta2");
    assert.match(told("address-pools: []"), /^warning: put it below `config: \|`/);
    assert.match(told("peers: []"), /^warning: put it below/);
  });

  it("that explode or stand too deep are refused, and soon", () => {
    const words = "0123456789".split("").map(() => "x");
    let text = `${head}a0: &a0 [${words.join()}]\n`;
    for (let level = 1; level < 9; level += 1) {
      text += `a${level}: &a${level} [${words.map(() => `*a${level - 1}`).join()}]\n`;
    }
    assert.match(problem(text), /aliases multiply/);
    let chain = `${head}b0: &b0 [x]\n`;
    for (let level = 1; level < 3000; level += 1)
      chain += `b${level}: &b${level} [*b${level - 1}]\n`;
    assert.match(problem(chain), /stand inside one another|multiply/);
    assert.deepEqual(read(`${head}c: ${"[".repeat(150)}${"]".repeat(150)}`).findings, []);
    const deep = problem(`${head}c: ${"[".repeat(250)}${"]".repeat(250)}`);
    assert.match(deep, /more than 200 values stand inside one another/);
    assert.equal(read(`${head}c: ${"[".repeat(9000)}`).findings[0]?.code, "YAML");
    assert.match(problem(`${head}d: &d [*d]`), /inside its own anchor/);
    assert.match(problem(`${head}d: *hunter2`), /names no anchor/);
  });
});
