import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { type Claim, type ConflictNews, Conflicts } from "./conflicts.ts";

const FOREIGN = "02:00:00:00:00:99";
const PERIOD_MS = 2000;

for (const [family, VIP] of [
  ["IPv4", "192.168.1.240"],
  ["IPv6", "fd00::240"],
] as const) {
  describe(`conflicts, ${family}`, () => {
    const claim = (nowMs: number, more: Partial<Claim> = {}): Claim => ({
      ip: VIP,
      mac: FOREIGN,
      on: "eth0",
      kind: "claims",
      confirmed: "no",
      isMember: false,
      nowMs,
      ...more,
    });
    function owned(): Conflicts {
      const conflicts = new Conflicts();
      conflicts.owned(VIP, 0);
      return conflicts;
    }

    it("RFC 5227 section 2.4: one claim is told within five seconds, once, and taken back after three minutes", () => {
      const conflicts = owned();
      assert.deepEqual(conflicts.claim(claim(10_000)), []);
      assert.deepEqual(conflicts.tick(12_000, PERIOD_MS), []);
      const told = conflicts.tick(13_000, PERIOD_MS);
      assert.deepEqual(
        told.map(({ kind }) => kind),
        ["told"],
      );
      assert.equal(told[0]?.conflict.mac, FOREIGN);
      conflicts.claim(claim(14_000));
      assert.deepEqual(conflicts.tick(18_000, PERIOD_MS), []);
      assert.deepEqual(conflicts.tick(193_000, PERIOD_MS), []);
      assert.deepEqual(
        conflicts.tick(194_000, PERIOD_MS).map(({ kind }) => kind),
        ["over"],
      );
      assert.equal(conflicts.isWaiting, false);
    });

    it("what an owner hears while it takes over is the one before, unless it goes on", () => {
      const conflicts = owned();
      conflicts.claim(claim(2900));
      assert.deepEqual(conflicts.tick(20_000, PERIOD_MS), []);
      conflicts.claim(claim(20_000));
      assert.deepEqual(conflicts.tick(22_999, PERIOD_MS), []);
      assert.equal(conflicts.tick(23_000, PERIOD_MS).length, 1);
    });

    it("what an owner hears before it gives the address up is the next one", () => {
      const conflicts = owned();
      conflicts.claim(claim(10_000));
      conflicts.notOwned(VIP);
      assert.deepEqual(conflicts.tick(13_000, PERIOD_MS), []);
      assert.deepEqual(conflicts.tick(60_000, PERIOD_MS), []);
      assert.equal(conflicts.isWaiting, false);
    });

    it("the first frame of a hand-over soon after another one is no conflict yet", () => {
      const conflicts = owned();
      conflicts.claim(claim(100));
      conflicts.claim(claim(20_000));
      assert.deepEqual(conflicts.tick(20_500, PERIOD_MS), []);
      conflicts.notOwned(VIP);
      assert.deepEqual(conflicts.tick(60_000, PERIOD_MS), []);
    });

    it("a burst of another speaker of ours is no conflict, unless it is heard for three seconds", () => {
      const conflicts = owned();
      for (const nowMs of [10_000, 11_000, 12_900]) {
        conflicts.claim(claim(nowMs, { isMember: true }));
      }
      assert.deepEqual(conflicts.tick(42_899, PERIOD_MS), []);
      conflicts.tick(42_900, PERIOD_MS);
      assert.equal(conflicts.isWaiting, false);
      conflicts.claim(claim(50_000, { isMember: true }));
      conflicts.claim(claim(53_000, { isMember: true }));
      assert.equal(conflicts.tick(53_000, PERIOD_MS).length, 1);
    });

    it("what the wire check has heard twice is told at once", () => {
      const conflicts = new Conflicts();
      const news = conflicts.claim(claim(5, { kind: "answers", confirmed: "twice" }));
      assert.deepEqual(
        news.map(({ kind }) => kind),
        ["told"],
      );
      assert.deepEqual(conflicts.claim(claim(6, { confirmed: "twice" })), []);
      assert.deepEqual(
        [...conflicts.toldOf(VIP)].map(({ mac }) => mac),
        [FOREIGN],
      );
    });

    it("what comes again after the address was well, or instead of the owner now, is told again", () => {
      const conflicts = new Conflicts();
      conflicts.claim(claim(5, { kind: "answers", confirmed: "anew" }));
      const [again] = conflicts.claim(claim(60_000, { kind: "instead", confirmed: "anew" }));
      assert.deepEqual([again?.kind, again?.conflict.kind], ["told", "instead"]);
      assert.deepEqual(
        [...conflicts.toldOf(VIP)].map(({ kind }) => kind),
        ["instead"],
      );
      assert.equal(conflicts.tick(240_000, PERIOD_MS)[0]?.kind, "over");
      assert.equal(conflicts.isWaiting, false);
    });

    it("who answers in silence is taken back only after two questions, however seldom they come", () => {
      const conflicts = new Conflicts();
      const periodMs = 500_000;
      conflicts.claim(claim(0, { kind: "answers", confirmed: "twice" }));
      assert.deepEqual(conflicts.tick(periodMs, periodMs), []);
      assert.deepEqual(conflicts.claim(claim(periodMs, { confirmed: "twice" })), []);
      assert.deepEqual(conflicts.tick(3.4 * periodMs, periodMs), []);
      assert.equal(conflicts.tick(3.5 * periodMs, periodMs)[0]?.kind, "over");
    });

    it("a flood of forged claims keeps eight machines for an address, and counts the others", () => {
      const conflicts = owned();
      for (let index = 0; index < 10_000; index++) {
        conflicts.claim(claim(10_000, { mac: `02:00:00:00:00:${index}` }));
      }
      assert.equal(conflicts.tick(13_000, PERIOD_MS).length, 8);
      assert.equal(conflicts.overflow, 10_000 - 8);
    });
  });
}

