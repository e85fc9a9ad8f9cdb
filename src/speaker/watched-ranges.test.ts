import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Config } from "../config/index.ts";
import { formatAddress, parsePrefix } from "../ip/index.ts";
import { watchedRanges } from "./watched-ranges.ts";

function rangesOf(...pools: readonly (readonly string[])[]): string[] {
  const named = pools.map((prefixes, at) => [
    `pool-${at}`,
    { prefixes: prefixes.map((text) => parsePrefix(text)) },
  ]);
  const config = { pools: new Map(named as never) } as unknown as Config;
  const text = (value: number) => formatAddress({ family: 4, value: BigInt(value) });
  return watchedRanges(config).map(({ first, last }) => `${text(first)}-${text(last)}`);
}

describe("addresses that only our nodes may use", () => {
  it("are the IPv4 addresses of all pools, in order, and joined where they touch", () => {
    const ranges = rangesOf(
      ["192.0.2.128/25", "fd00::/64"],
      ["10.0.0.0/32", "192.0.2.0/25"],
      ["255.255.255.254/31"],
    );
    const joined = [
      "10.0.0.0-10.0.0.0",
      "192.0.2.0-192.0.2.255",
      "255.255.255.254-255.255.255.255",
    ];
    assert.deepEqual(ranges, joined);
    assert.deepEqual(rangesOf(), []);
  });

  it("are one range around all where the kernel would have to compare with more than 200", () => {
    const apart = Array.from({ length: 201 }, (_, at) => `10.0.${at}.0/25`);
    assert.deepEqual(rangesOf(apart), ["10.0.0.0-10.0.200.127"]);
    assert.equal(rangesOf(apart.slice(1)).length, 200);
  });
});
