import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AddressMove, parseMove } from "../election/index.ts";
import { MoveEvents } from "./move-events.ts";
import type { MoveGroup, ToldMove } from "./move-log.ts";

const moveOf = (index: number, from = "a"): ToldMove => {
  const move: AddressMove = {
    service: `shop/s${index}`,
    ips: [`10.0.${index >> 8}.${index & 255}`],
    from,
    to: "b",
    because: "dead",
    foundBy: "b",
    silentMs: 412,
    inquiryMs: 51,
    announcedMs: 6 + index,
  };
  const object = { kind: "Service", apiVersion: "v1", namespace: "shop", name: `s${index}` };
  return { move, object };
};

const groupOf = (size: number, from?: string): MoveGroup => {
  const rest = Array.from({ length: size - 1 }, (_, index) => moveOf(index + 1, from));
  return [moveOf(0, from), ...rest];
};

const reasonsOf = (notes: readonly { readonly reason: string }[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { reason } of notes) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
};

describe("events about moves", () => {
  it("tell the Service's owner the story in words, and programs the same as data", () => {
    const [note, ...rest] = new MoveEvents("b", 0).notes([groupOf(1)], 0);
    assert.deepEqual(rest, []);
    const { move, object } = moveOf(0);
    assert.deepEqual([note?.object, note?.type, note?.reason], [object, "Normal", "AddressMoved"]);
    assert.match(note?.message ?? "", /^10\.0\.0\.0 moved from node "a" to node "b": node "a" was/);
    assert.deepEqual(parseMove(note?.annotations?.["metallb-ts/address-move"] ?? ""), move);
  });

  it("are at most 25 for 2,000 Services that move at once, and one on our Node for all", () => {
    const notes = new MoveEvents("b", 0).notes([groupOf(2000)], 0);
    assert.deepEqual(reasonsOf(notes), { AddressesMoved: 1, AddressMoved: 25 });
    const [summary] = notes;
    assert.deepEqual(summary?.object, { kind: "Node", apiVersion: "v1", name: "b", uid: "b" });
    assert.match(
      summary?.message ?? "",
      /^2000 addresses moved from node "a" to node "b": node "a"/,
    );
    assert.match(summary?.message ?? "", /; the last one 1999 ms after the first; 25 of 2000 Serv/);
    assert.equal(summary?.annotations?.["metallb-ts/addresses"], "2000");
  });

  it("stay few where addresses of a hundred nodes move at once", () => {
    const groups = Array.from({ length: 100 }, (_, index) => groupOf(20, `node${index}`));
    const notes = new MoveEvents("b", 0).notes(groups, 0);
    assert.deepEqual(reasonsOf(notes), { AddressesMoved: 10, AddressMoved: 25 });
  });

  it("are none while a ring is put together, and say later which node is new", () => {
    const { move, object } = moveOf(0);
    const joined: MoveGroup = [{ object, move: { ...move, because: "joined" } }];
    const events = new MoveEvents("b", 0);
    assert.deepEqual(events.notes([joined], 59_000), []);
    assert.equal(events.notes([joined], 61_000).length, 1);
    const returned: MoveGroup = [{ object, move: { ...joined[0].move, awayMs: 4000 } }];
    assert.equal(new MoveEvents("b", 0).notes([returned], 1000).length, 1);
  });

  it("stay few while addresses go to and fro, and are told again when that is over", () => {
    const events = new MoveEvents("b", 0);
    const hourMs = 3_600_000;
    let count = 0;
    for (let atMs = 0; atMs < hourMs; atMs += 5000)
      count += events.notes([groupOf(30)], atMs).length;
    assert.ok(count < 600, `${count} events in an hour`);
    assert.equal(events.notes([groupOf(5)], 2 * hourMs).length, 5);
  });
});
