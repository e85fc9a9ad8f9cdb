import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { splitOutage } from "./outage.ts";
import type { Sighting } from "./outage-probe.ts";

const cut = { node: "knode1", oldMac: "02:00:00:00:00:11", cutAt: 1000 };
const seen: Sighting[] = [
  { at: 990, kind: "opened", what: "" },
  { at: 5000, kind: "unready", what: "knode2" },
  { at: 5100, kind: "unready", what: "knode1" },
  { at: 5110, kind: "announced", what: "02:00:00:00:00:11" },
  { at: 5130, kind: "announced", what: "02:00:00:00:00:12" },
  { at: 5150, kind: "opened", what: "" },
];

describe("the split of an outage", () => {
  it("gives parts that add up to the whole, each from its own cause", () => {
    const outage = splitOutage(seen, cut);
    assert.deepEqual(outage, {
      node: "knode1",
      noticedMs: 4100,
      announcedMs: 30,
      servedMs: 20,
      totalMs: 4150,
      newMac: "02:00:00:00:00:12",
    });
  });

  it("counts from the first announcement, also when the news of the node comes after it", () => {
    const early: Sighting = { at: 5090, kind: "announced", what: "02:00:00:00:00:12" };
    const outage = splitOutage([early, ...seen], cut);
    assert.deepEqual([outage?.noticedMs, outage?.announcedMs, outage?.servedMs], [4090, 0, 60]);
  });

  it("waits for the last of the three", () => {
    assert.equal(splitOutage(seen.slice(0, 5), cut), undefined);
    assert.equal(splitOutage(seen.slice(0, 4), cut), undefined);
  });
});
