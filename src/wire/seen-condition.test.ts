import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAddress } from "../ip/index.ts";
import { announcedBy } from "./seen-condition.ts";
import type { Subject } from "./assignments.ts";

const subject: Subject = {
  service: "shop/web",
  ips: [parseAddress("192.0.2.1")!],
  owner: "n2",
  interfaces: undefined,
};

describe("the condition Announced", () => {
  it("names the owner, and says why it is not the first in MetalLB's order", () => {
    assert.deepEqual(announcedBy(subject), {
      type: "Announced",
      status: "True",
      reason: "Announcing",
      message: 'node "n2" announces it',
    });
    const words = ["KeepsAddress", "and keeps it"] as const;
    const kept = announcedBy({ ...subject, standing: words });
    const told = [kept.reason, kept.message];
    assert.deepEqual(told, ["KeepsAddress", 'node "n2" announces it and keeps it']);
  });
});
