import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventCorrelator, type EventNote } from "./event-correlator.ts";

const note: EventNote = {
  object: { kind: "Service", namespace: "default", name: "web", uid: "1" },
  type: "Warning",
  reason: "AllocationFailed",
  message: "no available IPs",
};

describe("EventCorrelator", () => {
  it("CTL-15: the same event again counts up the first one", () => {
    const correlator = new EventCorrelator();
    const first = correlator.take(note, 0);
    assert.equal(first.kind, "create");
    assert.ok(first.kind === "create");
    correlator.created(first.key, "web.1");
    const { key } = first;
    assert.deepEqual(correlator.take(note, 1), { kind: "patch", key, name: "web.1", count: 2 });
    assert.deepEqual(correlator.take(note, 2), { kind: "patch", key, name: "web.1", count: 3 });
    assert.equal(correlator.take({ ...note, message: "other" }, 3).kind, "create");
  });

  it("an event that the server forgot is created again", () => {
    const correlator = new EventCorrelator();
    const first = correlator.take(note, 0);
    assert.ok(first.kind === "create");
    correlator.created(first.key, "web.1");
    correlator.created(first.key, undefined);
    assert.equal(correlator.take(note, 1).kind, "create");
  });

  it("a flood about one object is cut after 25, other objects are still heard", () => {
    const correlator = new EventCorrelator();
    const kinds = Array.from({ length: 30 }, () => correlator.take(note, 0).kind);
    assert.equal(kinds.filter((kind) => kind !== "drop").length, 25);
    const other = { ...note, object: { ...note.object, name: "db" } };
    assert.equal(correlator.take(other, 0).kind, "create");
    assert.notEqual(correlator.take(note, 300_000).kind, "drop");
  });
});
