import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatAddress, parseAddress } from "../ip/index.ts";
import { AnnouncedAddresses } from "./announced-addresses.ts";
import { type BurstEvent, GratuitousBursts, PACE_MS, ROUND_PERIOD_MS } from "./gratuitous.ts";

const ip = (text: string) => parseAddress(text)!;

/** Texts of so many addresses, from 10.0.0.0 or fd00:: on. */
const addressesOf = (family: 4 | 6, count: number) =>
  Array.from({ length: count }, (_, index) =>
    formatAddress({
      family,
      value: (family === 4 ? 0x0a00_0000n : 0xfd00n << 112n) + BigInt(index),
    }),
  );

interface SentRound {
  readonly atMs: number;
  readonly address: string;
  readonly on: string;
}

/** Runs the machine with a pretended clock and its two timers. */
function simulation(...announced: string[]) {
  const addresses = new AnnouncedAddresses();
  for (const text of announced) addresses.announce(text, ip(text), "all");
  const bursts = new GratuitousBursts(addresses);
  const sent: SentRound[] = [];
  const timers = new Map<"round-timer" | "pace-timer", number>();
  const step = (event: BurstEvent): void => {
    const { nowMs } = event;
    for (const command of bursts.step(event)) {
      if (command.kind === "set-round-timer") timers.set("round-timer", nowMs + ROUND_PERIOD_MS);
      else if (command.kind === "set-pace-timer") timers.set("pace-timer", nowMs + PACE_MS);
      else
        sent.push({
          atMs: nowMs,
          address: formatAddress(command.ip),
          on: command.on ?? "all",
        });
    }
  };
  const announce = (text: string, nowMs: number): void =>
    step({ kind: "announced", ip: ip(text), nowMs });
  const runTo = (endMs: number): void => {
    for (;;) {
      const [next] = [...timers].sort(([, a], [, b]) => a - b);
      if (next === undefined || next[1] > endMs) return;
      timers.delete(next[0]);
      step({ kind: next[0], nowMs: next[1] });
    }
  };
  const rounds = (): string[] => sent.map(({ atMs, address, on }) => `${atMs} ${address} ${on}`);
  return { addresses, sent, rounds, step, announce, runTo, isIdle: () => timers.size === 0 };
}

