/** CIDR text, ranges as prefixes, and hardware addresses. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { parseAddress, type IpAddress } from "./address.ts";
import { formatMac, parseMac } from "./mac-address.ts";
import {
  comparePrefixes,
  formatPrefix,
  parsePrefix,
  prefixContains,
  prefixLast,
  prefixSize,
  type Prefix,
} from "./prefix.ts";
import { parseRange, rangeToPrefixes } from "./range.ts";

function address(text: string): IpAddress {
  const value = parseAddress(text);
  assert.ok(value, text);
  return value;
}

function prefix(text: string): Prefix {
  const value = parsePrefix(text);
  assert.ok(value, text);
  return value;
}

describe("prefixes", () => {
  it("IPAM-1: masks host bits off", () => {
    assert.equal(formatPrefix(prefix("203.0.113.77/26")), "203.0.113.64/26");
    assert.equal(formatPrefix(prefix("2001:db8::ffff/64")), "2001:db8::/64");
    assert.equal(formatPrefix(prefix("198.18.1.9/0")), "0.0.0.0/0");
  });

  const refused = [
    "198.18.1.1|198.18.1.0/33|2001:db8::/129|198.18.1.0/|/24|198.18.1.0/-1| 198.18.1.0/24",
    "198.18.1.0/24 |198.18.1.0/2 4|198.18.1.0/24/24|1.2.3.0/+8|::ffff:1.2.3.4/95",
  ];
  for (const text of refused.join("|").split("|")) {
    it(`IPAM-1: refuses ${JSON.stringify(text)}`, () => assert.equal(parsePrefix(text), undefined));
  }

  it("IPAM-4: a mapped prefix counts as IPv4", () => {
    assert.equal(formatPrefix(prefix("::ffff:192.0.2.9/120")), "192.0.2.0/24");
  });

  it("contain their first and last address and no neighbour", () => {
    const lan = prefix("192.0.2.64/26");
    assert.equal(prefixSize(lan), 64n);
    assert.equal(prefixLast(lan), address("192.0.2.127").value);
    const contains = (text: string) => prefixContains(lan, address(text));
    assert.deepEqual(["192.0.2.64", "192.0.2.127"].map(contains), [true, true]);
    assert.deepEqual(["192.0.2.63", "192.0.2.128", "::c000:240"].map(contains), [
      false,
      false,
      false,
    ]);
    assert.equal(prefixContains(prefix("::/0"), address("ffff::")), true);
  });

  it("sort by family, address, then the wider first", () => {
    const texts = ["10.0.0.0/8", "10.0.0.0/16", "10.1.0.0/16", "::/0", "2001:db8::/32"];
    const shuffled = [4, 2, 0, 3, 1].map((index) => prefix(texts[index] as string));
    assert.deepEqual(shuffled.sort(comparePrefixes).map(formatPrefix), texts);
  });
});

describe("ranges", () => {
  it("IPAM-2: split at the first dash, blanks around the ends ignored", () => {
    const expected = { first: address("192.0.2.3"), last: address("192.0.2.20") };
    assert.deepEqual(parseRange("192.0.2.3-192.0.2.20"), expected);
    assert.deepEqual(parseRange("  192.0.2.3 \t-  192.0.2.20 "), expected);
    assert.deepEqual(parseRange("192.0.2.3\u00a0-\u0085192.0.2.20\u3000"), expected);
    assert.equal(parseRange("192.0.2.3\ufeff-192.0.2.20"), undefined);
  });

  for (const text of ["192.0.2.3", "192.0.2.0/24-192.0.2.9", "-192.0.2.9", "192.0.2.9-", "a-b"]) {
    it(`IPAM-2: refuses ${JSON.stringify(text)}`, () => assert.equal(parseRange(text), undefined));
  }

  for (const [first, last, expected] of [
    [
      "192.0.2.3",
      "192.0.2.20",
      "192.0.2.3/32 192.0.2.4/30 192.0.2.8/29 192.0.2.16/30 192.0.2.20/32",
    ],
    ["198.18.1.9", "198.18.1.12", "198.18.1.9/32 198.18.1.10/31 198.18.1.12/32"],
    ["0.0.0.0", "255.255.255.255", "0.0.0.0/0"],
    ["::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"],
    ["192.0.2.9", "192.0.2.9", "192.0.2.9/32"],
    ["192.0.2.9", "192.0.2.8", ""],
    ["192.0.2.9", "2001:db8::1", ""],
  ] as const) {
    it(`IPAM-3: ${first}-${last} is ${expected || "nothing"}`, () => {
      const prefixes = rangeToPrefixes(address(first), address(last));
      assert.equal(prefixes.map(formatPrefix).join(" "), expected);
    });
  }

  it("IPAM-3: any range is covered exactly, ascending, and no two neighbours could merge", () => {
    const ends = fc.tuple(fc.constantFrom(4 as const, 6 as const), fc.nat(5000), fc.nat(5000));
    fc.assert(
      fc.property(ends, fc.nat(), ([family, a, b], base) => {
        const first = { family, value: BigInt(base) + BigInt(Math.min(a, b)) };
        const last = { family, value: BigInt(base) + BigInt(Math.max(a, b)) };
        const prefixes = rangeToPrefixes(first, last);
        let next = first.value;
        for (const [index, part] of prefixes.entries()) {
          assert.equal(part.first, next);
          assert.equal(part.first % prefixSize(part), 0n);
          next = prefixLast(part) + 1n;
          const before = prefixes[index - 1];
          const wouldMerge =
            before?.bits === part.bits && before.first % (2n * prefixSize(part)) === 0n;
          assert.equal(wouldMerge, false);
        }
        assert.equal(next, last.value + 1n);
      }),
    );
  });
});

describe("hardware addresses", () => {
  it("are read in any case and written in lower case", () => {
    const bytes = parseMac("02:42:AC:11:00:0f");
    assert.ok(bytes);
    assert.deepEqual([...bytes], [2, 0x42, 0xac, 0x11, 0, 15]);
    assert.equal(formatMac(bytes), "02:42:ac:11:00:0f");
  });

  for (const text of [
    "",
    "02:42:ac:11:00",
    "02-42-ac-11-00-0f",
    "2:42:ac:11:0:f",
    "02:42:ac:11:00:0g",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseMac(text), undefined));
  }
});
