/** BGP communities: literals, aliases, and which may still become right. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bgp, community, configOf, faultsOf, findingsOf, pool } from "../testing/resources.ts";

const pools = [pool("a", { addresses: ["198.18.1.0/24"] })];

function communitiesOf(communities: string[], aliases: Record<string, string> = {}) {
  const { pools: compiled } = configOf({
    pools,
    bgpAdvertisements: [bgp("w", { communities })],
    communities: [community("c", aliases)],
  });
  const [advertisement] = compiled.get("a")?.bgpAdvertisements ?? [];
  return [advertisement?.communities, advertisement?.largeCommunities];
}

describe("communities of an advertisement", () => {
  it("CFG-30: two sections are two 16-bit numbers, four with `large` are three of 32 bits", () => {
    assert.deepEqual(communitiesOf(["65000:8", "large:4294967295:0:007", "0:65535"]), [
      [65000 * 65536 + 8, 65535],
      ["4294967295:0:7"],
    ]);
  });

  it("CFG-30: an alias goes before a literal; two names for one value count once", () => {
    const aliases = { "1:1": "2:2", blue: "2:2", big: "large:1:2:3" };
    assert.deepEqual(communitiesOf(["1:1", "blue", "big"], aliases), [[131074], ["1:2:3"]]);
  });

  for (const text of [
    "99999:1",
    "1:-1",
    "1:",
    "+1:2",
    "lrg:1:2:3",
    "large:1:2:4294967296",
    "1:x",
  ]) {
    it(`CFG-30, TV-40: the value "${text}" is refused for good`, () => {
      const [only] = findingsOf({ bgpAdvertisements: [bgp("w", { communities: ["1:1", text] })] });
      assert.deepEqual(
        [only?.code, only?.path, only?.value],
        ["CFG-30", "spec.communities[1]", text],
      );
      assert.match(only?.message ?? "", /invalid community value/);
      assert.equal(only?.isTransient, undefined);
    });
  }

  for (const text of ["later", "", "1:2:3", "large:1:2:3:4"]) {
    it(`CFG-30: the format of "${text}" is refused only for now: it may become an alias`, () => {
      const [only] = findingsOf({ bgpAdvertisements: [bgp("w", { communities: [text] })] });
      assert.deepEqual([only?.code, only?.isTransient], ["CFG-30", true]);
      assert.match(only?.message ?? "", /invalid community format/);
    });
  }

  it("CFG-30, TV-41: a community listed twice is refused", () => {
    const communities = ["1:1", "1:2", "1:1"];
    assert.deepEqual(faultsOf({ bgpAdvertisements: [bgp("w", { communities })] }), [
      "CFG-30 BGPAdvertisement w spec.communities[2]",
    ]);
  });
});

describe("aliases", () => {
  it("CFG-30, TV-42: each value must be a community, used or not; its uses are not wrong once more", () => {
    const communities = [community("c", { good: "1:1", bad: "oops", worse: "1:2:3" })];
    const bgpAdvertisements = [bgp("w", { communities: ["bad"] })];
    const findings = findingsOf({ communities, bgpAdvertisements });
    assert.deepEqual(
      findings.map(({ path, isTransient }) => [path, isTransient]),
      [
        ["spec.communities[1].value", undefined],
        ["spec.communities[2].value", undefined],
      ],
    );
  });

  it("CFG-30: an alias defined twice is refused, in one object or in two, even with an equal value", () => {
    const twice = community("b", { x: "1:1" });
    twice.spec?.communities?.push({ name: "x", value: "1:1" });
    assert.deepEqual(faultsOf({ communities: [twice, community("a", { y: "1:1" })] }), [
      "CFG-30 Community b spec.communities[1].name",
    ]);
    const two = [community("b", { x: "1:1" }), community("a", { x: "1:1" })];
    assert.deepEqual(faultsOf({ communities: two }), [
      "CFG-30 Community b spec.communities[0].name",
    ]);
  });
});
