import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { legacyBgpEndpoints } from "./bgp-endpoints.ts";

describe("legacyBgpEndpoints", () => {
  it("OLD-4: an address that any subset lists as not ready is not ready in any other", () => {
    const metadata = { name: "web", namespace: "shop" };
    const [a, b] = ["198.51.100.1", "198.51.100.2"];
    const subsets = [
      {
        addresses: [
          { ip: a, nodeName: "n1" },
          { ip: b, nodeName: "n1" },
        ],
      },
      { notReadyAddresses: [{ ip: b, nodeName: "n2" }] },
    ];
    assert.deepEqual(legacyBgpEndpoints({ metadata, subsets }), [
      { nodeName: "n1", isReady: true, canServe: true },
      { nodeName: "n1", isReady: false, canServe: false },
      { nodeName: "n2", isReady: false, canServe: false },
    ]);
    assert.deepEqual(legacyBgpEndpoints({ metadata }), []);
  });
});
