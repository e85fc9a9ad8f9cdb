import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EventNote } from "../kube/index.ts";
import type { Member, MemberState } from "../memberlist/index.ts";
import { createLogger, Metrics } from "../platform/index.ts";
import { describeOwnKind } from "../ring/index.ts";
import { MemberChanges } from "./member-changes.ts";
import { MoveLog } from "./move-log.ts";
import { RingHistory } from "./ring-history.ts";

const memberOf = (name: string, state: MemberState = "alive", isOurs = true): Member => ({
  name,
  addr: Uint8Array.of(192, 0, 2, 1),
  address: "192.0.2.1",
  port: 7946,
  meta: isOurs ? describeOwnKind(120) : new Uint8Array(),
  vsn: new Uint8Array(),
  incarnation: 1,
  state,
  changedMs: 0,
});

function changesOn(nodeName: string) {
  const lines: Record<string, unknown>[] = [];
  const notes: EventNote[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line));
  const changes = new MemberChanges({
    nodeName,
    logger: createLogger({ form: "modern", write }),
    metrics: new Metrics().ring(),
    history: new RingHistory(),
    moves: new MoveLog(),
    stories: { record: (note) => void notes.push(note) },
  });
  return { changes, lines, notes };
}

const members = [memberOf("a"), memberOf("stock", "alive", false)];
const dead = {
  kind: "member",
  change: "leave",
  member: memberOf("b", "dead"),
  accuser: "a",
  silentMs: 463,
} as const;

describe("changes of members", () => {
  it("ML-155: keep the words of the log, and add why; the inquiry is no silence", () => {
    const { changes, lines, notes } = changesOn("a");
    const found = { kind: "decided", about: "b", verdict: "dead", tookMs: 51 } as const;
    changes.decided({ ...found, deaf: ["c"], asked: 2 });
    changes.take(dead, members, true);
    assert.partialDeepStrictEqual(lines, [
      {
        event: "nodeEvent",
        msg: "node event - forcing sync",
        "node event": "NodeLeave",
        "node name": "b",
        foundBy: "a",
        why: "silent for 412 ms, found by node a after an inquiry of 51 ms (1 of 2 asked agree)",
      },
    ]);
    assert.deepEqual(
      notes.map(({ reason }) => reason),
      ["SpeakerDead"],
    );
  });

  it("are logged, but no event, while the ring is met or left, and to speakers that are not of our kind", () => {
    const { changes, lines, notes } = changesOn("a");
    changes.take(dead, members, false);
    changes.take({ ...dead, change: "update", member: memberOf("c") }, members, true);
    changes.take({ ...dead, change: "join", member: memberOf("new") }, members, true);
    assert.equal(lines.length, 3);
    assert.ok(lines.slice(1).every((line) => line["why"] === undefined));
    assert.deepEqual(notes, []);
    const beside = changesOn("stock");
    beside.changes.take(dead, members, true);
    assert.deepEqual(beside.notes, []);
  });

  it("of one that comes back say how long it was away, once", () => {
    const { changes, notes } = changesOn("a");
    changes.take(dead, members, true);
    const join = { ...dead, change: "join", member: memberOf("b") } as const;
    changes.take(join, members, true);
    changes.take(join, members, true);
    assert.deepEqual(
      notes.map(({ reason }) => reason),
      ["SpeakerDead", "SpeakerReturned"],
    );
  });
});
