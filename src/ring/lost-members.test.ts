import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LostMembers } from "./lost-members.ts";

describe("lost members", () => {
  it("ML-153: are hailed for a day, and forgotten then", () => {
    const lost = new LostMembers();
    lost.add("a", { address: "10.0.0.1", port: 7946 }, 0);
    const dayMs = 24 * 3_600_000;
    const hailed = [dayMs, dayMs + 1000, dayMs + 2000].map(
      (nowMs) => lost.due(new Set(["a"]), nowMs).length,
    );
    assert.deepEqual(hailed, [1, 0, 0]);
    assert.ok(!lost.has("a"));
  });
});
