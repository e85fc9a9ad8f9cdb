import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { splitOutage } from "./outage.ts";
import type { Sighting } from "./outage-probe.ts";

const cut = { node: "knode1", oldMac: "02:00:00:00:00:11", cutAt: 1000 };
const seen: Sighting[] = [
  { at: 990, kind: "opened", what: "" },
  { at: 5110, kind: "announced", what: "02:00:00:00:00:11" },
  { at: 5130, kind: "announced", what: "02:00:00:00:00:12" },
  { at: 5150, kind: "opened", what: "" },
];

describe("the split of an outage", () => {
  it("gives parts that add up to the whole, each from its own cause", () => {
    const outage = splitOutage(seen, cut);
    assert.deepEqual(outage, {
      node: "knode1",
      announcedMs: 4130,
      servedMs: 20,
      totalMs: 4150,
      newMac: "02:00:00:00:00:12",
    });
  });

  it("waits for another announcer, and then for a connection", () => {
    assert.equal(splitOutage(seen.slice(0, 3), cut), undefined);
    assert.equal(splitOutage(seen.slice(0, 2), cut), undefined);
  });
});
