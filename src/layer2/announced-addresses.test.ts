import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatAddress, parseAddress } from "../ip/index.ts";
import { AnnouncedAddresses } from "./announced-addresses.ts";

const ip = (text: string) => parseAddress(text)!;
const A = ip("192.0.2.1");

describe("announced addresses", () => {
  it("L2-70: an address stays while one of its services uses it", () => {
    const addresses = new AnnouncedAddresses();
    addresses.announce("ns/a", A, "all");
    addresses.announce("ns/b", A, "all");
    addresses.withdraw("ns/a");
    assert.equal(addresses.lookup(A, "eth0").found, true);
    addresses.withdraw("ns/b");
    assert.deepEqual(addresses.lookup(A, "eth0"), { found: false, reason: "not-announced" });
  });

  it("L2-71: announcing again replaces the interfaces and does not count twice", () => {
    const addresses = new AnnouncedAddresses();
    addresses.announce("ns/a", A, "all");
    addresses.announce("ns/a", A, new Set(["eth1"]));
    assert.equal(addresses.userCount(A), 1);
    assert.equal(addresses.lookup(A, "eth0").found, false);
    addresses.withdraw("ns/a");
    assert.equal(addresses.userCount(A), 0);
  });

  it("L2-72: the first user of an address and its last one are told apart from those between", () => {
    const addresses = new AnnouncedAddresses();
    const six = ip("2001:db8::1");
    assert.equal(addresses.announce("ns/a", six, "all"), true);
    assert.equal(addresses.announce("ns/a", six, new Set(["eth1"])), false);
    assert.equal(addresses.announce("ns/b", six, "all"), false);
    assert.deepEqual(addresses.withdraw("ns/a"), []);
    assert.deepEqual(addresses.withdraw("ns/b"), [six]);
    assert.deepEqual(addresses.withdraw("ns/b"), []);
    assert.equal(addresses.announce("ns/b", six, "all"), true);
  });

  it("L2-73 L2-76: withdrawing removes all addresses of the service at once", () => {
    const addresses = new AnnouncedAddresses();
    addresses.announce("ns/a", A, "all");
    addresses.announce("ns/a", ip("2001:db8::1"), "all");
    addresses.withdraw("ns/a");
    assert.deepEqual([...addresses.addresses(4), ...addresses.addresses(6)], []);
  });

  it("L2-144: counters outlive the announcement and go on when it returns", () => {
    const addresses = new AnnouncedAddresses();
    addresses.announce("ns/a", A, "all");
    const found = addresses.lookup(A, "eth0");
    assert.ok(found.found);
    found.counters.requestsReceived = 7;
    addresses.withdraw("ns/a");
    assert.equal(addresses.counters().get("192.0.2.1")?.requestsReceived, 7);
    addresses.announce("ns/b", A, "all");
    assert.deepEqual(addresses.lookup(A, "eth0"), found);
  });

  it("L2-142: an IPv6 address never shares an entry with the IPv4 address of the same value", () => {
    const addresses = new AnnouncedAddresses();
    addresses.announce("ns/a", { family: 6, value: A.value }, "all");
    assert.equal(addresses.lookup(A, "eth0").found, false);
  });

  it("L2-74: the interfaces of an address are those on which a lookup finds it, after any sequence", () => {
    const links = ["eth0", "eth1", "eth2"];
    const anyStep = fc.record({
      service: fc.constantFrom("ns/a", "ns/b", "ns/c"),
      interfaces: fc.option(fc.oneof(fc.constant("all" as const), fc.subarray(links))),
    });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 20 }), (steps) => {
        const addresses = new AnnouncedAddresses();
        for (const { service, interfaces } of steps) {
          if (interfaces === null) addresses.withdraw(service);
          else addresses.announce(service, A, interfaces === "all" ? "all" : new Set(interfaces));
          const on = addresses.interfacesOf(A);
          assert.equal(on !== undefined, addresses.userCount(A) > 0);
          for (const name of [...links, "new0"]) {
            const isIn = on === "all" || (on?.has(name) ?? false);
            assert.equal(isIn, addresses.lookup(A, name).found);
          }
        }
      }),
    );
  });

  it("L2-70: user counts equal a plain model after any sequence, never negative", () => {
    const anyStep = fc.record({
      service: fc.constantFrom("ns/a", "ns/b", "ns/c"),
      address: fc.option(fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:db8::1")),
    });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        const addresses = new AnnouncedAddresses();
        const model = new Map<string, Set<string>>();
        for (const { service, address } of steps) {
          if (address === null) {
            addresses.withdraw(service);
            for (const users of model.values()) users.delete(service);
          } else {
            addresses.announce(service, ip(address), "all");
            model.set(address, (model.get(address) ?? new Set()).add(service));
          }
          for (const [text, users] of model)
            assert.equal(addresses.userCount(ip(text)), users.size);
        }
        const inUse = [...model].filter(([, users]) => users.size > 0).map(([text]) => text);
        const all = [...addresses.addresses(4), ...addresses.addresses(6)].map(formatAddress);
        assert.deepEqual(all.sort(), inUse.sort());
      }),
    );
  });
});
