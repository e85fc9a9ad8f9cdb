import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KERNEL_DROP_REASONS } from "./drop-reasons.ts";
import { HELPER } from "./kernel-interface.ts";
import { MAP_SHAPES } from "./map-layout.ts";
import { responderProgram } from "./responder-program.ts";

const maps = { interfaces: 11, ipv4: 12, ipv6: 13, senders: 14, drops: 15, heartbeat: 16 };
const limitNs = 3_000_000_000n;
const program = Buffer.from(responderProgram({ maps, heartbeatLimitNs: limitNs }));

interface Slot {
  readonly opcode: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
  /** The second slot of a wide instruction. */
  readonly next: number;
}

/** The program read back: instructions by the slot they begin in. */
function slots(): Map<number, Slot> {
  const found = new Map<number, Slot>();
  for (let at = 0; at < program.length;) {
    const opcode = program.readUInt8(at);
    const isWide = opcode === 0x18;
    found.set(at / 8, {
      opcode,
      source: program.readUInt8(at + 1) >> 4,
      offset: program.readInt16LE(at + 2),
      immediate: program.readInt32LE(at + 4),
      next: isWide ? program.readInt32LE(at + 12) : 0,
    });
    at += isWide ? 16 : 8;
  }
  return found;
}

const all = [...slots().values()];

describe("the program that answers in the kernel", () => {
  it("calls only the functions of the kernel that it needs", () => {
    const called = all.filter(({ opcode }) => opcode === 0x85).map(({ immediate }) => immediate);
    const allowed: number[] = Object.values(HELPER);
    assert.deepEqual(
      [...new Set(called)].sort((a, b) => a - b),
      allowed,
    );
  });

  it("uses every map that it was given, and the limit of the heartbeat", () => {
    const wide = all.filter(({ opcode }) => opcode === 0x18);
    const used = wide.filter(({ source }) => source !== 0).map(({ immediate }) => immediate);
    assert.deepEqual([...new Set(used)].sort(), Object.values(maps));
    const numbers = wide.filter(({ source }) => source === 0);
    assert.equal(numbers.length, 2);
    for (const { immediate, next } of numbers) {
      assert.equal((BigInt(next) << 32n) | BigInt(immediate >>> 0), limitNs);
    }
  });

  it("jumps to instructions, forward only", () => {
    const places = slots();
    for (const [slot, { opcode, offset }] of places) {
      const isJump = (opcode & 0x07) === 0x05 && opcode !== 0x85 && opcode !== 0x95;
      if (!isJump) continue;
      assert.ok(offset >= 0 && places.has(slot + 1 + offset), `slot ${slot}`);
    }
  });

  it("leaves the packet of others alone: it writes to packets through the kernel's functions only", () => {
    // A store through a register could reach a packet; all of ours go to the stack (r10).
    for (const [slot, { opcode }] of slots()) {
      const isStore = (opcode & 0x07) === 0x02 || (opcode & 0xe7) === 0x63;
      if (isStore) assert.equal(program.readUInt8(slot * 8 + 1) & 0x0f, 10, `slot ${slot}`);
    }
  });

  it("has a counter for every reason", () => {
    assert.equal(MAP_SHAPES.drops.valueBytes, KERNEL_DROP_REASONS.length * 8);
    assert.equal(new Set(KERNEL_DROP_REASONS).size, KERNEL_DROP_REASONS.length);
  });

  it("stays small: what other packets pass are its first five instructions", () => {
    assert.ok(program.length / 8 < 450, `${program.length / 8} slots`);
    const [description, protocol, isArp, isIpv6, pass] = all;
    assert.deepEqual(
      [description, protocol, isArp, isIpv6, pass].map((step) => step?.opcode),
      [0xbf, 0x61, 0x15, 0x15, 0x05],
    );
    const verdict = slots().get(4 + 1 + (pass?.offset ?? 0));
    assert.deepEqual([verdict?.opcode, verdict?.immediate], [0xb7, -1]);
  });
});
