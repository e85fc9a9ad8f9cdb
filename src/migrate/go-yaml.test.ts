/** Where YAML of Go programs has quotes, and in which order its keys stand. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { goYaml } from "./go-yaml.ts";

describe("YAML as Go programs write it", () => {
  for (const [value, text] of [
    ["plain text", "plain text"],
    ["::1", "::1"],
    ["65535:65281", "65535:65281"],
    ["1:2", '"1:2"'],
    ["190:20:30", '"190:20:30"'],
    ["0x1f", '"0x1f"'],
    ["012", '"012"'],
    ["09", '"09"'],
    ["1_0", '"1_0"'],
    ["1e3", '"1e3"'],
    ["-.5", '"-.5"'],
    ["2026-1-2", '"2026-1-2"'],
    ["y", '"y"'],
    ["Off", '"Off"'],
    ["~", '"~"'],
    ["", '""'],
    ["a: b", "'a: b'"],
    ["a:b", "a:b"],
    ["a #b", "'a #b'"],
    ["- a", "'- a'"],
    ["-a", "-a"],
    ["it's", "it's"],
    ["'it", "'''it'"],
    [" a", "' a'"],
    ["a\tb", '"a\\tb"'],
    ["\u{1f600}", '"\\U0001F600"'],
    ["a\nb", "|-\n  a\n  b"],
    ["a\nb\n", "|\n  a\n  b"],
    ["a \nb", '"a \\nb"'],
  ] as const) {
    it(`MIG-4: the text ${JSON.stringify(value)} is written as ${JSON.stringify(text)}`, () => {
      assert.equal(goYaml({ key: value }), `key: ${text}\n`);
    });
  }

  // Behind `key: ` they end in column 78, 80 and 81.
  const [x73, x75, x76] = [73, 75, 76].map((length) => "x".repeat(length));
  for (const [text, written] of [
    [`${x76} y z`, `${x76}\n  y z`],
    [`${x75} y z`, `${x75} y\n  z`],
    [`${x75} # y`, `'${x75}\n  # y'`],
    [`${x76}  y z`, `${x76}  y\n  z`],
    [`\t${x73}  y`, `"\\t${x73}\n  \\ y"`],
    [`${x76}y`, `${x76}y`],
  ] as const) {
    it(`MIG-4: ${JSON.stringify(text)} is broken at the first fit blank behind column 80`, () => {
      assert.equal(goYaml({ key: text }), `key: ${written}\n`);
    });
  }

  it("MIG-4: the column of long text counts lists, keys and indentation", () => {
    const value = { a: [{ b: [`${"x".repeat(76)} y`, `${"x".repeat(77)} y`] }] };
    const lines = [`${"x".repeat(76)} y`, `${"x".repeat(77)}\n    y`];
    assert.equal(goYaml(value), `a:\n- b:\n${lines.map((line) => `  - ${line}\n`).join("")}`);
  });

  it("MIG-4: keys are sorted, numbers in them by value, letters after other characters", () => {
    const keys = ["b", "a10", "a9", "a-1", "B", "a", "ab", "a010", "a10b"];
    const lines = goYaml(Object.fromEntries(keys.map((key) => [key, true])));
    const order = ["B", "a", "a-1", "a9", "a10", "a10b", "a010", "ab", "b"];
    assert.equal(lines, order.map((key) => `${key}: true\n`).join(""));
  });

  it("MIG-4: lists stand below their key, empty ones on its line", () => {
    const value = { list: [{ a: [1], b: {} }, [], "x"], none: [] };
    assert.equal(goYaml(value), "list:\n- a:\n  - 1\n  b: {}\n- []\n- x\nnone: []\n");
  });
});
