import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { MapShape } from "../bpf/index.ts";
import { requireKernelPrograms } from "../testing/kernel-rights.ts";
import type { BpfError } from "./bpf-call.ts";
import { BpfMap, type MapFullError } from "./bpf-map.ts";

const SHAPE: MapShape = { name: "test_map", type: "hash", keyBytes: 4, valueBytes: 16 };

function key(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}
const value = (fill: number) => Buffer.alloc(16, fill);

describe("BPF map", () => {
  const maps: BpfMap[] = [];
  function make(shape: MapShape, maxEntries: number): BpfMap {
    const map = new BpfMap(shape, maxEntries);
    maps.push(map);
    return map;
  }
  /** The last byte of each value by its key. */
  function read(map: BpfMap): Map<number, number> {
    const found = new Map<number, number>();
    map.visit((k, v) => found.set(k.readUInt32LE(), v.at(-1)!));
    return found;
  }
  before(() => requireKernelPrograms());
  after(() => {
    for (const map of maps) map.close();
  });

  it("gives back what was written, replaces it, and takes it out", () => {
    const map = make(SHAPE, 8);
    assert.equal(map.get(key(1)), undefined);
    map.set(key(1), value(7));
    map.set(key(2), value(8));
    assert.deepEqual(map.get(key(1)), value(7));
    map.set(key(1), value(9));
    assert.deepEqual(map.take(key(1)), value(9));
    assert.equal(map.take(key(1)), undefined);
    assert.deepEqual(map.get(key(2)), value(8));
  });

  it("reads all entries, also more than fit one call, and none of an empty map", () => {
    const map = make(SHAPE, 20_000);
    assert.equal(read(map).size, 0);
    for (let number = 0; number < 20_000; number++) map.set(key(number), value(number % 256));
    const found = read(map);
    assert.equal(found.size, 20_000);
    for (const [number, last] of found) assert.equal(last, number % 256);
  });

  it("says when it is full, and takes changes to what is in it", () => {
    const map = make(SHAPE, 3);
    for (const number of [1, 2, 3]) map.set(key(number), value(number));
    assert.throws(() => map.set(key(4), value(4)), {
      name: "Error",
      code: "ERR_MAP_FULL",
      message: "the BPF map test_map is full: it holds 3 entries",
    } satisfies Partial<MapFullError>);
    map.set(key(3), value(30));
    assert.deepEqual(map.get(key(3)), value(30));
  });

  it("an LRU hash is never full: what was not used for longest makes room", () => {
    const map = make({ ...SHAPE, type: "lru" }, 1000);
    for (let number = 0; number < 20_000; number++) map.set(key(number), value(7));
    const { size } = read(map);
    assert.ok(size > 0 && size <= 1000, `${size} entries`);
    assert.equal(map.get(key(0)), undefined);
    assert.deepEqual(map.get(key(19_999)), value(7));
  });

  it("an array has its one element from the start", () => {
    const map = make({ ...SHAPE, type: "array" }, 1);
    assert.deepEqual(map.get(key(0)), value(0));
    map.set(key(0), value(5));
    assert.deepEqual(map.get(key(0)), value(5));
  });

  it("says which map the kernel does not make, and why", () => {
    assert.throws(() => new BpfMap({ ...SHAPE, keyBytes: 0 }, 1), {
      name: "BpfError",
      code: "EINVAL",
      message: "cannot make the BPF map test_map: EINVAL",
    } satisfies Partial<BpfError>);
  });

  it("after close it touches nothing, whoever has its number now", () => {
    const closed = new BpfMap(SHAPE, 4);
    const { fd } = closed;
    closed.close();
    const next = make(SHAPE, 4);
    assert.equal(next.fd, fd);
    closed.close();
    assert.throws(() => closed.set(key(1), value(1)), { code: "EBADF" });
    assert.equal(read(next).size, 0);
  });
});
