import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conditionStatus, isReady } from "./conditions.ts";

const withReady = (status: string) => ({ status: { conditions: [{ type: "Ready", status }] } });

describe("the conditions of an object", () => {
  it("make it ready where Ready is True, and not where it is anything else, or nobody has said it", () => {
    assert.equal(isReady(withReady("True")), true);
    for (const other of [withReady("False"), withReady("Unknown"), { status: {} }, {}]) {
      assert.equal(isReady(other), false);
    }
  });

  it("are told by their type", () => {
    const conditions = [
      { type: "DiskPressure", status: "True" },
      { type: "NetworkUnavailable", status: "False" },
    ];
    assert.equal(conditionStatus({ status: { conditions } }, "NetworkUnavailable"), "False");
    assert.equal(conditionStatus({ status: { conditions } }, "Ready"), undefined);
  });
});
