import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { NetworkInterface } from "../../src/layer2/index.ts";
import { CabledNamespaces, whyNoNamespaces } from "../../src/testing/index.ts";

const PROGRAM = fileURLToPath(new URL("../../src/testing/interfaces-program.ts", import.meta.url));

describe("network interfaces", { skip: whyNoNamespaces() }, () => {
  let wire: CabledNamespaces;
  let fromNetlink: NetworkInterface[];
  let fromScan: NetworkInterface[];

  before(() => {
    wire = new CabledNamespaces("l2t-i");
    wire.batch(
      "node",
      [
        "link add br0 type bridge",
        "link set eth0 master br0",
        "link add off0 type veth peer name eth0.100",
        "addr add 10.99.7.1/24 dev br0",
        "addr add fd00:7::1/64 dev br0 nodad",
        "link set br0 up",
        // Without a carrier nobody can be asked whether the address is a duplicate.
        "link add dark0 type veth peer name dark1",
        "link set dark0 up",
        "addr add fd00:8::1/64 dev dark0",
        "addr add fd00:8::2/64 dev dark0 nodad",
      ].join("\n"),
    );
    // Until then the scan sees none of its addresses.
    while (!wire.run("node", ["ip", "link", "show", "br0"]).stdout.includes("state UP"));
    const command = [process.execPath, "--disable-warning=ExperimentalWarning", PROGRAM];
    const [netlink = "", scan = ""] = wire.run("node", command).stdout.split("\n");
    const byName = (a: NetworkInterface, b: NetworkInterface) => (a.name < b.name ? -1 : 1);
    fromNetlink = (JSON.parse(netlink) as NetworkInterface[]).sort(byName);
    fromScan = (JSON.parse(scan) as NetworkInterface[]).sort(byName);
  });
  after(() => wire.remove());

  const named = (name: string) => fromNetlink.find((found) => found.name === name);

  it("L2-211 L2-212: links without an address, links that are down and names with a dot are seen", () => {
    const names = fromNetlink.map(({ name }) => name);
    assert.deepEqual(names, ["br0", "dark0", "dark1", "eth0", "eth0.100", "lo", "off0"]);
    assert.equal(named("off0")?.isUp, false);
  });

  it("L2-81 L2-204: members know their master, and addresses stand at their interface", () => {
    assert.equal(named("eth0")?.masterIndex, named("br0")?.index);
    assert.ok(named("br0")?.addresses.includes("10.99.7.1"));
    assert.ok(named("br0")?.addresses.includes("fd00:7::1"));
  });

  it("both know the prefix of every address, each once", () => {
    for (const found of [fromNetlink, fromScan]) {
      const subnetsOf = (name: string) => found.find((one) => one.name === name)?.subnets;
      // The kernel adds the link-local one when it likes.
      const ours = subnetsOf("br0")?.filter((subnet) => !subnet.startsWith("fe80:"));
      assert.deepEqual(ours, ["10.99.7.0/24", "fd00:7::/64"]);
      assert.deepEqual(subnetsOf("dark0"), ["fd00:8::/64"]);
    }
  });

  it("L2-110: neither netlink nor the scan shows an IPv6 address that is tentative", () => {
    for (const found of [fromNetlink, fromScan]) {
      const addressesOf = (name: string) => found.find((one) => one.name === name)?.addresses;
      assert.deepEqual(addressesOf("dark0"), ["fd00:8::2"]);
      assert.ok(addressesOf("br0")?.includes("fd00:7::1"));
    }
  });

  it("L2-80: the scan, which stands in for netlink, sees the same but addresses of links that are down", () => {
    const plain = (found: NetworkInterface) => ({ ...found, addresses: [], subnets: [] });
    assert.deepEqual(fromScan.map(plain), fromNetlink.map(plain));
  });
});
