/** Address text: what is read, what is refused, and the one spelling that is written. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  addressBytes,
  addressFromBytes,
  compareAddresses,
  formatAddress,
  parseAddress,
  type IpAddress,
} from "./address.ts";

const anyAddress: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value) => ({ family: 4 as const, value })),
  fc
    .bigInt({ min: 0n, max: 2n ** 128n - 1n })
    .filter((value) => value >> 32n !== 0xffffn)
    .map((value) => ({ family: 6 as const, value })),
);
/** Groups that are often zero, so that runs of zeros appear. */
const sparseGroups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), {
  minLength: 8,
  maxLength: 8,
});

function canonical(text: string): string | undefined {
  const address = parseAddress(text);
  return address && formatAddress(address);
}

describe("address text", () => {
  it("reads dotted quads as numbers", () => {
    assert.deepEqual(parseAddress("192.0.2.1"), { family: 4, value: 0xc0000201n });
    assert.deepEqual(parseAddress("255.255.255.255"), { family: 4, value: 0xffffffffn });
  });

  const refused = [
    "| |1.2.3|1.2.3.4.5|1.2.3.|1.2.3.256|1.2.3.04|01.2.3.4|00.0.0.0|1.2.3.4 | 1.2.3.4|1.2.3.-4",
    "0x1.2.3.4|1e1.2.3.4|1.2.3.4/32|host.example|:|:::|1::2::3|1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8|12345::|fe80::1%eth0|[::1]|::g|1.2.3.4::|::1.2.3.4:5|::ffff:1.2.3.04|:1::2",
    "1:|1:2:3:4:5:6:7:1.2.3.4|::-1|1:2:3:4:5:6:7:8::",
  ];
  for (const text of refused.join("|").split("|")) {
    it(`IPAM-4: refuses ${JSON.stringify(text)}`, () => {
      assert.equal(parseAddress(text), undefined);
    });
  }

  it("IPAM-4: the IPv4-mapped form counts as IPv4", () => {
    const quad = parseAddress("192.0.2.7");
    assert.deepEqual(parseAddress("::ffff:192.0.2.7"), quad);
    assert.deepEqual(parseAddress("::FFFF:c000:207"), quad);
    assert.deepEqual(parseAddress("0:0:0:0:0:ffff:192.0.2.7"), quad);
    assert.equal(parseAddress("::192.0.2.7")?.family, 6);
  });

  for (const [text, expected] of [
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:0db8:0000:0001::", "2001:db8:0:1::"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:0:0:2:3:4:5:6", "1::2:3:4:5:6"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["198.51.100.0", "198.51.100.0"],
  ] as const) {
    it(`L2-42: writes ${text} as ${expected}`, () => assert.equal(canonical(text), expected));
  }

  it("L2-42: a mapped number in family 6 is written as a dotted quad", () => {
    assert.equal(formatAddress({ family: 6, value: 0xffffc0000201n }), "192.0.2.1");
  });

  it("L2-42: written text reads back as the same address, and is already canonical", () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        const text = formatAddress(address);
        assert.deepEqual(parseAddress(text), address);
        assert.equal(canonical(text), text);
      }),
    );
  });

  it("L2-42: agrees with the platform's URL parser on every IPv6 text", () => {
    fc.assert(
      fc.property(sparseGroups, (groups) => {
        const long = groups.map((group) => group.toString(16).padStart(4, "0")).join(":");
        const address = parseAddress(long);
        assert.ok(address);
        if (address.family === 6) {
          assert.equal(`[${formatAddress(address)}]`, new URL(`http://[${long}]/`).hostname);
        }
      }),
    );
  });
});

describe("address values", () => {
  it("sort by family and then by number", () => {
    const sorted = ["9.0.0.0", "10.0.0.0", "::1", "ffff::"].map((text) => parseAddress(text));
    const shuffled = [3, 1, 0, 2].map((index) => sorted[index] as IpAddress);
    assert.deepEqual(shuffled.sort(compareAddresses), sorted);
    assert.equal(compareAddresses({ family: 4, value: 1n }, { family: 4, value: 1n }), 0);
  });

  it("travel through bytes unchanged", () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        assert.deepEqual(addressFromBytes(addressBytes(address)), address);
      }),
    );
    assert.deepEqual([...addressBytes({ family: 4, value: 0xc0000201n })], [192, 0, 2, 1]);
    assert.equal(addressFromBytes(new Uint8Array(5)), undefined);
  });
});
