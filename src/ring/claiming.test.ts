import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lanTimings } from "../memberlist/index.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { claimAfterMs, keptUnwantedMs } from "./claims.ts";
import { Ring, type RingCommand } from "./index.ts";

const address = "192.0.2.1";
const use = (isHeld: boolean, isWanted = true) =>
  ({ kind: "use", use: { address, isWanted, isHeld } }) as const;

/** A ring of one, and complete. */
function ringAlone(): Ring {
  const ring = new Ring({
    name: "self",
    addr: Uint8Array.of(10, 0, 0, 1),
    port: 7946,
    timings: lanTimings,
    isEncrypted: false,
    random: seededRandom(1),
    beatMs: 0,
    firstSeq: 0,
  });
  ring.step({ kind: "start" }, 0);
  return ring;
}

const completeMs = 60_000;

const claimTimer = (commands: readonly RingCommand[]): string[] =>
  commands.flatMap((command) =>
    "name" in command && command.name === "claims" ? [command.kind] : [],
  );

const claimed = (commands: readonly RingCommand[]): string[] =>
  commands.flatMap((command) =>
    command.kind === "claims" ? command.news.map(({ owner }) => owner) : [],
  );

describe("a speaker that claims", () => {
  it("does so once it has held an address for long enough", () => {
    const ring = ringAlone();
    assert.deepEqual(claimTimer(ring.step(use(true), completeMs)), ["set-timer"]);
    const timed = ring.step({ kind: "timer", name: "claims" }, completeMs + claimAfterMs);
    assert.deepEqual(claimed(timed), ["self"]);
  });

  it("claims nothing more once it leaves, whatever it still holds", () => {
    const ring = ringAlone();
    ring.step(use(true), completeMs);
    assert.deepEqual(claimTimer(ring.step({ kind: "leave" }, completeMs + 100)), ["cancel-timer"]);
    const laterMs = completeMs + claimAfterMs;
    assert.deepEqual(claimTimer(ring.step(use(true), laterMs)), []);
    assert.deepEqual(claimed(ring.step({ kind: "timer", name: "claims" }, laterMs)), []);
  });

  it("forgets a claim that nobody wanted for long where a Service has the address again, and tells so", () => {
    const ring = ringAlone();
    ring.step(use(true), completeMs);
    ring.step({ kind: "timer", name: "claims" }, completeMs + claimAfterMs);
    const unwantedMs = completeMs + 1000;
    ring.step(use(false, false), unwantedMs);
    const forgotten = (nowMs: number): string[] =>
      ring
        .step(use(false), nowMs)
        .flatMap((command) => (command.kind === "claims" ? command.forgotten : []));
    assert.deepEqual(forgotten(unwantedMs + keptUnwantedMs), []);
    ring.step(use(false, false), unwantedMs + keptUnwantedMs);
    assert.deepEqual(forgotten(unwantedMs + 2 * keptUnwantedMs + 1), [address]);
    assert.equal(ring.claimedAddresses, 0);
  });
});
