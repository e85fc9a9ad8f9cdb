/** A map in the kernel, shared with a program: read and written by key. */

import type { MapShape } from "../bpf/index.ts";
import { BPF_COMMAND, BpfAttributes, BpfError } from "./bpf-call.ts";
import { OwnedDescriptor } from "./owned-descriptor.ts";

const MAP_TYPE = { hash: 1, array: 2, lru: 9 } as const;
/** Memory for an entry is taken when it is written, not for all of them at once. */
const NO_PREALLOCATION = 1;
/** How many entries one call reads. */
const BATCH_ENTRIES = 4096;
/** Where a batch stopped; the kernel writes fewer bytes. */
const POSITION_BYTES = 16;

/** The map holds as many entries as it was made for; `code` is `ERR_MAP_FULL`. */
export class MapFullError extends Error {
  readonly code = "ERR_MAP_FULL";
}

export class BpfMap {
  readonly #descriptor: OwnedDescriptor;
  readonly #shape: MapShape;
  readonly #maxEntries: number;
  readonly #key: Buffer;
  readonly #value: Buffer;
  /** For the commands on one entry: they point to `#key` and `#value`. */
  readonly #entry: BpfAttributes;

  /** Throws `BpfError`. `maxEntries` is 1 for an array. */
  constructor(shape: MapShape, maxEntries: number) {
    this.#shape = shape;
    this.#maxEntries = maxEntries;
    const fd = new BpfAttributes(72)
      .number(0, MAP_TYPE[shape.type])
      .number(4, shape.keyBytes)
      .number(8, shape.valueBytes)
      .number(12, maxEntries)
      .number(16, shape.type === "hash" ? NO_PREALLOCATION : 0)
      .text(28, shape.name)
      .call(BPF_COMMAND.mapCreate, `make the BPF map ${shape.name}`);
    this.#descriptor = new OwnedDescriptor(fd);
    this.#key = Buffer.alloc(shape.keyBytes);
    this.#value = Buffer.alloc(shape.valueBytes);
    this.#entry = new BpfAttributes(32).pointer(8, this.#key).pointer(16, this.#value);
  }

  /** For programs that use the map. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Writes an entry as a whole: a program sees the old value or the new. Throws `MapFullError` and `BpfError`. */
  set(key: Uint8Array, value: Uint8Array): void {
    this.#key.set(key);
    this.#value.set(value);
    const result = this.#run(BPF_COMMAND.mapUpdate);
    if (result === "E2BIG") {
      const { name } = this.#shape;
      throw new MapFullError(`the BPF map ${name} is full: it holds ${this.#maxEntries} entries`);
    }
    if (typeof result === "string") throw new BpfError(`write to ${this.#what}`, result);
  }

  /** The value, valid until the next call; undefined when there is no such entry. Throws `BpfError`. */
  get(key: Uint8Array): Uint8Array | undefined {
    this.#key.set(key);
    return this.#ifFound(this.#run(BPF_COMMAND.mapLookup)) ? this.#value : undefined;
  }

  /** Removes an entry of a hash and gives its last value, as `get`. */
  take(key: Uint8Array): Uint8Array | undefined {
    this.#key.set(key);
    return this.#ifFound(this.#run(BPF_COMMAND.mapLookupAndDelete)) ? this.#value : undefined;
  }

  /**
   * Shows all entries of a hash; each call of the kernel reads a few thousand. The bytes are valid during the visit
   * only. Throws `BpfError`.
   */
  visit(onEntry: (key: Buffer, value: Buffer) => void): void {
    const { keyBytes, valueBytes } = this.#shape;
    const keys = Buffer.alloc(BATCH_ENTRIES * keyBytes);
    const values = Buffer.alloc(BATCH_ENTRIES * valueBytes);
    const position = Buffer.alloc(POSITION_BYTES);
    const batch = new BpfAttributes(56)
      .pointer(8, position)
      .pointer(16, keys)
      .pointer(24, values)
      .number(36, this.fd);
    for (;;) {
      const result = batch.number(32, BATCH_ENTRIES).run(BPF_COMMAND.mapLookupBatch);
      const isLast = result === "ENOENT";
      if (typeof result === "string" && !isLast) throw new BpfError(`read ${this.#what}`, result);
      const count = batch.read(32);
      for (let index = 0; index < count; index++) {
        const key = keys.subarray(index * keyBytes, (index + 1) * keyBytes);
        onEntry(key, values.subarray(index * valueBytes, (index + 1) * valueBytes));
      }
      if (isLast) return;
      // The next call goes on where this one stopped.
      batch.pointer(0, position);
    }
  }

  close(): void {
    this.#descriptor.close();
  }

  /** A command on the entry in `#key` and `#value`. */
  #run(command: number): number | string {
    return this.#entry.number(0, this.fd).run(command);
  }

  #ifFound(result: number | string): boolean {
    if (typeof result === "number") return true;
    if (result === "ENOENT") return false;
    throw new BpfError(`read ${this.#what}`, result);
  }

  get #what(): string {
    return `the BPF map ${this.#shape.name}`;
  }
}
