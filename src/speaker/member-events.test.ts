import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemberEvents, type MemberStory } from "./member-events.ts";

const dead: MemberStory = {
  kind: "dead",
  node: "n3",
  foundBy: "n2",
  silentMs: 412.4,
  inquiry: { tookMs: 51.2, asked: 2, agree: 2 },
};
const ours = ["n1", "n2"];

/** What speakers on these nodes write about it. */
const written = (story: MemberStory, ...nodes: string[]) =>
  nodes.flatMap((node) => new MemberEvents(node).note(story, ours, 0) ?? []);

describe("events about speakers", () => {
  it("are on the Node that it is about, in the words of who found it", () => {
    assert.deepEqual(written(dead, "n2"), [
      {
        object: { kind: "Node", apiVersion: "v1", name: "n3", uid: "n3" },
        type: "Warning",
        reason: "SpeakerDead",
        message:
          'the speaker of node "n3" counts as dead: silent for 412 ms, found by node "n2" after an inquiry of ' +
          "51 ms (2 of 2 asked agree); others take its addresses",
      },
    ]);
    const heard = { ...dead, silentMs: undefined, inquiry: undefined };
    assert.match(written(heard, "n2")[0]?.message ?? "", /: found by node "n2"; others take/);
  });

  it("tell a goodbye and a return", () => {
    const [left] = written({ kind: "left", node: "n3" }, "n1");
    assert.deepEqual([left?.type, left?.reason], ["Normal", "SpeakerLeft"]);
    const [returned] = written({ kind: "returned", node: "n3", awayMs: 35_000 }, "n1");
    assert.deepEqual([returned?.type, returned?.reason], ["Normal", "SpeakerReturned"]);
    assert.equal(returned?.message, 'the speaker of node "n3" is back in the ring after 35 s');
  });

  it("are written by one speaker: who found it, else the first of our kind, never the one it is about", () => {
    assert.equal(written(dead, "n1", "n2").length, 1);
    const byStock = { ...dead, foundBy: "stock" };
    assert.equal(written(byStock, "n1").length, 1);
    assert.equal(written(byStock, "n2").length, 0);
    const returned: MemberStory = { kind: "returned", node: "n1", awayMs: 1 };
    assert.equal(written(returned, "n1").length, 0);
    assert.equal(written(returned, "n2").length, 1);
  });

  it("do not flood the API while the ring flaps, and say then how many were left out", () => {
    const events = new MemberEvents("n2");
    const hourMs = 3_600_000;
    let count = 0;
    for (let atMs = 0; atMs < hourMs; atMs += 1000) {
      if (events.note(dead, ours, atMs) !== undefined) count++;
    }
    assert.ok(count > 20 && count < 150, `${count} events in an hour`);
    const last = events.note(dead, ours, hourMs + 60_000);
    assert.match(last?.message ?? "", / \(\d+ changes before were not told\)$/);
    assert.ok(!events.note(dead, ours, hourMs + 61_000)?.message.includes("not told"));
  });
});
