import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isOlderVersion } from "./resource-version.ts";

describe("isOlderVersion", () => {
  const at = (resourceVersion: string, uid = "u") => ({
    metadata: { name: "a", uid, resourceVersion },
  });

  it("K8S-6: tells an event that was sent before our own write", () => {
    assert.ok(isOlderVersion(at("9"), at("10")));
    assert.ok(!isOlderVersion(at("10"), at("10")));
    assert.ok(!isOlderVersion(at("11"), at("10")));
  });

  it("another object of the name, or a version that is no number, is never older", () => {
    assert.ok(!isOlderVersion(at("9"), undefined));
    assert.ok(!isOlderVersion(at("9", "new"), at("10")));
    assert.ok(!isOlderVersion(at("a"), at("b")));
  });
});
