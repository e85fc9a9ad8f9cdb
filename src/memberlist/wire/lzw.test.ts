import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { compressLzw, decompressLzw } from "./lzw.ts";

const LIMIT = 1 << 22;

/** Bytes of a fixed generator: with few values long strings repeat, with 256 hardly any does. */
function noise(length: number, values: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = (state >>> 24) % values;
  }
  return bytes;
}

/** Codes as bits, given with their widths. */
function codes(...list: [code: number, width: number][]): Uint8Array {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const [code, width] of list) {
    held |= code << bits;
    for (bits += width; bits >= 8; bits -= 8) {
      bytes.push(held & 0xff);
      held >>>= 8;
    }
  }
  return Uint8Array.from([...bytes, held]);
}

const text = (word: string): Uint8Array => new TextEncoder().encode(word);

describe("LZW", () => {
  it("ML-30: gives back what was compressed, for any bytes", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 2000 }), fc.array(fc.nat(2), { maxLength: 2000 })),
        (any) => {
          const bytes = Uint8Array.from(any);
          assert.deepEqual(decompressLzw(compressLzw(bytes), LIMIT), bytes);
        },
      ),
    );
  });

  it("ML-31: gives back every length around the changes of width and the clear code", () => {
    for (const change of [512, 1024, 2048, 4095]) {
      // Codes are given to strings from 258 on, one per byte while hardly a string repeats.
      for (let length = change - 270; length < change - 240; length += 1) {
        const counting = Uint8Array.from({ length }, (_, at) => (at * (1 + (at >> 8))) & 0xff);
        for (const bytes of [noise(length, 256), counting]) {
          const compressed = compressLzw(bytes);
          assert.ok(Buffer.compare(decompressLzw(compressed, LIMIT) as Uint8Array, bytes) === 0);
        }
      }
    }
  });

  it("ML-30: gives back data that fills the table many times", () => {
    for (const values of [1, 2, 3, 16, 64, 256]) {
      const bytes = noise(200_000, values);
      const restored = decompressLzw(compressLzw(bytes), LIMIT) as Uint8Array;
      assert.ok(Buffer.compare(restored, bytes) === 0, `${values} values`);
    }
  });

  it("ML-31, ML-171: takes data with and without a clear code in front, of an encoder that repeats nothing too", () => {
    const data = [
      [97, 9] as [number, number],
      [98, 9] as [number, number],
      [258, 9] as [number, number],
    ];
    const end: [number, number] = [257, 9];
    assert.deepEqual(decompressLzw(codes(...data, end), LIMIT), text("abab"));
    assert.deepEqual(decompressLzw(codes([256, 9], ...data, end), LIMIT), text("abab"));
    assert.deepEqual(decompressLzw(codes([256, 9], [256, 9], ...data, end), LIMIT), text("abab"));
    const letters = [97, 98, 97, 98].map((code): [number, number] => [code, 9]);
    assert.deepEqual(decompressLzw(codes(...letters, end), LIMIT), text("abab"));
    assert.notDeepEqual(compressLzw(text("abab")), codes(...letters, end));
  });

  it("ML-30: takes the string that is only being made", () => {
    assert.deepEqual(
      decompressLzw(codes([97, 9], [258, 9], [259, 9], [257, 9]), LIMIT),
      text("aaaaaa"),
    );
  });

  it("ML-30: the first code after a clear code adds no string", () => {
    const list: [number, number][] = [
      [97, 9],
      [98, 9],
      [256, 9],
      [99, 9],
      [258, 9],
      [257, 9],
    ];
    assert.deepEqual(decompressLzw(codes(...list), LIMIT), text("abccc"));
  });

  it("ML-32: refuses numbers that no string has yet, and data without its end", () => {
    assert.equal(decompressLzw(codes([258, 9], [257, 9]), LIMIT), "corrupt");
    assert.equal(decompressLzw(codes([97, 9], [259, 9], [257, 9]), LIMIT), "corrupt");
    assert.equal(decompressLzw(codes([97, 9], [98, 9]), LIMIT), "corrupt");
    assert.equal(decompressLzw(new Uint8Array(0), LIMIT), "corrupt");
    const whole = compressLzw(noise(3000, 7));
    for (let length = 0; length < whole.length - 1; length += 97) {
      assert.equal(decompressLzw(whole.subarray(0, length), LIMIT), "corrupt");
    }
  });

  it("ML-31: goes on without a clear code when the table is full, as GIF allows", () => {
    // An encoder that never clears: literals only, so every code adds a string until there are 4096.
    const bytes = noise(9000, 256);
    const list: [number, number][] = [];
    for (const [at, byte] of bytes.entries()) {
      // Before this code the decoder has added one string per code after the first.
      const next = Math.min(258 + Math.max(0, at - 1), 4096);
      list.push([byte, Math.min(12, Math.max(9, Math.floor(Math.log2(next)) + 1))]);
    }
    assert.ok(
      Buffer.compare(decompressLzw(codes(...list, [257, 12]), LIMIT) as Uint8Array, bytes) === 0,
    );
  });

  it("ML-121: refuses a bomb while it goes off, not after", () => {
    const bomb = compressLzw(new Uint8Array(3_000_000));
    assert.ok(bomb.length < 5000);
    assert.equal(decompressLzw(bomb, 2_999_999), "too-large");
    assert.equal((decompressLzw(bomb, 3_000_000) as Uint8Array).length, 3_000_000);
    // What comes after the limit is not even looked at.
    const cut = bomb.subarray(0, bomb.length - 20);
    assert.equal(decompressLzw(cut, 1_000_000), "too-large");
    assert.equal(decompressLzw(cut, 3_000_000), "corrupt");
  });

  it("ML-121, ML-144: makes nothing of a bomb, so that answers to probes need not wait for it", () => {
    const limit = 4 * 1024 * 1024;
    const bomb = compressLzw(new Uint8Array(limit + 1));
    const before = process.memoryUsage().arrayBuffers;
    assert.equal(decompressLzw(bomb, limit), "too-large");
    assert.ok(process.memoryUsage().arrayBuffers - before < limit / 4);
  });

  it("never throws and never gives more than the limit, for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(5000), (bytes, limit) => {
        const restored = decompressLzw(bytes, limit);
        assert.ok(typeof restored === "string" || restored.length <= limit);
      }),
    );
  });
});
