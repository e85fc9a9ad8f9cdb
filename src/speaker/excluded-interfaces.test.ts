import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseExcludedInterfaces, readExcludedInterfaces } from "./excluded-interfaces.ts";

const shipped = ["^docker.*", "^lo$", "^cali.*", "^veth.*"];
const fileWith = (patterns: string[]): string =>
  `announcedInterfacesToExclude: ${JSON.stringify(patterns)}\n`;

describe("excluded interfaces", () => {
  it("INS-26 L2-85: the expressions of the file exclude together", () => {
    const exclusion = parseExcludedInterfaces(fileWith(shipped));
    for (const name of ["docker0", "lo", "cali123", "veth9"])
      assert.ok(exclusion?.test(name), name);
    for (const name of ["eth0", "lo1", "xdocker0"]) assert.ok(!exclusion?.test(name), name);
  });

  it("INS-26: a missing file, an empty one, an absent key and an empty list exclude nothing", () => {
    assert.equal(readExcludedInterfaces("/nonexistent/excludel2.yaml"), undefined);
    for (const text of ["", "{}", "other: [x]", fileWith([])]) {
      assert.equal(parseExcludedInterfaces(text), undefined, text);
    }
  });

  it("INS-26: expressions in RE2's words mean what they mean there", () => {
    const excludes = (pattern: string, name: string): boolean | undefined =>
      parseExcludedInterfaces(fileWith([pattern]))?.test(name);
    assert.ok(excludes("(?i)^ETH", "eth0"));
    assert.ok(excludes("^(?P<kind>eth)[0-9]+\\z", "eth0"));
    assert.ok(!excludes("\\Ath", "eth0"));
  });

  it("INS-26: what stops the speaker names the file, the entry, its value and the mend", () => {
    const folder = mkdtempSync(join(tmpdir(), "excludel2-"));
    try {
      const file = join(folder, "excludel2.yaml");
      for (const [text, wanted] of [
        [fileWith(["^lo$", "eth(0"]), /announcedInterfacesToExclude\[1\].*"eth\(0"/],
        ["announcedInterfacesToExclude: [5]", /\[0\]: it must be a text/],
        ["announcedInterfacesToExclude: eth0", /must be a list/],
        ["just words", /must hold the key announcedInterfacesToExclude/],
        ["a: [", /excludel2\.yaml/],
      ] as const) {
        writeFileSync(file, text);
        assert.throws(
          () => readExcludedInterfaces(file),
          (error: Error) => {
            assert.match(error.message, wanted);
            assert.match(error.message, /excludel2\.yaml: .*metallb-excludel2/s);
            return true;
          },
        );
      }
      assert.throws(() => readExcludedInterfaces(folder), /EISDIR/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
