/** `metallb lint` as users call it: words, exit status, what goes where. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { runLint } from "./lint.ts";

const folder = mkdtempSync(join(tmpdir(), "metallb-lint-"));
after(() => rmSync(folder, { recursive: true }));

const pool = (address: string) =>
  `apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {name: lan}\nspec: {addresses: [${address}]}\n`;

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

async function lint(...argv: string[]) {
  const said = { out: "", err: "" };
  const output = {
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
    hasColours: argv.includes("--mode"),
  };
  return { status: await runLint(argv, {}, output), ...said };
}

describe("metallb lint", () => {
  it("CFG-10: exits 0 for clean files, 1 for errors", async () => {
    const good = file("good.yaml", pool("10.0.0.0/24"));
    const bad = file("bad.yaml", pool("10.0.0.1"));
    assert.deepEqual(await lint(good), {
      status: 0,
      out: "0 errors, 0 warnings in 1 file\n",
      err: "",
    });
    const { status, out } = await lint(bad);
    assert.equal(status, 1);
    assert.match(out, /bad\.yaml:4:20: error CFG-10: /);
    assert.match(out, /1 error, 0 warnings in 1 file\n$/);
  });

  it("CFG-10: whoever reads may stop early, as head does", async () => {
    const addresses = Array.from({ length: 2000 }, () => "10.0.0.1").join();
    const path = file("long.yaml", pool(addresses));
    const main = join(import.meta.dirname, "main.ts");
    const child = spawn(process.execPath, [main, "lint", path], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    await once(child.stdout, "data");
    child.stdout.destroy();
    const [status] = (await once(child, "close")) as [number];
    assert.deepEqual([status, said], [1, ""]);
  });

  it("CFG-10: a folder may be named like a file", async () => {
    file("odd/sub.yaml/a.yaml", pool("10.0.0.1"));
    const { status, out } = await lint(join(folder, "odd"));
    assert.equal(status, 1);
    assert.match(out, /sub\.yaml\/a\.yaml:4:20: error CFG-10/);
  });

  it("CFG-10: reads UTF-16 as shells write it, and refuses what is no text", async () => {
    const text = Buffer.from(`\ufeff${pool("10.0.0.1")}`, "utf16le");
    for (const bytes of [text, Buffer.from(text).swap16()]) {
      const { status, out } = await lint(file("wide.yaml", bytes));
      assert.equal(status, 1);
      assert.match(out, /:4:20: error CFG-10/);
    }
    const { status, err } = await lint(file("binary.yaml", Buffer.from([0x61, 0xff, 0x80])));
    assert.equal(status, 2);
    assert.match(err, /^metallb lint: cannot read .*binary\.yaml: it is not text in UTF-8\n$/);
  });

  it("CFG-13: reads folders with all below, and only manifests", async () => {
    file("tree/a.yaml", pool("10.0.0.0/24"));
    file("tree/deep/b.yml", pool("10.0.1.0/24"));
    file("tree/deep/c.json", "{}");
    file("tree/notes.txt", ": [");
    const { status, out } = await lint("-o", "json", join(folder, "tree"));
    const report = JSON.parse(out) as { valid: boolean; findings: { code: string }[] };
    assert.equal(status, 1);
    assert.deepEqual(
      report.findings.map(({ code }) => code),
      ["YAML", "CFG-13"],
    );
  });

  it("CFG-10: writes SARIF", async () => {
    const { out } = await lint("--output=sarif", file("s.yaml", pool("10.0.0.1")));
    assert.equal((JSON.parse(out) as { version: string }).version, "2.1.0");
  });

  it("exits 2 for what cannot be read and for flags that mean nothing", async () => {
    for (const argv of [
      [join(folder, "absent.yaml")],
      [],
      ["--mode", "quagga", folder],
      ["-o", "xml", folder],
      ["--legacy-version", "0.8.0", folder],
      ["--what", folder],
    ]) {
      const { status, out, err } = await lint(...argv);
      assert.deepEqual([status, out], [2, ""], argv.join(" "));
      assert.match(err, /^metallb lint: /);
    }
  });

  it("CFG-27, LC-4: knows modes, namespaces and legacy versions", async () => {
    const late =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config, namespace: edge}\ndata: {config: 'bfd-profiles: []'}\n";
    const map = file("late.yaml", late);
    const flags = ["--namespace", "edge", "--legacy-version", "0.9.5"];
    assert.equal((await lint(map, "-n", "edge")).status, 0);
    assert.equal((await lint(map, ...flags)).status, 1);
    const profile = file(
      "bfd.yaml",
      "apiVersion: metallb.io/v1beta1\nkind: BFDProfile\nmetadata: {name: a}\n",
    );
    assert.equal((await lint(profile)).status, 1);
    assert.equal((await lint(profile, "--mode", "frr")).status, 0);
  });

  it("has colours on a terminal only", async () => {
    const bad = file("colour.yaml", pool("10.0.0.1"));
    assert.equal((await lint(bad)).out.includes("\u001b"), false);
    assert.equal((await lint(bad, "--mode", "native")).out.includes("\u001b[31m"), true);
  });

  it("tells its flags", async () => {
    const { status, out } = await lint("-h");
    assert.equal(status, 0);
    assert.match(out, /--legacy-version/);
  });
});
