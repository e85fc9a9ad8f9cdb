import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { makeSelfSigned, type KeyPair } from "./certificates.ts";
import { followKeyPair, readKeyPair } from "./key-pair-files.ts";

/** What followKeyPair told, to be awaited one by one. */
class Told {
  readonly #told: (KeyPair | string)[] = [];
  #wake: () => void = () => undefined;
  readonly onPair = (pair: KeyPair): void => this.#tell(pair);
  readonly onTrouble = (reason: string): void => this.#tell(reason);

  async trouble(): Promise<string> {
    const told = await this.next();
    assert.ok(typeof told === "string", "a pair was told");
    return told;
  }

  async next(): Promise<KeyPair | string> {
    while (this.#told.length === 0) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    return this.#told.shift() as KeyPair | string;
  }

  #tell(one: KeyPair | string): void {
    this.#told.push(one);
    this.#wake();
  }
}

describe("files of a key pair", { timeout: 60_000 }, () => {
  let scratch: string;
  let folder: string;
  let first: KeyPair;
  let second: KeyPair;
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), "metallb-key-pair-"));
    const wish = { commonName: "x", dnsNames: ["x"], days: 1 };
    first = await makeSelfSigned(wish);
    second = await makeSelfSigned(wish);
  });
  after(() => rmSync(scratch, { recursive: true }));
  beforeEach(() => {
    folder = mkdtempSync(join(scratch, "certs-"));
  });

  /** As the kubelet does: a new folder, and one symbolic link that leads to it. */
  const mount = (pair: KeyPair, version: string): void => {
    const data = join(folder, version);
    mkdirSync(data);
    writeFileSync(join(data, "tls.crt"), pair.cert);
    writeFileSync(join(data, "tls.key"), pair.key);
    symlinkSync(version, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    for (const name of ["tls.crt", "tls.key"]) {
      rmSync(join(folder, name), { force: true });
      symlinkSync(join("..data", name), join(folder, name));
    }
  };

  it("WH-10: waits for the files, and sees them replaced as the kubelet does", async () => {
    const told = new Told();
    const following = followKeyPair(folder, told);
    assert.match(await told.trouble(), /tls\.crt and tls\.key cannot be read \(ENOENT\)/);
    mount(first, "..1");
    assert.deepEqual(await told.next(), first);
    mount(second, "..2");
    assert.deepEqual(await told.next(), second);
    following.stop();
  });

  it("WH-10: a certificate without its key is no pair; the old one stays until there is another", async () => {
    writeFileSync(join(folder, "tls.crt"), first.cert);
    writeFileSync(join(folder, "tls.key"), first.key);
    const told = new Told();
    const following = followKeyPair(folder, told);
    assert.deepEqual(await told.next(), first);
    writeFileSync(join(folder, "tls.crt"), second.cert);
    assert.match(await told.trouble(), /tls\.key is not the key of tls\.crt/);
    writeFileSync(join(folder, "tls.key"), second.key);
    assert.deepEqual(await told.next(), second);
    following.stop();
  });

  it("says what is wrong, with the folder, and never the key", () => {
    writeFileSync(join(folder, "tls.crt"), "garbage");
    writeFileSync(join(folder, "tls.key"), first.key);
    const result = readKeyPair(folder);
    assert.ok(!result.ok);
    assert.ok(result.error.includes(folder));
    assert.doesNotMatch(result.error, /PRIVATE/);
    const nowhere = readKeyPair(join(folder, "nowhere"));
    assert.ok(!nowhere.ok && /ENOENT/.test(nowhere.error));
  });
});
