import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AckTimes } from "./ack-times.ts";
import { begunAnew, firstBeat, shortestSilenceMs, silenceMs, withBeat } from "./beat-record.ts";

const beatMs = 100;

describe("what a watcher knows of the beats of a member", () => {
  it("takes a long silence for an outage, which asks for no more patience afterwards", () => {
    let record = firstBeat(beatMs, 1, beatMs);
    for (let seq = 2; seq <= 50; seq++) record = withBeat(record, seq, seq * beatMs);
    // Cut off for a second, and stopped for another.
    record = withBeat(record, 60, 6000);
    record = withBeat(record, 61, 7100);
    assert.equal(silenceMs(record), shortestSilenceMs(beatMs));
  });

  it("knows what the network does, also when the numbers begin anew", () => {
    let record = firstBeat(beatMs, 1, beatMs);
    for (let seq = 3; seq <= 201; seq += 2) record = withBeat(record, seq, seq * beatMs);
    const anew = begunAnew(record, 7, 203 * beatMs);
    assert.equal(silenceMs(anew), silenceMs(record));
    assert.equal(withBeat(anew, 8, 204 * beatMs).heardMs, 204 * beatMs);
  });

  it("takes numbers that jump too far for the time for those of a member that began anew, and no beat for lost", () => {
    for (const jump of [10, 100, 1000, 1e6]) {
      let record = firstBeat(beatMs, 1, beatMs);
      for (let seq = 2; seq <= 50; seq++) record = withBeat(record, seq, seq * beatMs);
      record = withBeat(record, 50 + jump, 52 * beatMs);
      assert.equal(silenceMs(record), shortestSilenceMs(beatMs));
      assert.equal(withBeat(record, 51 + jump, 53 * beatMs).heardMs, 53 * beatMs);
    }
  });

  it("has more patience where many beats are lost one by one", () => {
    let record = firstBeat(beatMs, 1, beatMs);
    for (let seq = 3; seq <= 201; seq += 2) record = withBeat(record, seq, seq * beatMs);
    assert.ok(silenceMs(record) > 2 * shortestSilenceMs(beatMs));
  });
});

describe("the time that answers take", () => {
  it("is not spoiled by one answer that comes late", () => {
    const times = new AckTimes();
    for (let count = 0; count < 50; count++) times.add("n1", 1);
    times.add("n1", 500);
    assert.ok(times.worstMs("n1") < 50);
    const fresh = new AckTimes();
    fresh.add("n1", 500);
    assert.ok(fresh.worstMs("n1") <= 150);
  });

  it("follows a network that is slow for good", () => {
    const times = new AckTimes();
    for (let count = 0; count < 10; count++) times.add("n1", 300);
    assert.ok(times.worstMs("n1") > 300);
  });
});
