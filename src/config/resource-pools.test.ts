/** IPAddressPools: names, address entries, overlaps, and whom a pool serves. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPrefix } from "../ip/index.ts";
import { configOf, faultsOf, findingsOf, inZone, pool } from "../testing/resources.ts";

const prefixesOf = (addresses: string[]) => {
  const { pools } = configOf({ pools: [pool("a", { addresses })] });
  return [...pools.values()].flatMap(({ prefixes }) => prefixes.map(formatPrefix));
};

describe("the addresses of an IPAddressPool", () => {
  it("IPAM-1: a prefix loses its host bits; CRD-10: defaults are automatic, nothing avoided, everybody", () => {
    const { pools, generation } = configOf({
      pools: [pool("a", { addresses: ["203.0.113.77/26"] })],
    });
    const { prefixes, ...rest } = pools.get("a") as NonNullable<ReturnType<typeof pools.get>>;
    assert.equal(generation, "modern");
    assert.deepEqual(prefixes.map(formatPrefix), ["203.0.113.64/26"]);
    assert.deepEqual(rest, {
      name: "a",
      autoAssign: true,
      avoidBuggyIps: false,
      l2Advertisements: [],
      bgpAdvertisements: [],
    });
  });

  it("CRD-10: what a pool says of itself is taken over", () => {
    const spec = { addresses: ["198.18.1.0/24"], autoAssign: false, avoidBuggyIPs: true };
    const a = configOf({ pools: [pool("a", spec)] }).pools.get("a");
    assert.deepEqual([a?.autoAssign, a?.avoidBuggyIps], [false, true]);
  });

  it("IPAM-2, IPAM-3: a range with blanks becomes the fewest prefixes, in ascending order", () => {
    assert.deepEqual(prefixesOf(["192.0.2.3 - 192.0.2.20"]), [
      "192.0.2.3/32",
      "192.0.2.4/30",
      "192.0.2.8/29",
      "192.0.2.16/30",
      "192.0.2.20/32",
    ]);
  });

  it("IPAM-4, IPAM-10: the IPv4-mapped form is IPv4; entries keep the order of the list", () => {
    const addresses = ["2001:db8:5::/126", "::ffff:198.18.1.9-::ffff:198.18.1.9", "10.0.0.0/8"];
    assert.deepEqual(prefixesOf(addresses), ["2001:db8:5::/126", "198.18.1.9/32", "10.0.0.0/8"]);
  });

  for (const [id, text] of [
    ["CFG-10, TV-26, IPAM-1", "198.18.1.1"],
    ["CFG-10, IPAM-1", "198.18.1.0/33"],
    ["CFG-10, IPAM-1", " 198.18.1.0/24"],
    ["CFG-10, IPAM-2", "198.18.1.1/32-198.18.1.2/32"],
    ["CFG-10, IPAM-4", "198.18.01.0/24"],
    ["CFG-10, IPAM-4", "fe80::1%eth0/128"],
    ["CFG-10 (start after end)", "198.18.1.9-198.18.1.1"],
    ["CFG-10 (IPv4 and IPv6 in one range)", "198.18.1.9-2001:db8::1"],
    ["CFG-10 (IPv6 and IPv4 in one range)", "2001:db8::1-198.18.1.9"],
    ["CFG-10", ""],
  ] as const) {
    it(`${id}: the entry "${text}" is refused by name, place and value`, () => {
      const addresses = ["10.0.0.0/8", text];
      const [first, ...others] = findingsOf({ pools: [pool("a", { addresses })] });
      assert.equal(first?.code, "CFG-10");
      assert.equal(first?.object, "IPAddressPool metallb-system/a");
      assert.equal(first?.path, "spec.addresses[1]");
      assert.equal(first?.value, text);
      assert.equal(first?.isTransient, undefined);
      assert.deepEqual(others, []);
    });
  }

  it("CFG-10: a pool without a name is refused", () => {
    assert.deepEqual(faultsOf({ pools: [pool("", { addresses: ["10.0.0.0/8"] })] }), [
      "CFG-10 IPAddressPool  metadata.name",
    ]);
  });

  it("CFG-11: no address at all is refused", () => {
    assert.deepEqual(
      faultsOf({ pools: [pool("a", {}), pool("b", { addresses: ["10.0.0.0/8"] })] }),
      ["CFG-11 IPAddressPool a spec.addresses"],
    );
  });

  it("CFG-12, TV-27: overlap inside one pool is refused at the later entry, with the earlier one named", () => {
    const addresses = ["198.18.1.0/24", "198.18.1.9-198.18.1.12"];
    const [only, ...others] = findingsOf({ pools: [pool("a", { addresses })] });
    assert.deepEqual(others, []);
    assert.deepEqual(
      [only?.code, only?.path, only?.value],
      ["CFG-12", "spec.addresses[1]", addresses[1]],
    );
    assert.match(only?.message ?? "", /198\.18\.1\.9\/32 of pool "a" overlaps 198\.18\.1\.0\/24/);
  });

  it("CFG-12: overlap between pools is refused; neighbours are fine; equal prefixes are not", () => {
    const [a, b] = [
      pool("a", { addresses: ["10.0.0.0/25"] }),
      pool("b", { addresses: ["10.0.0.128/25"] }),
    ];
    assert.deepEqual(faultsOf({ pools: [a, b] }), []);
    const c = pool("c", { addresses: ["10.0.0.0/8", "10.0.0.128/25"] });
    const [first, second] = findingsOf({ pools: [c, b, a] });
    assert.deepEqual([first?.path, second?.path], ["spec.addresses[0]", "spec.addresses[1]"]);
    assert.match(
      first?.message ?? "",
      /10\.0\.0\.0\/8 of pool "c" overlaps 10\.0\.0\.0\/25 of pool "a"/,
    );
  });

  it("CFG-2, CFG-12: an overlap of an earlier pool comes before a bad entry of a later one", () => {
    const pools = [
      pool("c", { addresses: ["junk"] }),
      pool("b", { addresses: ["10.1.0.0/16"] }),
      pool("a", { addresses: ["10.0.0.0/8"] }),
    ];
    assert.deepEqual(faultsOf({ pools }), [
      "CFG-12 IPAddressPool b spec.addresses[0]",
      "CFG-10 IPAddressPool c spec.addresses[0]",
    ]);
  });

  it("CFG-13: two pools of one name are refused", () => {
    const pools = [
      pool("a", { addresses: ["10.0.0.0/8"] }),
      pool("a", { addresses: ["11.0.0.0/8"] }),
    ];
    assert.deepEqual(faultsOf({ pools }), ["CFG-13 IPAddressPool a metadata.name"]);
  });

  it("CFG-14: an address of a node is no fault in a pool", () => {
    const nodes = new Map([["node-0", { address: "10.0.0.1" }]]);
    assert.deepEqual(faultsOf({ pools: [pool("a", { addresses: ["10.0.0.1/32"] })], nodes }), []);
  });
});

const addresses = ["198.18.1.0/24"];
const allocationOf = (serviceAllocation: object, namespaces: Record<string, string> = {}) => {
  const labels = new Map(Object.entries(namespaces).map(([name, zone]) => [name, { zone }]));
  const { pools } = configOf({
    pools: [pool("a", { addresses, serviceAllocation })],
    namespaces: labels,
  });
  return pools.get("a")?.serviceAllocation;
};
const faultsOfAllocation = (serviceAllocation: object) =>
  faultsOf({ pools: [pool("a", { addresses, serviceAllocation })] }).map((fault) =>
    fault.replace("IPAddressPool a spec.serviceAllocation.", ""),
  );

describe("whom a pool serves", () => {
  it("CFG-15, IPAM-24: a priority alone pins the pool for every service", () => {
    const everybody = { priority: 20, namespaces: new Set(), serviceSelectors: [[]] };
    assert.deepEqual(allocationOf({ priority: 20 }), everybody);
    assert.deepEqual(allocationOf({ namespaces: [], serviceSelectors: [] }), {
      ...everybody,
      priority: 0,
    });
    assert.equal(allocationOf({ priority: -3 })?.priority, -3);
    assert.equal(allocationOf({ priority: 2 ** 40 })?.priority, 2 ** 40);
  });

  it("CFG-15: a namespace listed twice is refused", () => {
    assert.deepEqual(faultsOfAllocation({ namespaces: ["x", "y", "x"] }), ["CFG-15 namespaces[2]"]);
  });

  it("CFG-15: namespaces by name and by label are one set", () => {
    const namespaces = { web: "a", db: "b", mail: "a" };
    const wanted = { namespaces: ["old"], namespaceSelectors: [inZone("a")] };
    assert.deepEqual(allocationOf(wanted, namespaces)?.namespaces, new Set(["old", "mail", "web"]));
  });

  it("CFG-15: selectors that meet no namespace leave the set empty, and no service selector", () => {
    assert.deepEqual(allocationOf({ namespaceSelectors: [inZone("z")] }, { web: "a" }), {
      priority: 0,
      namespaces: new Set(),
      serviceSelectors: [],
    });
  });

  it("CFG-15, TV-28, CFG-40: the same namespace or service selector twice is refused", () => {
    const twice = [inZone("a"), inZone("b"), inZone("a")];
    assert.deepEqual(faultsOfAllocation({ namespaceSelectors: twice, serviceSelectors: twice }), [
      "CFG-40 namespaceSelectors[2]",
      "CFG-40 serviceSelectors[2]",
    ]);
  });

  it("CFG-15: an invalid selector is refused, of namespaces as of services", () => {
    const bad = [{ matchExpressions: [{ key: "zone", operator: "Near", values: ["a"] }] }];
    assert.deepEqual(faultsOfAllocation({ namespaceSelectors: bad, serviceSelectors: bad }), [
      "CRD-3 namespaceSelectors[0].matchExpressions[0].operator",
      "CRD-3 serviceSelectors[0].matchExpressions[0].operator",
    ]);
  });
});
