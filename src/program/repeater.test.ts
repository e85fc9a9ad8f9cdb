import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, it } from "node:test";
import { Repeater } from "./repeater.ts";

describe("Repeater", () => {
  it("ST-1: any number of wakes during a run lead to one more", async () => {
    let runs = 0;
    let finish: () => void = () => undefined;
    const run = (): Promise<void> => {
      runs++;
      return new Promise((resolve) => (finish = resolve));
    };
    const work = new Repeater(run, { onTrouble: () => assert.fail() });
    for (let wake = 0; wake < 5; wake++) work.wake();
    assert.equal(runs, 1);
    finish();
    await nextTurn();
    assert.equal(runs, 2);
    finish();
    await nextTurn();
    assert.equal(runs, 2);
  });

  it("CTL-7: a failure is told once, and tried again after pauses that grow to 30 s", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    let runs = 0;
    const told: unknown[] = [];
    const run = (): Promise<void> => {
      runs++;
      return runs > 9 ? Promise.resolve() : Promise.reject(new Error(`no ${runs}`));
    };
    const work = new Repeater(run, { onTrouble: (error) => told.push(String(error)) });
    work.wake();
    for (const pause of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]) {
      await nextTurn();
      const before = runs;
      context.mock.timers.tick(pause - 1);
      assert.equal(runs, before);
      context.mock.timers.tick(1);
      assert.equal(runs, before + 1);
    }
    assert.deepEqual(told, ["Error: no 1"]);
    await nextTurn();
    work.stop();
    work.wake();
    assert.equal(runs, 10);
  });
});
