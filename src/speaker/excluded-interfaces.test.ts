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

  it("L2-85: what RE2 and JavaScript read differently is read as RE2 does", () => {
    for (const [pattern, excluded, kept] of [
      ["^eth[[:digit:]]+$", "eth12", "ethd"],
      ["^[[:^alpha:]_]x", "1x", "ax"],
      ["^[^[:space:][:digit:]]+$", "lan", "lan0"],
      ["^[]-]a$", "]a", "[a"],
      ["\\Qveth.0\\E$", "veth.0", "veth00"],
      ["^x\\Q[", "x[", "x]"],
      ["^en(?i)P3|^WL", "wl0", "wn0"],
      ["^en(?i)P3|^WL", "enp3", "EnP3"],
      ["^(en(?i)P|x)0$", "enp0", "ENp0"],
      ["(?i-s:^ETH).", "eth0", "xeth0"],
      ["(?U)^a+$", "aa", "ab"],
      ["^\\pL\\p{Nd}\\P{L}$", "a1_", "a1b"],
      ["^\\p{^L}\\p{Greek}$", "1\u03b1", "1a"],
      ["^\\x{65}\\x74h\\.1$", "eth.1", "ethx1"],
      ["^a{,2}$", "a{,2}", "aa"],
      ["^a{1,2}$", "aa", "aaa"],
      ["^br-[0-9a-f]{12}$", "br-0123456789ab", "br-0"],
      ["^a\\_\\-\\/b/c$", "a_-/b/c", "a_"],
      ["^\\\\Ab$", "\\Ab", "b"],
      ["^[\\d\\-.]+\\z", "1-.", "1-.a"],
      ["(^|x)eth}?]?$", "eth", "yeth"],
    ] as const) {
      const exclusion = parseExcludedInterfaces(fileWith([pattern, "^never$"]));
      assert.ok(exclusion?.test(excluded), `${pattern} excludes ${excluded} (${exclusion})`);
      assert.ok(!exclusion?.test(kept), `${pattern} keeps ${kept} (${exclusion})`);
    }
  });

  it("L2-85: what RE2 does not know stops the speaker, though JavaScript would read something into it", () => {
    for (const pattern of [
      "eth(?=0)",
      "(?<!x)eth",
      "(?<=x)eth",
      "(?!x)eth",
      "(?>eth)",
      "(eth)\\1",
      "eth\\h",
      "eth\\",
      "[[:eth:]]",
      "[eth",
      "eth)",
      "(eth",
      "eth**",
      "eth++",
      "*",
      "[z-a]",
      "[\\b]",
      "(?x)eth",
    ]) {
      assert.throws(
        () => parseExcludedInterfaces(fileWith([pattern])),
        /is no regular expression/,
        pattern,
      );
    }
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
