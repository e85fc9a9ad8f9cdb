import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress, parseAddress } from "../ip/index.ts";
import { AnnouncedAddresses } from "./announced-addresses.ts";
import { type BurstEvent, gratuitousArpFrames, GratuitousBursts } from "./gratuitous.ts";

const ip = (text: string) => parseAddress(text)!;
const A = ip("192.168.1.240");
const B = ip("192.168.1.241");

/** Runs the machine with a pretended clock and notes each round as "time address interface". */
function simulation(...announced: string[]) {
  const addresses = new AnnouncedAddresses();
  for (const text of announced) addresses.announce(text, ip(text), "all");
  const bursts = new GratuitousBursts(addresses);
  const rounds: string[] = [];
  let nextMs: number | undefined;
  let nowMs = 0;
  let mustContinue = false;
  const step = (event: BurstEvent): void => {
    if (event.kind !== "continue") nowMs = event.nowMs;
    for (const command of bursts.step(event)) {
      if (command.kind === "set-round-timer") nextMs = nowMs + 1100;
      else if (command.kind === "continue") mustContinue = true;
      else rounds.push(`${nowMs} ${formatAddress(command.ip)} ${command.on ?? "all"}`);
    }
  };
  const runTo = (endMs: number): void => {
    while (nextMs !== undefined && nextMs <= endMs) {
      const tickMs = nextMs;
      nextMs = undefined;
      step({ kind: "round-timer", nowMs: tickMs });
      runTurns();
    }
  };
  /** Continues as long as the machine asks for it; gives the number of turns that this took. */
  const runTurns = (): number => {
    let turns = 0;
    for (; mustContinue; turns++) {
      mustContinue = false;
      step({ kind: "continue" });
    }
    return turns;
  };
  return { addresses, rounds, step, runTo, runTurns, isIdle: () => nextMs === undefined };
}