for (const [family, A, B] of [
  [4, "192.168.1.240", "192.168.1.241"],
  [6, "fd00:1::240", "fd00:1::241"],
] as const) {
  describe(`unasked announcements of IPv${family}`, () => {
    it("L2-130 L2-131 L2-132: an announced address gets rounds at 0, 1.1, 2.2, 3.3 and 4.4 s, then silence", () => {
      const { rounds, announce, runTo, isIdle } = simulation(A);
      announce(A, 0);
      runTo(60_000);
      const all = ["0", "1100", "2200", "3300", "4400"].map((ms) => `${ms} ${A} all`);
      assert.deepEqual(rounds(), all);
      assert.ok(isIdle());
    });

    it("L2-132: a later address shares the running timer", () => {
      const { rounds, announce, runTo } = simulation(A, B);
      announce(A, 0);
      announce(B, 500);
      runTo(1100);
      const ofB = rounds().filter((round) => round.includes(B));
      assert.deepEqual(ofB, [`500 ${B} all`, `1100 ${B} all`]);
    });

    it("L2-133: announcing again within a burst only moves its end", () => {
      const { sent, announce, runTo } = simulation(A);
      announce(A, 0);
      announce(A, 1000);
      runTo(60_000);
      assert.deepEqual(
        sent.map(({ atMs }) => atMs),
        [0, 1100, 2200, 3300, 4400, 5500],
      );
    });

    it("L2-138: announcing after the burst ended starts a new one", () => {
      const { sent, announce, runTo } = simulation(A);
      announce(A, 0);
      runTo(20_000);
      announce(A, 20_000);
      runTo(60_000);
      assert.equal(sent.length, 10);
    });

    it("L2-134: nothing is sent for an address withdrawn during its burst", () => {
      const { addresses, rounds, announce, runTo } = simulation(A);
      announce(A, 0);
      addresses.withdraw(A);
      runTo(60_000);
      assert.deepEqual(rounds(), [`0 ${A} all`]);
    });

    it("L2-87: an interface that came up gets a burst of every address it may carry, on it alone", () => {
      const { addresses, rounds, step, runTo } = simulation(A);
      addresses.announce("other", ip(B), new Set(["eth1"]));
      step({ kind: "interface-came-up", name: "eth0", family, nowMs: 0 });
      runTo(60_000);
      assert.equal(rounds().length, 5);
      assert.ok(rounds().every((round) => round.endsWith(`${A} eth0`)));
    });

    it("L2-87: an interface that comes up during a burst joins it", () => {
      const { rounds, announce, step, runTo } = simulation(A);
      announce(A, 0);
      step({ kind: "interface-came-up", name: "eth0", family, nowMs: 1000 });
      runTo(1100);
      const expected = ["0 all", "1000 eth0", "1100 all"].map((r) => r.replace(" ", ` ${A} `));
      assert.deepEqual(rounds(), expected);
    });

    it("L2-131: after a long sleep of the machine a burst is over, nothing is made up for", () => {
      const { rounds, announce, step, isIdle } = simulation(A);
      announce(A, 0);
      step({ kind: "round-timer", nowMs: 3_600_000 });
      assert.deepEqual(rounds(), [`0 ${A} all`]);
      announce(A, 3_600_001);
      assert.equal(rounds().length, 2);
      assert.ok(!isIdle());
    });

    it("L2-139: a hundred addresses announced at once have their first round without any wait", () => {
      const texts = addressesOf(family, 100);
      const { sent, announce } = simulation(...texts);
      for (const text of texts) announce(text, 0);
      assert.deepEqual(
        sent.map(({ address }) => address),
        texts,
      );
    });

    it("L2-139: 2,000 addresses at once: every first round within 0.2 s, repetitions over each whole period", () => {
      const texts = addressesOf(family, 2000);
      const { sent, announce, runTo } = simulation(...texts);
      for (const text of texts) announce(text, 0);
      runTo(200);
      assert.equal(sent.length, 2000);
      assert.equal(new Set(sent.map(({ address }) => address)).size, 2000);
      runTo(60_000);
      assert.equal(sent.length, 5 * 2000);
      assert.ok(mostWithin(sent.slice(2000), 100) <= 2 * 100 + 128);
    });

    it("L2-139: of ten thousand addresses none is told again before each was told once", () => {
      const texts = addressesOf(family, 10_000);
      const { sent, announce, runTo, isIdle } = simulation(...texts);
      for (const text of texts) announce(text, 0);
      runTo(60_000);
      assert.equal(new Set(sent.slice(0, 10_000).map(({ address }) => address)).size, 10_000);
      assert.ok((sent[9999]?.atMs ?? Infinity) <= 1000);
      const times = new Map<string, number>();
      for (const { address } of sent) times.set(address, (times.get(address) ?? 0) + 1);
      assert.ok(Math.min(...times.values()) >= 2, "each is repeated for who missed it");
      assert.ok(isIdle());
    });

    it("L2-139 L2-87: an interface that came up is told everything at the same bounded rate", () => {
      const texts = addressesOf(family, 1000);
      const { sent, step, runTo } = simulation(...texts);
      step({ kind: "interface-came-up", name: "eth0", family, nowMs: 0 });
      assert.ok(sent.length > 0 && sent.length < 200, `${sent.length} rounds in one step`);
      runTo(100);
      assert.equal(new Set(sent.map(({ address }) => address)).size, 1000);
    });

    it("L2-131 L2-134: a wait for its turn does not revive an address: withdrawn meanwhile, it is not told", () => {
      const texts = addressesOf(family, 1000);
      const last = texts[999]!;
      const { addresses, sent, announce, runTo } = simulation(...texts);
      for (const text of texts) announce(text, 0);
      addresses.withdraw(last);
      runTo(1000);
      assert.equal(sent.length, 999);
      assert.ok(!sent.some(({ address }) => address === last));
    });
  });
}

describe("unasked announcements of both families", () => {
  it("L2-87: an interface that came up for NDP repeats nothing of ARP", () => {
    const { rounds, step } = simulation("192.168.1.240", "fd00:1::240");
    step({ kind: "interface-came-up", name: "eth0", family: 6, nowMs: 0 });
    assert.deepEqual(rounds(), ["0 fd00:1::240 eth0"]);
  });

  it("L2-139: whatever is announced when, no ten milliseconds see more than 228 rounds, and each address is told", () => {
    const anyTimes = fc.array(fc.nat(3000), { minLength: 1, maxLength: 600 });
    fc.assert(
      fc.property(anyTimes, (times) => {
        const texts = [...addressesOf(4, times.length), ...addressesOf(6, times.length)];
        const { sent, announce, runTo } = simulation(...texts);
        const inOrder = times.flatMap((atMs, index) => [
          { atMs, text: texts[index]! },
          { atMs, text: texts[times.length + index]! },
        ]);
        for (const { atMs, text } of inOrder.sort((a, b) => a.atMs - b.atMs)) {
          runTo(atMs);
          announce(text, atMs);
        }
        runTo(60_000);
        assert.ok(mostWithin(sent, 10) <= 228);
        assert.equal(new Set(sent.map(({ address }) => address)).size, texts.length);
      }),
      { numRuns: 30 },
    );
  });
});

/** The most rounds in any so many milliseconds. */
function mostWithin(sent: readonly SentRound[], ms: number): number {
  let most = 0;
  let from = 0;
  for (const [to, { atMs }] of sent.entries()) {
    while ((sent[from]?.atMs ?? 0) <= atMs - ms) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
