import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { BroadcastQueue, type Outgoing } from "./broadcast-queue.ts";

/** News of that many bytes; their text is what the tests look at. */
function news(text: string, bytes = 40): Outgoing {
  const message = { kind: "user", payload: new TextEncoder().encode(text) } as const;
  return { message, bytes: new Uint8Array(bytes) };
}

function texts(taken: readonly Outgoing[]): string[] {
  return taken.map(({ message }) =>
    message.kind === "user" ? new TextDecoder().decode(message.payload) : "",
  );
}

describe("broadcast queue", () => {
  it("ML-91: gives the fewest transmissions first, then the larger, then the newer", () => {
    const queue = new BroadcastQueue();
    queue.add("a", news("small", 30));
    queue.add("b", news("large", 50));
    queue.add("c", news("small and newer", 30));
    assert.deepEqual(texts(queue.take(1400, 4)), ["large", "small and newer", "small"]);
    queue.add("d", news("fresh", 30));
    assert.deepEqual(texts(queue.take(1400, 4)), ["fresh", "large", "small and newer", "small"]);
  });

  it("ML-91: a message leaves after as many transmissions as the limit says", () => {
    const queue = new BroadcastQueue();
    queue.add("a", news("a"));
    for (let sent = 0; sent < 4; sent++) assert.equal(queue.take(1400, 4).length, 1);
    assert.equal(queue.size, 0);
    assert.deepEqual(queue.take(1400, 4), []);
  });

  it("ML-92: news about a member replace older news about it", () => {
    const queue = new BroadcastQueue();
    queue.add("a", news("old"));
    queue.take(1400, 4);
    queue.add("a", news("new"));
    assert.equal(queue.size, 1);
    assert.deepEqual(texts(queue.take(1400, 4)), ["new"]);
    assert.ok(queue.has("a"));
  });

  it("ML-93: each message costs its length and two bytes, and a smaller one fills what a larger leaves", () => {
    const queue = new BroadcastQueue();
    queue.add("a", news("large", 60));
    queue.add("b", news("larger", 70));
    queue.add("c", news("small", 30));
    assert.deepEqual(texts(queue.take(70 + 2 + 30 + 2, 4)), ["larger", "small"]);
    assert.deepEqual(texts(queue.take(61, 4)), ["small"]);
  });

  it("ML-91: sends every message exactly as often as the limit says, in whatever room", () => {
    const adds = fc.array(fc.integer({ min: 24, max: 200 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        adds,
        fc.integer({ min: 202, max: 1400 }),
        fc.integer({ min: 1, max: 16 }),
        (sizes, room, limit) => {
          const queue = new BroadcastQueue();
          for (const [at, size] of sizes.entries()) queue.add(`${at}`, news(`${at}`, size));
          const sent = new Map<string, number>();
          while (queue.size > 0) {
            const taken = queue.take(room, limit);
            const bytes = taken.reduce((sum, one) => sum + one.bytes.length + 2, 0);
            assert.ok(taken.length > 0 && bytes <= room);
            for (const text of texts(taken)) sent.set(text, (sent.get(text) ?? 0) + 1);
          }
          assert.deepEqual(
            [...sent.values()],
            sizes.map(() => limit),
          );
        },
      ),
    );
  });
});
