import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCommandLine } from "./command-line.ts";

const verb = {
  synopsis: "weigh PATH... [flags]",
  about: "Weighs.\nExit status: 0.",
  flags: {
    file: { type: "string", short: "f", multiple: true, value: "PATH", help: "what to weigh" },
    output: { type: "string", short: "o", choices: ["text", "json"], help: "form" },
    exact: { type: "boolean", help: "every gram" },
  },
} as const;

describe("parseCommandLine", () => {
  it("takes flags before, between and after words", () => {
    const parsed = parseCommandLine(verb, ["a", "-f", "x", "--file=y", "b", "-ojson"]);
    assert.deepEqual(parsed, {
      ok: true,
      values: { file: ["x", "y"], output: "json", exact: false },
      words: ["a", "b"],
    });
    const bare = parseCommandLine(verb, []);
    assert.deepEqual(bare.ok && bare.values, { file: [], output: undefined, exact: false });
  });

  it("prints the usage on -h with status 0", () => {
    const parsed = parseCommandLine(verb, ["-h"]);
    assert.ok(!parsed.ok && parsed.exitCode === 0);
    assert.match(parsed.text, /^usage: metallb weigh PATH\.\.\. \[flags\]\n\nWeighs\.\nExit/);
    assert.match(parsed.text, /\n {2}-f, --file PATH {9}what to weigh\n/);
    assert.match(parsed.text, /\n {2}-o, --output text\|json {2}form\n/);
  });

  it("refuses an unknown flag, a missing value and a word that is no choice, with status 2", () => {
    for (const argv of [["--heavy"], ["-f"], ["-o", "xml"], ["--exact=yes"]]) {
      const parsed = parseCommandLine(verb, argv);
      assert.ok(!parsed.ok && parsed.exitCode === 2, argv.join(" "));
      assert.match(parsed.text, /^metallb weigh: .+\n\nusage: metallb weigh PATH/);
    }
    const parsed = parseCommandLine(verb, ["-o", "xml"]);
    assert.match(parsed.ok ? "" : parsed.text, /--output "xml": it must be one of text, json/);
  });
});
