import assert from "node:assert/strict";
import test from "node:test";
import { libc } from "./libc.ts";
import { keepReturningMemory } from "./small-heap.ts";

test("what malloc keeps of freed memory is given back every half a minute, all of it", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const trim = t.mock.method(libc(), "malloc_trim");
  keepReturningMemory();
  t.mock.timers.tick(29_999);
  assert.equal(trim.mock.callCount(), 0);
  t.mock.timers.tick(30_001);
  const calls = trim.mock.calls.map(({ arguments: given, error }) => ({ given, error }));
  assert.deepEqual(calls, [
    { given: [0], error: undefined },
    { given: [0], error: undefined },
  ]);
});
