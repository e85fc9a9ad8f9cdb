import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runSpeaker } from "./main.ts";
import { readMemberlistSecret } from "./memberlist-secret.ts";

const unset = { "ml-secret-key": "", "ml-secret-key-path": "", "ml-bindaddr": "192.0.2.7" };
const legacy = (text: string) => readMemberlistSecret({ ...unset, "ml-secret-key": text }, false);

describe("memberlist secret", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "memberlist-secret-"));
  });
  after(() => rmSync(folder, { recursive: true }));
  const modern = (text: string) => {
    writeFileSync(join(folder, "secretkey"), text);
    return readMemberlistSecret({ ...unset, "ml-secret-key-path": folder }, true);
  };

  it("ML-53: v0.9.5 gives its text in a variable, v0.16 in a mounted file, and each only its own", () => {
    const both = {
      ...unset,
      "ml-secret-key": "the text of the variable",
      "ml-secret-key-path": folder,
    };
    assert.equal(modern("the text of the file\n").secret, "the text of the file\n");
    assert.equal(readMemberlistSecret(both, true).secret, "the text of the file\n");
    assert.equal(readMemberlistSecret(both, false).secret, "the text of the variable");
  });

  it("ML-53, INS-16: an empty or missing one means no encryption, with a warning that tells the mend", () => {
    for (const { secret, weakness } of [
      legacy(""),
      modern(""),
      readMemberlistSecret(unset, true),
    ]) {
      assert.equal(secret, "");
      assert.match(weakness ?? "", /not encrypted.*openssl rand/);
    }
    assert.match(modern("").weakness ?? "", /\(METALLB_ML_SECRET_KEY_PATH\)/);
    assert.deepEqual(readMemberlistSecret({ ...unset, "ml-bindaddr": "" }, true), { secret: "" });
  });

  it("INS-15: one shorter than the key is called easy to guess, and not shown", () => {
    for (const { weakness = "" } of [legacy("hunter2"), modern("hunter2")]) {
      assert.match(weakness, /shorter than 16 bytes/);
      assert.ok(!weakness.includes("hunter2"));
    }
  });

  it("INS-18: any longer text is fine, line ends included", () => {
    for (const text of ["AAAAAAAAAAAAAAAAAAAAAA", "line one\nline two\nline three\n"]) {
      assert.deepEqual(legacy(text), { secret: text });
      assert.deepEqual(modern(text), { secret: text });
    }
  });

  it("ML-53: a file that cannot be read stops the speaker with status 1, and says which", async () => {
    const told: string[] = [];
    const nowhere = join(folder, "nowhere");
    const env = { METALLB_NODE_NAME: "n1", METALLB_ML_SECRET_KEY_PATH: nowhere };
    const write = (text: string): void => void told.push(text);
    assert.equal(await runSpeaker([], env, { out: write, err: write }), 1);
    assert.ok(told.some((line) => line.includes(join(nowhere, "secretkey"))));
    assert.ok(told.some((line) => line.includes("mount the memberlist secret there")));
  });
});
