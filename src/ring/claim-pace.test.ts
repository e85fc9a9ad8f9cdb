import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress } from "../ip/index.ts";
import type { Member } from "../memberlist/index.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { claimMessages, decodeClaims, encodeClaims } from "./claim-messages.ts";
import { claimAfterMs, type Claim } from "./claims.ts";
import { Claiming, type ClaimingCommand } from "./claiming.ts";
import { describeOwnKind } from "./own-kind.ts";

const many = 10_000;
const addressOf = {
  4: (index: number) => formatAddress({ family: 4, value: 0x0a00_0000n + BigInt(index) }),
  6: (index: number) => formatAddress({ family: 6, value: (0x2001_0db8n << 96n) + BigInt(index) }),
};
const completeMs = 60_000;

function memberOf(name: string, index: number): Member {
  const addr = Uint8Array.of(10, 0, 0, index + 1);
  const address = `10.0.0.${index + 1}`;
  const life = { incarnation: 1, state: "alive", changedMs: 0, vsn: new Uint8Array() } as const;
  return { name, addr, address, port: 7946, meta: describeOwnKind(200, new Map()), ...life };
}

interface Turn {
  readonly atMs: number;
  /** Addresses of the members that were told. */
  readonly told: ReadonlySet<string>;
  readonly packets: readonly Uint8Array[];
}

/** One speaker of a ring of ten, with its timers on a clock of its own. */
class Speaker {
  readonly turns: Turn[] = [];
  readonly claiming: Claiming;
  nowMs = completeMs;
  /** Claims that counted from one moment on: no others hear of them later than they can be told. */
  mostNews = 0;
  readonly #dueMs = new Map<string, number>();

  constructor(seed = 1) {
    const names = ["self", ...Array.from({ length: 9 }, (_, index) => `node${index}`)];
    const members = new Map(names.map((name, index) => [name, memberOf(name, index)]));
    this.claiming = new Claiming({
      name: "self",
      random: seededRandom(seed),
      members: () => members,
      user: (to, payload) => {
        const message = { kind: "user", payload } as const;
        const messages = [{ message, bytes: payload }];
        return { kind: "send", to, messages, withChecksum: false };
      },
    });
    this.claiming.heard(this.nowMs);
  }

  run(commands: readonly ClaimingCommand[]): void {
    const packets: Uint8Array[] = [];
    const told = new Set<string>();
    for (const command of commands) {
      if (command.kind === "set-timer") this.#dueMs.set(command.name, this.nowMs + command.ms);
      if (command.kind === "cancel-timer") this.#dueMs.delete(command.name);
      if (command.kind === "claims") this.mostNews = Math.max(this.mostNews, command.news.length);
      if (command.kind !== "send") continue;
      packets.push(...command.messages.map(({ bytes }) => bytes));
      told.add(command.to.address);
    }
    if (packets.length > 0) this.turns.push({ atMs: this.nowMs, told, packets });
  }

  /** Until no timer is left. */
  rest(): void {
    for (;;) {
      const [next] = [...this.#dueMs].sort(([, a], [, b]) => a - b);
      if (next === undefined) return;
      const [name, dueMs] = next;
      this.#dueMs.delete(name);
      this.nowMs = dueMs;
      this.claiming.heard(dueMs);
      this.run(this.claiming.onTimer(name, dueMs)!);
    }
  }
}

/** What four speakers got, in the turns of the teller. */
function assertPaced(turns: readonly Turn[], least: number): void {
  for (const { packets } of turns) {
    assert.ok(packets.length <= 20, `${packets.length} packets in one turn`);
    const bytes = packets.reduce((sum, { length }) => sum + length, 0);
    assert.ok(bytes <= 21_000, `${bytes} bytes in one turn`);
  }
  for (const [index, { atMs }] of turns.slice(1).entries()) {
    assert.ok(atMs - turns[index]!.atMs >= 5);
  }
  const told = turns.flatMap(({ packets }) => packets.flatMap((one) => decodeClaims(one)!));
  assert.equal(told.length, 4 * least);
  assert.equal(new Set(told.map(({ address }) => address)).size, least);
}

describe("ten thousand claims", () => {
  for (const family of [4, 6] as const) {
    it(`of IPv${family} addresses leave in batches, all within 0.2 s`, () => {
      const speaker = new Speaker();
      for (let index = 0; index < many; index++) {
        const address = addressOf[family](index);
        const use = { address, isWanted: true, isHeld: true };
        speaker.run(speaker.claiming.use(use, speaker.nowMs));
      }
      speaker.rest();
      assertPaced(speaker.turns, many);
      assert.equal(speaker.mostNews, 250);
      const lastMs = speaker.turns.at(-1)!.atMs - completeMs;
      assert.ok(lastMs <= claimAfterMs + 250 + 200, `${lastMs} ms`);
    });
  }

  it("that come with another's table are passed on in batches", () => {
    const speaker = new Speaker();
    const claimsOf = (from: number, to: number): Claim[] =>
      Array.from({ length: to - from }, (_, index) => {
        return { address: addressOf[4](from + index), owner: `node${index % 9}`, term: 1 };
      });
    speaker.run(speaker.claiming.onState(encodeClaims(claimsOf(0, 1)), speaker.nowMs));
    assert.equal(speaker.turns.length, 0);
    speaker.run(speaker.claiming.onState(encodeClaims(claimsOf(0, many)), speaker.nowMs));
    speaker.rest();
    assertPaced(speaker.turns, many - 1);
  });

  it("of as many nodes at one time are passed on together, the first at once", () => {
    const speaker = new Speaker();
    for (let node = 0; node < 1000; node++) {
      const claims = Array.from({ length: 10 }, (_, index) => {
        return { address: addressOf[4](10 * node + index), owner: `worker-${node}`, term: 1 };
      });
      for (const payload of claimMessages(claims)) {
        speaker.run(speaker.claiming.onMessage(payload, speaker.nowMs)!);
      }
    }
    assert.equal(speaker.turns.length, 1);
    speaker.rest();
    assertPaced(speaker.turns, many);
    assert.equal(speaker.turns.length, 41);
  });

  it("of one owner are told to others", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const speaker = new Speaker(seed);
      speaker.run(speaker.claiming.onMessage(encodeClaims([first]), speaker.nowMs)!);
      const [turn] = speaker.turns;
      assert.equal(turn?.told.size, 4);
      assert.ok(!turn.told.has("10.0.0.3"), "node1 knows what it claims");
    }
  });

  it("are told no more once the speaker leaves", () => {
    const speaker = new Speaker();
    speaker.run(speaker.claiming.onState(encodeClaims([first]), speaker.nowMs));
    const claims = Array.from({ length: many }, (_, index) => {
      return { address: addressOf[4](index), owner: "node1", term: 1 };
    });
    speaker.run(speaker.claiming.onState(encodeClaims(claims), speaker.nowMs));
    assert.equal(speaker.turns.length, 1);
    speaker.run(speaker.claiming.leave());
    speaker.rest();
    assert.equal(speaker.turns.length, 1);
  });
});

const first: Claim = { address: "192.0.2.1", owner: "node1", term: 1 };
