import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readInputFiles } from "./input-files.ts";

const folder = mkdtempSync(join(tmpdir(), "metallb-input-"));
after(() => rmSync(folder, { recursive: true }));

describe("readInputFiles", () => {
  it("reads manifests below a folder in order, and a file whatever its name", () => {
    mkdirSync(join(folder, "b"));
    for (const name of ["b/two.yml", "a.yaml", "b/three.json", "notes.txt"]) {
      writeFileSync(join(folder, name), name);
    }
    const read = readInputFiles([folder, join(folder, "notes.txt")]);
    const texts = read.ok ? read.files.map(({ text }) => text) : read.problem;
    assert.deepEqual(texts, ["a.yaml", "b/three.json", "b/two.yml", "notes.txt"]);
  });

  it("names the path and the mend when there is nothing to read", () => {
    const absent = readInputFiles([join(folder, "absent")]);
    assert.match(
      absent.ok ? "" : absent.problem,
      /absent cannot be read \(ENOENT\): check the path/,
    );
    mkdirSync(join(folder, "empty"));
    const empty = readInputFiles([join(folder, "empty")]);
    assert.match(empty.ok ? "" : empty.problem, /empty has no .yaml, .yml or .json file: name the/);
  });
});
