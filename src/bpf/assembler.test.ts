import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { assemble, AssemblyError } from "./assembler.ts";
import {
  add,
  and,
  at,
  atomicAdd,
  call,
  exit,
  framePointer,
  jump,
  jumpIf,
  label,
  load,
  loadMap,
  loadMapValue,
  loadNumber,
  move,
  or,
  r0,
  r1,
  r2,
  r3,
  r6,
  r8,
  shiftRight,
  type Step,
  store,
  subtract,
  type Width,
  xor,
} from "./instruction.ts";

const hex = (steps: Step[]) => Buffer.from(assemble(steps)).toString("hex");
/** The bytes of one instruction, without the exit behind it. */
const one = (step: Step) => hex([step, exit()]).slice(0, -16);

describe("eBPF assembler", () => {
  // Computed by hand from the tables of RFC 9669: opcode, registers (source high), offset, immediate.
  const encodings: [what: string, step: Step, bytes: string][] = [
    ["r6 = r1", move(r6, r1), "bf16000000000000"],
    ["r0 = -1", move(r0, -1), "b7000000ffffffff"],
    ["r1 += 42", add(r1, 42), "070100002a000000"],
    ["r1 += r2", add(r1, r2), "0f21000000000000"],
    ["r0 -= r1", subtract(r0, r1), "1f10000000000000"],
    ["r1 |= 255", or(r1, 255), "47010000ff000000"],
    ["r1 &= r2", and(r1, r2), "5f21000000000000"],
    ["r1 >>= 16", shiftRight(r1, 16), "7701000010000000"],
    ["r0 ^= 0xffff", xor(r0, 0xffff), "a7000000ffff0000"],
    ["r1 = *(u8 *)(r6 + 20)", load(r1, 8, at(r6, 20)), "7161140000000000"],
    ["r1 = *(u16 *)(r6 + 12)", load(r1, 16, at(r6, 12)), "69610c0000000000"],
    ["r2 = *(u32 *)(r6 + 76)", load(r2, 32, at(r6, 76)), "61624c0000000000"],
    ["r1 = *(u64 *)(r10 - 8)", load(r1, 64, at(framePointer, -8)), "79a1f8ff00000000"],
    ["*(u8 *)(r10 - 1) = 136", store(8, at(framePointer, -1), 136), "720affff88000000"],
    ["*(u16 *)(r10 - 4) = 512", store(16, at(framePointer, -4), 512), "6a0afcff00020000"],
    ["*(u32 *)(r10 - 4) = r1", store(32, at(framePointer, -4), r1), "631afcff00000000"],
    ["*(u64 *)(r10 - 8) = 0", store(64, at(framePointer, -8), 0), "7a0af8ff00000000"],
    ["lock *(u64 *)(r8 + 8) += r1", atomicAdd(at(r8, 8), r1), "db18080000000000"],
    ["call 26", call(26), "850000001a000000"],
    ["exit", exit(), "9500000000000000"],
    ["r2 = 3000000000 ll", loadNumber(r2, 3_000_000_000n), "18020000005ed0b20000000000000000"],
    [
      "r2 = 0x1122334455667788 ll",
      loadNumber(r2, 0x1122_3344_5566_7788n),
      "18020000887766550000000044332211",
    ],
    ["r1 = map 7", loadMap(r1, 7), "18110000070000000000000000000000"],
    ["r2 = &map 7[0] + 16", loadMapValue(r2, 7, 16), "18220000070000000000000010000000"],
  ];
  for (const [what, step, bytes] of encodings) {
    it(`encodes ${what}`, () => assert.equal(one(step), bytes));
  }

  it("counts the offset of a jump from the next instruction, and a wide one as two", () => {
    const program = [
      jumpIf(r1, "==", 1, "end"),
      jumpIf(r1, "!=", r2, "end"),
      jumpIf(r1, ">", r2, "next"),
      label("next"),
      jump("end"),
      loadNumber(r0, 5n),
      label("end"),
      exit(),
    ];
    const expected = [
      "1501050001000000",
      "5d21040000000000",
      "2d21000000000000",
      "0500020000000000",
      "18000000050000000000000000000000",
      "9500000000000000",
    ];
    assert.equal(hex(program), expected.join(""));
  });

  it("encodes every aligned access so that its fields can be read back", () => {
    const width = fc.constantFrom<Width>(8, 16, 32, 64);
    const offset = fc.integer({ min: -32_768, max: 32_767 });
    fc.assert(
      fc.property(width, offset, fc.nat(8), fc.nat(8), (bits, place, left, right) => {
        const view = Buffer.from(
          assemble([load({ number: left }, bits, at({ number: right }, place)), exit()]),
        );
        const sizes = [32, 16, 8, 64];
        assert.equal(sizes[(view[0]! >> 3) & 3], bits);
        assert.deepEqual([view[1]! & 15, view[1]! >> 4, view.readInt16LE(2)], [left, right, place]);
      }),
    );
  });

  const wrong: [what: string, program: Step[], message: RegExp][] = [
    ["an unknown label", [jump("nowhere"), exit()], /instruction 0 \(jump\): .*no label "nowhere"/],
    ["a label twice", [label("a"), label("a"), exit()], /label "a" is there twice/],
    [
      "a jump back, which might never end",
      [label("a"), move(r0, 0), jump("a"), exit()],
      /instruction 1 \(jump\): the label "a" lies behind it/,
    ],
    ["a jump to itself", [label("a"), jump("a"), exit()], /"a" lies behind/],
    ["r11", [move({ number: 11 }, 0), exit()], /instruction 0 \(move\): there is no register r11/],
    ["r-1 as source", [move(r0, { number: -1 }), exit()], /no register r-1/],
    [
      "writing the frame pointer",
      [move(r1, 0), add(framePointer, 8), exit()],
      /instruction 1 \(add\): r10, the frame pointer, cannot be written/,
    ],
    ["an immediate of 33 bits", [move(r0, 2 ** 31), exit()], /2147483648 does not fit 32 bits/],
    ["half a number", [move(r0, 0.5), exit()], /immediate 0\.5 does not fit/],
    ["a far offset", [load(r0, 8, at(r1, 32_768)), exit()], /offset 32768 does not fit 16 bits/],
    [
      "a jump that is too long",
      [jump("end"), ...Array.from({ length: 32_768 }, () => move(r3, 0)), label("end"), exit()],
      /instruction 0 \(jump\): offset 32768 does not fit 16 bits/,
    ],
    ["nothing", [], /must end with exit: it is empty/],
    ["no exit", [move(r0, 0)], /must end with exit: it ends with instruction move/],
    ["a label behind the end", [exit(), label("a")], /it ends with label a/],
  ];
  for (const [what, program, message] of wrong) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => assemble(program),
        (error) => error instanceof AssemblyError && message.test(error.message),
      );
    });
  }
});
