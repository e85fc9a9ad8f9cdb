import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { WorkQueue } from "./work-queue.ts";

describe("WorkQueue", () => {
  it("a key asked for twice is worked on once", () => {
    const queue = new WorkQueue();
    queue.add("a");
    queue.add("a");
    assert.equal(queue.take(0), "a");
    assert.equal(queue.take(0), undefined);
  });

  it("a key asked for during its work comes again after it, never beside it", () => {
    const queue = new WorkQueue();
    queue.add("a");
    queue.take(0);
    queue.add("a");
    assert.equal(queue.take(0), undefined);
    queue.done("a");
    assert.equal(queue.take(0), "a");
  });

  it("CTL-16: the delay of a failing key doubles from 5 ms to 1000 s and starts anew after a success", () => {
    const queue = new WorkQueue();
    let nowMs = 0;
    const delays: number[] = [];
    queue.add("a");
    for (let failure = 0; failure < 20; failure++) {
      assert.equal(queue.take(nowMs), "a");
      queue.retry("a", nowMs);
      const dueMs = queue.nextDueMs() ?? Number.NaN;
      delays.push(dueMs - nowMs);
      assert.equal(queue.take(dueMs - 1), undefined);
      nowMs = dueMs;
    }
    assert.deepEqual(delays.slice(0, 4), [5, 10, 20, 40]);
    assert.equal(delays.at(-1), 1_000_000);
    assert.equal(queue.take(nowMs), "a");
    queue.done("a");
    queue.add("a");
    queue.take(nowMs);
    queue.retry("a", nowMs);
    assert.equal((queue.nextDueMs() ?? 0) - nowMs, 5);
  });

  it("CTL-16: retries of all keys share 10 a second after a burst of 100; L2-59: first tries do not", () => {
    const queue = new WorkQueue();
    const keys = Array.from({ length: 300 }, (_, index) => `s${index}`);
    for (const key of keys) queue.add(key);
    let firstTries = 0;
    for (let key = queue.take(0); key !== undefined; key = queue.take(0)) {
      firstTries++;
      queue.retry(key, 0);
    }
    assert.equal(firstTries, 300);
    assert.equal(drain(queue, 5), 100);
    assert.equal(drain(queue, 10_000), 100);
    assert.equal(drain(queue, 20_000), 100);
  });

  it("a new request overtakes a retry that waits, and is not repeated by it", () => {
    const queue = new WorkQueue();
    queue.add("a");
    queue.take(0);
    queue.retry("a", 0);
    queue.add("a");
    assert.equal(queue.take(1), "a");
    queue.done("a");
    assert.equal(queue.take(1_000_000), undefined);
    assert.equal(queue.nextDueMs(), undefined);
  });

  it("whatever the order of calls, every key asked for is worked on and none twice at once", () => {
    const calls = fc.array(fc.tuple(fc.constantFrom("add", "take", "done", "retry"), fc.nat(4)));
    fc.assert(
      fc.property(calls, (steps) => {
        const queue = new WorkQueue();
        const working = new Set<string>();
        const owed = new Set<string>();
        let nowMs = 0;
        for (const [call, number] of steps) {
          const key = `k${number}`;
          nowMs += 50;
          if (call === "add") {
            queue.add(key);
            owed.add(key);
          } else if (call === "take") {
            const taken = queue.take(nowMs);
            if (taken === undefined) continue;
            assert.ok(!working.has(taken));
            working.add(taken);
            owed.delete(taken);
          } else if (working.delete(key)) {
            if (call === "done") queue.done(key);
            else {
              queue.retry(key, nowMs);
              owed.add(key);
            }
          }
        }
        for (const key of working) queue.done(key);
        for (let key = queue.take(1e9); key !== undefined; key = queue.take(1e9)) {
          owed.delete(key);
          queue.done(key);
        }
        assert.deepEqual([...owed], []);
      }),
    );
  });
});

/** Finishes what is ready at `nowMs`; how many keys it was. */
function drain(queue: WorkQueue, nowMs: number): number {
  let count = 0;
  for (let key = queue.take(nowMs); key !== undefined; key = queue.take(nowMs)) {
    queue.done(key);
    count++;
  }
  return count;
}
