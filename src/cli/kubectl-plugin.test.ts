import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, describe, it } from "node:test";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "metallb-plugin-"));
after(() => rmSync(folder, { recursive: true }));

function kubectl(binFolder: string, ...argv: string[]) {
  const PATH = [binFolder, process.env["PATH"]].join(delimiter);
  return spawnSync("kubectl", ["metallb", ...argv], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, PATH },
  });
}

describe("bin/kubectl-metallb", () => {
  it("is found by kubectl and passes on arguments and the exit status", () => {
    const bin = join(root, "bin");
    const paths = ["docs/examples/smaller-pools.yaml", "--against", "docs/examples/shop.yaml"];
    const { status, stdout, stderr } = kubectl(bin, "plan", "-f", ...paths);
    assert.deepEqual([status, stderr], [3, ""]);
    assert.match(stdout, /^- shop\/web: changes its address from 192\.0\.2\.200 to/m);
  });

  it("works by a symbolic link from another folder", () => {
    symlinkSync(join(root, "bin/kubectl-metallb"), join(folder, "kubectl-metallb"));
    const { status, stdout } = kubectl(folder, "--version");
    assert.equal(status, 0);
    assert.match(stdout, /^metallb-ts \d/);
  });
});