describe("conflicts", () => {
  it("whatever is claimed, nothing is told twice without being taken back, and all is bounded", () => {
    const event = fc.record({
      ip: fc.integer({ min: 0, max: 200 }).map((last) => `192.0.2.${last}`),
      mac: fc.integer({ min: 0, max: 20 }).map(String),
      afterMs: fc.integer({ min: 0, max: 60_000 }),
      confirmed: fc.constantFrom("no" as const, "twice" as const),
      what: fc.constantFrom("claim", "claim", "claim", "owned", "notOwned", "forget"),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const conflicts = new Conflicts();
        const told = new Set<string>();
        const hear = (news: readonly ConflictNews[]): void => {
          for (const { kind, conflict } of news) {
            const key = `${conflict.ip} ${conflict.mac}`;
            assert.equal(told.has(key), kind === "over", `${kind} ${key}`);
            if (kind === "told") told.add(key);
            else told.delete(key);
          }
        };
        let nowMs = 0;
        for (const { ip, mac, afterMs, confirmed, what } of events) {
          nowMs += afterMs;
          hear(conflicts.tick(nowMs, PERIOD_MS));
          if (what === "owned") conflicts.owned(ip, nowMs);
          if (what === "notOwned") conflicts.notOwned(ip);
          if (what === "forget") {
            conflicts.forget(ip);
            for (const key of told) if (key.startsWith(`${ip} `)) told.delete(key);
          }
          if (what === "claim") {
            const isMember = afterMs % 2 === 0;
            hear(
              conflicts.claim({
                ip,
                mac,
                on: "eth0",
                kind: "claims",
                nowMs,
                confirmed,
                isMember,
              }),
            );
          }
          assert.deepEqual(
            new Set([...conflicts.told()].map((one) => `${one.ip} ${one.mac}`)),
            told,
          );
        }
        assert.equal(conflicts.tick(nowMs + 200_000, PERIOD_MS).length, told.size);
        assert.equal(conflicts.isWaiting, false);
      }),
    );
  });
});
