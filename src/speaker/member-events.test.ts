import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { watchersOf } from "../ring/index.ts";
import { MemberEvents, type MemberStory } from "./member-events.ts";

const dead: MemberStory = {
  kind: "dead",
  node: "n3",
  foundBy: "n2",
  silentMs: 412.4,
  inquiry: { tookMs: 51.2, asked: 2, agree: 2 },
};
const ours = ["n1", "n2"];
const writer = watchersOf("n3", ours)[0] ?? "";

/** What the speakers of these nodes write about it. */
const written = (story: MemberStory, nodes: readonly string[] = ours) =>
  nodes.flatMap((node) => new MemberEvents(node).note(story, ours, 0) ?? []);

describe("events about speakers", () => {
  it("are on the Node that it is about, in the words of who found it", () => {
    assert.deepEqual(written(dead), [
      {
        object: { kind: "Node", apiVersion: "v1", name: "n3", uid: "n3" },
        type: "Warning",
        reason: "SpeakerDead",
        message:
          'the speaker of node "n3" counts as dead: silent for 412 ms, found by node n2 after an inquiry of ' +
          "51 ms (2 of 2 asked agree); others take its addresses",
      },
    ]);
    const heard = { ...dead, silentMs: undefined, inquiry: undefined };
    assert.match(written(heard)[0]?.message ?? "", /: found by node n2; others take/);
  });

  it("tell a goodbye and a return", () => {
    const [left] = written({ kind: "left", node: "n3" });
    assert.deepEqual([left?.type, left?.reason], ["Normal", "SpeakerLeft"]);
    const [returned] = written({ kind: "returned", node: "n3", awayMs: 35_000 });
    assert.deepEqual([returned?.type, returned?.reason], ["Normal", "SpeakerReturned"]);
    assert.equal(returned?.message, 'the speaker of node "n3" is back in the ring after 35 s');
  });

  it("are written by one speaker, whoever found it, and never by the one that it is about", () => {
    const nodes = Array.from({ length: 30 }, (_, index) => `n${index}`);
    for (const node of nodes) {
      const stories: MemberStory[] = [
        { ...dead, node },
        { ...dead, node, foundBy: "stock" },
        { kind: "left", node },
      ];
      for (const story of stories) {
        const writers = nodes.filter(
          (name) => new MemberEvents(name).note(story, nodes, 0) !== undefined,
        );
        assert.equal(writers.length, 1);
        assert.notEqual(writers[0], node);
      }
    }
  });

  it("do not flood the API while the ring flaps, and say then how many were left out", () => {
    const events = new MemberEvents(writer);
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