describe("gratuitous ARP", () => {
  it("L2-130 L2-131 L2-132: an announced address gets rounds at 0, 1.1, 2.2, 3.3 and 4.4 s, then silence", () => {
    const { rounds, step, runTo, isIdle } = simulation("192.168.1.240");
    step({ kind: "announced", ip: A, nowMs: 0 });
    runTo(60_000);
    const all = ["0", "1100", "2200", "3300", "4400"].map((ms) => `${ms} 192.168.1.240 all`);
    assert.deepEqual(rounds, all);
    assert.ok(isIdle());
  });

  it("L2-132: a later address shares the running timer", () => {
    const { rounds, step, runTo } = simulation("192.168.1.240", "192.168.1.241");
    step({ kind: "announced", ip: A, nowMs: 0 });
    step({ kind: "announced", ip: B, nowMs: 500 });
    runTo(1100);
    assert.deepEqual(
      rounds.filter((r) => r.includes("241")),
      ["500 192.168.1.241 all", "1100 192.168.1.241 all"],
    );
  });

  it("L2-133: announcing again within a burst only moves its end", () => {
    const { rounds, step, runTo } = simulation("192.168.1.240");
    step({ kind: "announced", ip: A, nowMs: 0 });
    step({ kind: "announced", ip: A, nowMs: 1000 });
    runTo(60_000);
    const times = rounds.map((round) => Number(round.split(" ")[0]));
    assert.deepEqual(times, [0, 1100, 2200, 3300, 4400, 5500]);
  });

  it("L2-138: announcing after the burst ended starts a new one", () => {
    const { rounds, step, runTo } = simulation("192.168.1.240");
    step({ kind: "announced", ip: A, nowMs: 0 });
    runTo(20_000);
    step({ kind: "announced", ip: A, nowMs: 20_000 });
    runTo(60_000);
    assert.equal(rounds.length, 10);
  });

  it("L2-134: nothing is sent for an address withdrawn during its burst", () => {
    const { addresses, rounds, step, runTo } = simulation("192.168.1.240");
    step({ kind: "announced", ip: A, nowMs: 0 });
    addresses.withdraw("192.168.1.240");
    runTo(60_000);
    assert.deepEqual(rounds, ["0 192.168.1.240 all"]);
  });

  it("L2-87: an interface that came up gets a burst of every address it may carry, on it alone", () => {
    const { addresses, rounds, step, runTo } = simulation("192.168.1.240");
    addresses.announce("other", B, new Set(["eth1"]));
    step({ kind: "interface-came-up", name: "eth0", nowMs: 0 });
    runTo(60_000);
    assert.equal(rounds.length, 5);
    assert.ok(rounds.every((round) => round.endsWith("192.168.1.240 eth0")));
  });

  it("L2-87: an interface that comes up during a burst joins it", () => {
    const { rounds, step, runTo } = simulation("192.168.1.240");
    step({ kind: "announced", ip: A, nowMs: 0 });
    step({ kind: "interface-came-up", name: "eth0", nowMs: 1000 });
    runTo(1100);
    const expected = ["0 all", "1000 eth0", "1100 all"].map((r) =>
      r.replace(" ", " 192.168.1.240 "),
    );
    assert.deepEqual(rounds, expected);
  });

  it("L2-139: ten thousand announcements at once all get their first round", () => {
    const texts = Array.from({ length: 10_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    const { rounds, step } = simulation(...texts);
    for (const text of texts) step({ kind: "announced", ip: ip(text), nowMs: 0 });
    assert.equal(rounds.length, 10_000);
  });

  for (const cause of ["round-timer", "interface-came-up"] as const) {
    it(`L2-139: after ${cause}, rounds of many addresses are sent a few at a time, each once`, () => {
      const texts = Array.from({ length: 1000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
      const { rounds, step, runTurns } = simulation(...texts);
      if (cause === "round-timer") {
        for (const text of texts) step({ kind: "announced", ip: ip(text), nowMs: 0 });
      }
      rounds.length = 0;
      step({ kind: cause, name: "eth0", nowMs: 1100 });
      assert.ok(rounds.length > 0 && rounds.length < 100, `${rounds.length} rounds in one step`);
      assert.ok(runTurns() < 1000);
      assert.equal(new Set(rounds).size, 1000);
      assert.equal(rounds.length, 1000);
    });
  }

  it("L2-131 L2-134: a wait for its turn does not revive an address: withdrawn meanwhile, it is not told", () => {
    const texts = Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`);
    const { addresses, rounds, step, runTurns } = simulation(...texts);
    for (const text of texts) step({ kind: "announced", ip: ip(text), nowMs: 0 });
    rounds.length = 0;
    step({ kind: "round-timer", nowMs: 1100 });
    addresses.withdraw("10.0.0.99");
    runTurns();
    assert.equal(rounds.length, 99);
    assert.ok(!rounds.some((round) => round.includes("10.0.0.99 ")));
  });

  it("L2-131: after a long sleep of the machine a burst is over, nothing is made up for", () => {
    const { rounds, step, isIdle } = simulation("192.168.1.240");
    step({ kind: "announced", ip: A, nowMs: 0 });
    step({ kind: "round-timer", nowMs: 3_600_000 });
    assert.deepEqual(rounds, ["0 192.168.1.240 all"]);
    step({ kind: "announced", ip: A, nowMs: 3_600_001 });
    assert.equal(rounds.length, 2);
    assert.ok(!isIdle());
  });

  it("L2-135: a round is the request form, then the reply form, byte for byte", () => {
    const common = (operation: string) =>
      `ffffffffffff5254001234560806000108000604${operation}` +
      `525400123456c0a801f0ffffffffffffc0a801f0${"00".repeat(18)}`;
    const frames = gratuitousArpFrames("52:54:00:12:34:56", A);
    assert.deepEqual(
      frames.map((frame) => Buffer.from(frame).toString("hex")),
      [common("0001"), common("0002")],
    );
  });
});
