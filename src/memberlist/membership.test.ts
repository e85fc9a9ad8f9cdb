import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { AliveMessage } from "./member.ts";
import { isUsable, ourVersions } from "./member.ts";
import { Membership, type MembershipEffect } from "./membership.ts";
import { lanTimings } from "./timings.ts";

const none = new Uint8Array();
const own = Uint8Array.of(10, 0, 0, 1);

function table(): Membership {
  const options = { name: "self", addr: own, port: 7946, meta: none, timings: lanTimings };
  const membership = new Membership(options);
  membership.start(0);
  return membership;
}

function alive(node: string, incarnation: number, more: Partial<AliveMessage> = {}): AliveMessage {
  const addr = node === "self" ? own : Uint8Array.of(10, 0, 0, 2);
  return {
    kind: "alive",
    node,
    incarnation,
    addr,
    port: 7946,
    meta: none,
    vsn: ourVersions,
    ...more,
  };
}

function accuse(kind: "suspect" | "dead", node: string, incarnation: number, from = "other") {
  return { kind, node, incarnation, from } as never;
}

const kinds = (effects: readonly MembershipEffect[]): string[] => effects.map(({ kind }) => kind);

describe("membership", () => {
  it("ML-100: an unknown member joins, and the news are passed on", () => {
    assert.deepEqual(kinds(table().alive(alive("x", 1), 1)), ["spread", "joined"]);
  });

  it("ML-72: port 0 is our own port, and no other place", () => {
    const ring = table();
    ring.alive(alive("x", 1, { port: 0 }), 1);
    assert.equal(ring.get("x")!.port, 7946);
    assert.deepEqual(ring.alive(alive("x", 1), 2), []);
    assert.deepEqual(kinds(ring.alive(alive("x", 1, { port: 7947 }), 3)), ["conflict"]);
    assert.deepEqual(ring.alive(alive("self", 1, { port: 0 }), 4), []);
  });

  it("ML-100: the same or an earlier incarnation is no news; a later one with other metadata is an update", () => {
    const ring = table();
    ring.alive(alive("x", 5), 1);
    assert.deepEqual(ring.alive(alive("x", 5), 2), []);
    assert.deepEqual(ring.alive(alive("x", 4), 2), []);
    assert.deepEqual(kinds(ring.alive(alive("x", 6), 2)), ["spread"]);
    const meta = Uint8Array.of(1);
    assert.deepEqual(kinds(ring.alive(alive("x", 7, { meta }), 2)), ["spread", "updated"]);
  });

  it("what we say of ourselves goes out as news of a new incarnation, and comes again with each contradiction", () => {
    const ring = table();
    const meta = Uint8Array.of(1);
    const effects = ring.describe(meta, 1);
    assert.deepEqual(kinds(effects), ["spread", "updated"]);
    const told = { kind: "alive", node: "self", incarnation: 2, addr: own, port: 7946, meta };
    assert.deepEqual(effects[0], { kind: "spread", message: { ...told, vsn: ourVersions } });
    assert.deepEqual(ring.describe(Uint8Array.of(1), 2), []);
    assert.deepEqual(ring.alive({ ...alive("self", 2), meta }, 3), []);
    ring.suspect(accuse("suspect", "self", 2), 4);
    assert.deepEqual([ring.self!.incarnation, ring.self!.meta], [3, meta]);
  });

  it("what we say of ourselves counts from the start where we say it before, and never after the goodbye", () => {
    const options = { name: "self", addr: own, port: 7946, meta: none, timings: lanTimings };
    const ring = new Membership(options);
    assert.deepEqual(ring.describe(Uint8Array.of(1), 0), []);
    ring.start(0);
    assert.deepEqual([ring.self!.incarnation, ring.self!.meta], [1, Uint8Array.of(1)]);
    ring.leave(1);
    assert.deepEqual(ring.describe(none, 2), []);
    assert.equal(ring.self!.state, "left");
  });

  it("ML-100: versions without sense, and more metadata than 512 bytes, are ignored", () => {
    for (const vsn of [
      [0, 5, 2],
      [1, 0, 2],
      [5, 1, 2],
    ]) {
      assert.deepEqual(table().alive(alive("x", 1, { vsn: Uint8Array.from(vsn) }), 1), []);
    }
    assert.deepEqual(table().alive(alive("x", 1, { meta: new Uint8Array(513) }), 1), []);
  });

  it("ML-100, ML-109: another address of a living or dead member is a conflict, of a left one a return", () => {
    const moved = alive("x", 1, { addr: Uint8Array.of(10, 0, 0, 9) });
    const after = (change: (ring: Membership) => unknown, incarnation: number): string[] => {
      const ring = table();
      ring.alive(alive("x", 3), 1);
      change(ring);
      return kinds(ring.alive({ ...moved, incarnation }, 4));
    };
    const dies = (ring: Membership) => ring.dead(accuse("dead", "x", 3), 3);
    assert.deepEqual(
      [1, 3, 4].map((incarnation) => after(() => undefined, incarnation)),
      [["conflict"], ["conflict"], ["conflict", "spread", "suspected"]],
    );
    assert.deepEqual([after(dies, 1), after(dies, 3)], [["conflict"], ["conflict"]]);
    const other = table();
    other.alive(alive("x", 3), 1);
    other.dead(accuse("dead", "x", 3, "x"), 3);
    assert.deepEqual(kinds(other.alive(moved, 4)), ["spread", "joined"]);
    assert.equal(other.get("x")!.address, "10.0.0.9");
  });

  it("ML-109: a later incarnation elsewhere casts doubt on a living member, which may speak up; else it counts next time", () => {
    const moved = alive("x", 4, { addr: Uint8Array.of(10, 0, 0, 9) });
    for (const isThere of [true, false]) {
      const ring = table();
      ring.alive(alive("x", 3), 1);
      ring.alive(moved, 2);
      if (isThere) ring.alive(alive("x", 4), 3);
      ring.alive(moved, 4);
      assert.equal(ring.get("x")!.address, isThere ? "10.0.0.2" : "10.0.0.9");
      assert.equal(ring.get("x")!.state, "alive");
    }
    const own = table();
    own.alive({ ...moved, node: "self", incarnation: 9 }, 2);
    assert.equal(own.self!.state, "alive");
  });

  it("a conflict is told once, and once more where the state of the known one changed", () => {
    const ring = table();
    ring.alive(alive("x", 3), 1);
    const [here, there] = [9, 10].map((last) =>
      alive("x", 1, { addr: Uint8Array.of(10, 0, 0, last) }),
    );
    const tell = (message: AliveMessage): number => ring.alive(message, 2).length;
    assert.deepEqual([here!, here!, there!, there!].map(tell), [1, 0, 1, 0]);
    ring.suspect(accuse("suspect", "x", 3), 3);
    assert.deepEqual([there!, there!].map(tell), [1, 0]);
    ring.alive(alive("x", 4), 4);
    assert.deepEqual([there!, there!].map(tell), [1, 0]);
  });

  it("ML-109: the name of a dead member goes to another address with the contradiction, where stock members wait for 30 s", () => {
    const ring = table();
    ring.alive(alive("x", 3), 1);
    ring.dead(accuse("dead", "x", 3), 2);
    const moved = alive("x", 4, { addr: Uint8Array.of(10, 0, 0, 9) });
    assert.deepEqual(kinds(ring.alive(moved, 3)), ["spread", "joined"]);
    assert.equal(ring.get("x")!.address, "10.0.0.9");
    // The old one, should it be there after all, is the one in conflict.
    assert.deepEqual(kinds(ring.alive(alive("x", 4), 4)), ["conflict"]);
    assert.deepEqual(ring.dead(accuse("dead", "x", 3), 5), []);
    ring.suspect(accuse("suspect", "x", 4), 6);
    assert.deepEqual(kinds(ring.alive(alive("x", 4), 7)), ["conflict"]);
    assert.deepEqual(kinds(ring.alive(alive("x", 5), 7)), ["cleared", "spread", "updated"]);
    assert.equal(ring.get("x")!.address, "10.0.0.2");
  });

  it("ML-101, ML-103, ML-157: a suspect is passed on, stays usable, and raises no event", () => {
    const ring = table();
    ring.alive(alive("x", 1), 1);
    assert.deepEqual(kinds(ring.suspect(accuse("suspect", "x", 1), 2)), ["spread", "suspected"]);
    assert.ok(isUsable(ring.get("x")!));
    assert.deepEqual(ring.suspect(accuse("suspect", "unknown", 1), 2), []);
    assert.deepEqual(ring.suspect(accuse("suspect", "x", 0, "third"), 2), []);
  });

  it("ML-73, ML-106: a suspicion of our own that we are told again is no confirmation, and ends no later", () => {
    const ring = table();
    ring.alive(alive("x", 1), 1);
    const [, first] = ring.suspect(accuse("suspect", "x", 1, "self"), 2);
    assert.deepEqual(ring.suspect(accuse("suspect", "x", 1, "self"), 500), [first]);
    ring.suspect(accuse("suspect", "x", 1, "other"), 600);
    assert.deepEqual(ring.suspect(accuse("suspect", "x", 1, "other"), 700), []);
  });

  it("ML-101: a suspect that speaks up with a later incarnation is one no more", () => {
    const ring = table();
    ring.alive(alive("x", 1), 1);
    ring.suspect(accuse("suspect", "x", 1), 2);
    assert.deepEqual(kinds(ring.alive(alive("x", 2), 3)), ["cleared", "spread"]);
    assert.deepEqual(ring.suspicionOver("x", 60_000), []);
  });

  it("ML-102: a death is believed with the same incarnation, once, and not with an earlier one", () => {
    const ring = table();
    ring.alive(alive("x", 2), 1);
    assert.deepEqual(ring.dead(accuse("dead", "x", 1), 2), []);
    assert.deepEqual(kinds(ring.dead(accuse("dead", "x", 2), 2)), ["spread", "left"]);
    assert.equal(ring.get("x")!.state, "dead");
    assert.deepEqual(ring.dead(accuse("dead", "x", 2), 3), []);
  });

  it("ML-102: who is dead already stays so for each incarnation that others find dead, though we never heard of it", () => {
    const ring = table();
    ring.alive(alive("x", 2), 1);
    ring.dead(accuse("dead", "x", 2), 2);
    assert.deepEqual(ring.dead(accuse("dead", "x", 4), 3), []);
    assert.deepEqual(ring.alive(alive("x", 4), 4), []);
    assert.deepEqual(kinds(ring.alive(alive("x", 5), 5)), ["spread", "joined"]);
  });

  it("ML-102, ML-174: a goodbye in any packet, and repeated, makes a member left", () => {
    const ring = table();
    ring.alive(alive("x", 2), 1);
    ring.dead(accuse("dead", "x", 2, "x"), 2);
    ring.dead(accuse("dead", "x", 2, "x"), 3);
    assert.equal(ring.get("x")!.state, "left");
  });

  it("ML-104, ML-105: who is called suspect or dead says the contrary, above what it was accused with", () => {
    for (const kind of ["suspect", "dead"] as const) {
      const ring = table();
      const effects = ring[kind](accuse(kind, "self", 7), 1);
      assert.deepEqual(kinds(effects), ["spread", "refuted"]);
      assert.equal(ring.self!.incarnation, 8);
      assert.equal(ring.self!.state, "alive");
    }
  });

  it("ML-175: an echo of our own news is no accusation, another's claim to our name is", () => {
    const ring = table();
    assert.deepEqual(ring.alive(alive("self", 1), 1), []);
    assert.deepEqual(kinds(ring.alive(alive("self", 4), 2)), ["spread", "refuted"]);
    assert.equal(ring.self!.incarnation, 5);
  });

  it("ML-107: a suspicion ends in a death told by us, also where the timer comes a hair too early", () => {
    const ring = table();
    ring.alive(alive("x", 1), 0);
    ring.suspect(accuse("suspect", "x", 1), 0);
    assert.deepEqual(ring.suspicionOver("x", 3000), []);
    const effects = ring.suspicionOver("x", 3999.999);
    assert.deepEqual(kinds(effects), ["cleared", "spread", "left"]);
  });

  it("ML-108: who has left is not called back", () => {
    const ring = table();
    assert.deepEqual(kinds(ring.leave(1)), ["spread", "left"]);
    assert.deepEqual(ring.alive(alive("self", 9), 2), []);
    assert.equal(ring.self!.state, "left");
  });

  it("ML-81: the gone are forgotten after their time, left ones too", () => {
    const ring = table();
    ring.alive(alive("x", 1), 0);
    ring.dead(accuse("dead", "x", 1, "x"), 0);
    ring.forgetGone(30_000);
    assert.ok(ring.get("x"));
    ring.forgetGone(30_001);
    assert.equal(ring.get("x"), undefined);
  });

  it("keeps itself alive and all incarnations from falling, whatever it is told", () => {
    const names = fc.constantFrom("self", "x", "y");
    const message = fc.record({
      kind: fc.constantFrom("alive" as const, "suspect" as const, "dead" as const),
      node: names,
      from: names,
      incarnation: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
        const ring = table();
        for (const [at, { kind, node, from, incarnation }] of messages.entries()) {
          const before = new Map(ring.members);
          if (kind === "alive") ring.alive(alive(node, incarnation), at);
          else ring[kind](accuse(kind, node, incarnation, from), at);
          assert.equal(ring.self!.state, "alive");
          for (const [name, known] of before) {
            assert.ok(ring.get(name)!.incarnation >= known.incarnation);
          }
          for (const [name, member] of ring.members) {
            assert.equal(member.name, name);
            const isSuspect = member.state === "suspect";
            assert.equal(ring.suspicionOf(name) !== undefined, isSuspect);
          }
        }
      }),
    );
  });
});
