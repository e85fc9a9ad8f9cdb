/** The document as a whole: strictness, order of evaluation, and what an error tells. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatPrefix } from "../ip/index.ts";
import type { Config } from "./config.ts";
import type { ConfigError } from "./config-error.ts";
import { findingText } from "./finding.ts";
import { compileConfigMap } from "./from-configmap.ts";

function compile(text: string): Config {
  const result = compileConfigMap(text);
  assert.ok(result.ok, result.ok ? "" : result.error.message);
  return result.config;
}

function refusal(text: string): ConfigError {
  const result = compileConfigMap(text);
  assert.ok(!result.ok, "accepted");
  return result.error;
}

const example = `
peers:
- {my-asn: 64600, peer-asn: 64700, peer-address: 192.0.2.1, node-selectors: [{match-labels: {rack: r1}}]}
bgp-communities: {blue: "65000:8"}
address-pools:
- {name: lan, protocol: layer2, addresses: [192.0.2.200-192.0.2.220]}
- name: wan
  protocol: bgp
  addresses: [198.51.100.0/24]
  bgp-advertisements: [{aggregation-length: 32, communities: [blue]}, {aggregation-length: 24}]
`;

const empty: Config = { generation: "legacy", pools: new Map(), peers: [] };

describe("a ConfigMap document", () => {
  for (const text of ["", "# only a comment\n", "---\n", "null", "{}"]) {
    it(`LC-1: ${JSON.stringify(text)} is an empty, valid configuration`, () => {
      assert.deepEqual(compile(text), empty);
    });
  }

  it("LC-1, TV-02: the three top-level keys may all be null", () => {
    const config = compile("peers:\nbgp-communities: ~\naddress-pools: null\n");
    assert.deepEqual(config, empty);
  });

  it("LC-2: the example of the specification loads", () => {
    const { pools, peers } = compile(example);
    assert.equal(peers[0]?.peerAsn, 64700);
    assert.deepEqual(pools.get("lan")?.prefixes.map(formatPrefix), [
      "192.0.2.200/29",
      "192.0.2.208/29",
      "192.0.2.216/30",
      "192.0.2.220/32",
    ]);
    const advertisements = pools.get("wan")?.bgpAdvertisements;
    assert.deepEqual(advertisements?.[0]?.communities, [65000 * 65536 + 8]);
    assert.equal(advertisements?.[1]?.aggregationLength, 24);
  });

  it("LC-2, TV-01: an unknown key at the top names itself, its line and the known keys", () => {
    const error = refusal("peers: []\nsurprise: 1\n");
    assert.equal(error.code, "unknown-key");
    assert.deepEqual([error.path, error.line, error.column], ["surprise", 2, 1]);
    assert.match(error.message, /unknown key "surprise".*: peers, bgp-communities, address-pools$/);
  });

  for (const [what, text, path] of [
    ["peer", "peers: [{my-asn: 1, asn: 2}]", "peers[0].asn"],
    ["pool", "address-pools: [{addressses: []}]", "address-pools[0].addressses"],
    ["selector", "peers: [{node-selectors: [{x: 1}]}]", "peers[0].node-selectors[0].x"],
    [
      "advertisement",
      "address-pools: [{}, {bgp-advertisements: [{local-pref: 1}]}]",
      "address-pools[1].bgp-advertisements[0].local-pref",
    ],
  ] as const) {
    it(`LC-2: an unknown key in a ${what} is refused`, () => {
      const error = refusal(text);
      assert.deepEqual([error.code, error.path], ["unknown-key", path]);
    });
  }

  for (const [text, path, line] of [
    ["peers: []\npeers: []\n", "peers", 2],
    ["address-pools:\n- name: a\n  protocol: bgp\n  name: b\n", "address-pools[0].name", 4],
    ["bgp-communities:\n  a: '1:2'\n  a: '1:2'\n", "bgp-communities.a", 3],
  ] as const) {
    it(`LC-2: the repeated key ${path} is refused`, () => {
      const error = refusal(text);
      assert.deepEqual([error.code, error.path, error.line], ["repeated-key", path, line]);
      assert.match(error.message, /given twice/);
    });
  }

  for (const [text, code, path] of [
    ["- 1", "wrong-type", ""],
    ["just text", "wrong-type", ""],
    ["peers: {}", "wrong-type", "peers"],
    ["peers: [text]", "wrong-type", "peers[0]"],
    ["peers: [{my-asn: abc}]", "wrong-type", "peers[0].my-asn"],
    ["peers: [{my-asn: '64600'}]", "wrong-type", "peers[0].my-asn"],
    ["peers: [{my-asn: 1.5}]", "wrong-type", "peers[0].my-asn"],
    ["peers: [{my-asn: _1}]", "wrong-type", "peers[0].my-asn"],
    ["peers: [{my-asn: !!str 1}]", "wrong-type", "peers[0].my-asn"],
    ["peers: !!int 3", "wrong-type", "peers"],
    ["peers: [{my-asn: 4.3e9}]", "wrong-size", "peers[0].my-asn"],
    ["peers: [{my-asn: -1}]", "wrong-size", "peers[0].my-asn"],
    ["peers: [{my-asn: 4294967296}]", "wrong-size", "peers[0].my-asn"],
    ["peers: [{peer-port: 65536}]", "wrong-size", "peers[0].peer-port"],
    ["peers: [{password: [a]}]", "wrong-type", "peers[0].password"],
    ["address-pools: [{addresses: 192.0.2.0/24}]", "wrong-type", "address-pools[0].addresses"],
    ["address-pools: [{auto-assign: maybe}]", "wrong-type", "address-pools[0].auto-assign"],
    ["address-pools: [{auto-assign: tRUE}]", "wrong-type", "address-pools[0].auto-assign"],
    ["address-pools: [{auto-assign: 'true'}]", "wrong-type", "address-pools[0].auto-assign"],
    ["bgp-communities: [a]", "wrong-type", "bgp-communities"],
    ["? [a]\n: 1", "wrong-type", ""],
  ] as const) {
    it(`LC-2: ${text} is refused as ${code}`, () => {
      const error = refusal(text);
      assert.deepEqual([error.code, error.path], [code, path]);
      assert.ok(error.line !== undefined && error.message.includes(error.fix));
    });
  }

  for (const text of ["peers: [", "a: b: c", "\tpeers: []", "peers: *nobody", "peers: &a [*a]"]) {
    it(`LC-2: ${JSON.stringify(text)} is no YAML document we read`, () => {
      const error = refusal(text);
      assert.equal(error.code, "yaml-syntax");
      assert.match(error.message, /line \d+, column \d+/);
    });
  }

  it("LC-2: spellings of YAML 1.1 are read as 0.9.5 reads them", () => {
    const pool = "name: 2024, protocol: layer2, addresses: [192.0.2.0/24]";
    const { pools } = compile(`address-pools: [{${pool}, auto-assign: no, avoid-buggy-ips: Yes}]`);
    assert.deepEqual(
      [pools.get("2024")?.autoAssign, pools.get("2024")?.avoidBuggyIps],
      [false, true],
    );
  });

  for (const [word, value] of [
    ["0x10", 16],
    ["010", 8],
    ["0o10", 8],
    ["0b11", 3],
    ["09", 9],
    ["+64_600", 64600],
    ["6.46e4", 64600],
    ["64600.0", 64600],
    ["!!int '64600'", 64600],
    ["4294967295", 4294967295],
  ] as const) {
    it(`LC-2: the whole number ${word} is ${value}, as 0.9.5 reads it`, () => {
      const { peers } = compile(`peers: [{my-asn: ${word}, peer-asn: 1, peer-address: '::1'}]`);
      assert.equal(peers[0]?.localAsn, value);
    });
  }

  for (const word of ["0123", "1e3", "yes", "2001-01-01", "'~'", "!!int 7", "!mine x"]) {
    it(`LC-2: as text, ${word} stays as it is written`, () => {
      const pool = `{name: ${word}, protocol: layer2, addresses: [192.0.2.0/24]}`;
      const [name] = compile(`address-pools: [${pool}]`).pools.keys();
      assert.equal(name, word.replaceAll("'", "").replace(/^!\S+ /, ""));
    });
  }

  it("LC-2: a null value, in any spelling, is an absent one", () => {
    for (const word of ["", "~", "null", "Null", "NULL", "!!null ''"]) {
      const pool = `{name: a, protocol: layer2, addresses: [192.0.2.0/24], auto-assign: ${word}}`;
      assert.equal(compile(`address-pools: [${pool}]`).pools.get("a")?.autoAssign, true);
    }
  });

  it("LC-2: CRLF, a byte order mark and JSON are read like any YAML", () => {
    for (const text of [example.replaceAll("\n", "\r\n"), `\ufeff${example}`]) {
      assert.deepEqual(compile(text), compile(example));
    }
    const json = JSON.stringify({ peers: [{ "my-asn": 1, "peer-asn": 2, "peer-address": "::1" }] });
    assert.equal(compile(json).peers.length, 1);
  });

  it("LC-2: a second document is not read, as in 0.9.5, and a warning says so", () => {
    const result = compileConfigMap(`${example}---\nsurprise: [\n`);
    assert.ok(result.ok);
    assert.deepEqual(result.config, compile(example));
    assert.match(
      result.warnings.map(findingText).join(),
      /second YAML document, and what follows it, is not read/,
    );
  });

  it("LC-2: merge keys bring in what the mapping does not say itself", () => {
    const base = "&b {my-asn: 1, peer-asn: 2, peer-address: 192.0.2.1}";
    const { peers } = compile(
      `peers: [${base}, {<<: *b, peer-asn: 3}, {peer-asn: 4, <<: [{peer-asn: 5, my-asn: 6}, *b]}]`,
    );
    const asns = peers.map(({ localAsn, peerAsn }) => [localAsn, peerAsn]);
    const expected = [
      [1, 2],
      [1, 3],
      [6, 4],
    ];
    assert.deepEqual(asns, expected);
    assert.equal(refusal(`peers: [${base}, {<<: {asn: 3}}]`).code, "unknown-key");
    assert.equal(refusal("peers: [{<<: 3}]").code, "wrong-type");
    assert.equal(refusal("peers: [{'<<': {my-asn: 1}}]").code, "unknown-key");
    assert.equal(refusal("peers: [&a {<<: *a}]").code, "yaml-syntax");
  });

  it("LOG-3: no error shows a password, however its quotes went wrong", () => {
    const secret = "hunter2";
    const peer = "peers: [{my-asn: 1, peer-asn: 2, peer-address: 192.0.2.1, password: ";
    const before = ["*", "&", "|", ">", "@", "%", '"', "'", "[", "{", "a,", "- ", '"\\', "]"];
    const after = ["", '"', "'", ": x", "\n x", "\nx", "[", "\\q", "}", "{"];
    let refused = 0;
    for (const start of before) {
      for (const end of after) {
        for (const text of [
          `${peer}${start}${secret}${end}}]`,
          `peers:\n- password: ${start}${secret}${end}`,
        ]) {
          const result = compileConfigMap(text);
          if (result.ok) continue;
          refused += 1;
          const { message, path } = result.error;
          assert.ok(!message.includes(secret) || path.endsWith(`.${secret}`), message);
        }
      }
    }
    assert.ok(refused > 100);
  });

  it("LC-2: an alias stands for the last anchor of its name before it", () => {
    const { pools } = compile(
      "address-pools:\n" +
        "- {name: a, protocol: &p layer2, addresses: &more [192.0.2.0/25]}\n" +
        "- {name: b, protocol: *p, addresses: [192.0.2.128/25]}\n" +
        "- {name: c, protocol: &p bgp, addresses: [198.51.100.0/25]}\n" +
        "- {name: d, protocol: *p, addresses: [198.51.100.128/25]}\n",
    );
    const protocols = [...pools.values()].map(({ protocol }) => protocol);
    assert.deepEqual(protocols, ["layer2", "layer2", "bgp", "bgp"]);
    assert.match(refusal("peers: *nobody").message, /line 1, column 8\): .* no anchor before it/);
    assert.equal(refusal("peers: [*x]\naddress-pools: &x []").code, "yaml-syntax");
  });

  it("LC-2: aliases that multiply are cut off, those that only repeat are not", () => {
    const pool = (index: number) =>
      `{name: p${index}, protocol: bgp, addresses: [10.0.${index}.0/24]`;
    const list = "&ads [{communities: ['1:2', '1:3']}, {localpref: 1}, {localpref: 2}]";
    const rest = Array.from(
      { length: 100 },
      (_, index) => `${pool(index + 1)}, bgp-advertisements: *ads}`,
    );
    const first = `${pool(0)}, bgp-advertisements: ${list}}`;
    assert.equal(compile(`address-pools: [${first}, ${rest.join()}]`).pools.size, 101);

    const words = `&words [${Array(100).fill("a").join()}]`;
    const advertisements = `&ads [{communities: ${words}}${", {communities: *words}".repeat(200)}]`;
    const pools = `{bgp-advertisements: ${advertisements}}${", {bgp-advertisements: *ads}".repeat(200)}`;
    assert.match(
      refusal(`address-pools: [${pools}]`).message,
      /aliases multiply this document beyond measure/,
    );
  });

  it("LC-3: the shape of the whole document comes before any meaning", () => {
    const error = refusal("peers: [{my-asn: 0}]\naddress-pools: [{nome: x}]\n");
    assert.equal(error.code, "unknown-key");
  });

  it("LC-3: peers come before aliases, and aliases before pools", () => {
    const peers = "peers: [{my-asn: 1, peer-asn: 0}]";
    const aliases = "bgp-communities: {a: bad}";
    const pools = "address-pools: [{name: ''}]";
    assert.equal(refusal([pools, aliases, peers].join("\n")).code, "missing-peer-asn");
    assert.equal(refusal([pools, aliases].join("\n")).code, "bad-community");
    assert.equal(refusal(pools).code, "missing-name");
  });

  it("LC-3: errors count elements from 1, and give line and column", () => {
    const good = "- my-asn: 1\n  peer-asn: 2\n  peer-address: 192.0.2.1\n";
    const error = refusal(`peers:\n${good}- my-asn: 1\n  peer-asn: 2\n  peer-address: router1\n`);
    assert.match(error.message, /^parsing peer #2: peers\[1\]\.peer-address \(line 7, column 17\)/);
    assert.match(error.message, /"router1" is not an IP address; write an IPv4 or IPv6 address/);
    const pool = refusal("address-pools: [{name: a}]");
    assert.match(pool.message, /^parsing address pool #1: /);
  });

  it("LC-3: one bad element rejects everything", () => {
    assert.equal(compileConfigMap(`${example}- {name: bad}\n`).ok, false);
  });

  it("LC-2, LC-3: any text is either compiled or refused with a place and a mend", () => {
    const cut = fc.record({
      from: fc.nat(example.length),
      length: fc.nat(12),
      insert: fc.oneof(
        fc.string({ maxLength: 6 }),
        fc.constantFrom("null", "*a", "&a ", "- ", "[", "\n"),
      ),
    });
    const damaged = fc
      .array(cut, { minLength: 1, maxLength: 3 })
      .map((cuts) =>
        cuts.reduce(
          (text, { from, length, insert }) =>
            text.slice(0, from) + insert + text.slice(from + length),
          example,
        ),
      );
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string()), (text) => {
        const result = compileConfigMap(text);
        if (result.ok) return;
        assert.ok(result.error.line !== undefined && result.error.fix !== "");
        assert.ok(result.error.message.includes(result.error.fix));
      }),
      { numRuns: 300 },
    );
  });

  it("LC-2: nesting beyond all measure is refused, not fatal", () => {
    for (const text of ["[".repeat(2000), "- ".repeat(2000), `a: ${"{a: ".repeat(2000)}`]) {
      assert.equal(compileConfigMap(text).ok, false);
    }
  });

  it("LC-4: keys of later releases are unknown to 0.9.5, and read in late mode", () => {
    const peer = "my-asn: 1, peer-asn: 2, peer-address: 192.0.2.1";
    const late = [
      "source-address: 192.0.2.9",
      "keepalive-time: 10s",
      "bfd-profile: fast",
      "ebgp-multihop: true",
    ];
    for (const key of late) {
      const error = refusal(`peers: [{${peer}, ${key}}]`);
      assert.equal(error.code, "late-key");
      assert.match(error.message, /releases after 0\.9\.5/);
    }
    assert.equal(refusal("bfd-profiles: []").code, "late-key");

    const profiles = "bfd-profiles: [{name: fast, receive-interval: 50, echo-mode: true}]";
    const text = `peers: [{${peer}, ${late.join(", ")}}]\n${profiles}\n`;
    const result = compileConfigMap(text, { generation: "late" });
    assert.ok(result.ok);
    const compiled = result.config.peers[0];
    assert.deepEqual(compiled?.sourceAddress, { family: 4, value: 0xc0000209n });
    assert.equal(compiled.keepaliveTimeSeconds, 10);
    assert.deepEqual([compiled.bfdProfile, compiled.ebgpMultiHop], ["fast", true]);
    const fast = { name: "fast", receiveIntervalMs: 50, echoMode: true, passiveMode: false };
    assert.deepEqual(result.config.bfdProfiles?.get("fast"), fast);
  });

  it("LC-4: late mode refuses a profile that does not exist, is named twice, or is out of range", () => {
    const late = (text: string) => {
      const result = compileConfigMap(text, { generation: "late" });
      return result.ok ? undefined : result.error.code;
    };
    const peer = "{my-asn: 1, peer-asn: 2, peer-address: 192.0.2.1, bfd-profile: slow}";
    assert.equal(late(`peers: [${peer}]`), "unknown-bfd-profile");
    assert.equal(late("bfd-profiles: [{name: a}, {name: a}]"), "bad-bfd-profile");
    assert.equal(late("bfd-profiles: [{}]"), "bad-bfd-profile");
    assert.equal(late("bfd-profiles: [{name: a, detect-multiplier: 1}]"), "wrong-size");
  });
});
