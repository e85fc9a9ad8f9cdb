import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { viewService } from "./service-view.ts";

describe("viewService", () => {
  it("takes the one clusterIP of an old server, and the list of a new one", () => {
    const metadata = { namespace: "shop", name: "web" };
    assert.deepEqual(viewService({ metadata, spec: { clusterIP: "10.0.0.1" } }).clusterIps, [
      "10.0.0.1",
    ]);
    const spec = { clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1", "fd00::1"] };
    assert.deepEqual(viewService({ metadata, spec }).clusterIps, ["10.0.0.1", "fd00::1"]);
    assert.deepEqual(viewService({ metadata, spec: {} }).clusterIps, []);
    const empty = { clusterIP: "10.0.0.1", clusterIPs: [] };
    assert.deepEqual(viewService({ metadata, spec: empty }).clusterIps, ["10.0.0.1"]);
  });

  it("names a service by namespace/name", () => {
    const view = viewService({ metadata: { namespace: "shop", name: "web" }, spec: {} });
    assert.equal(view.key, "shop/web");
  });
});
