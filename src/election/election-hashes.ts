/** The digests that order nodes, computed once for each pair of node and key. */
import { hash } from "node:crypto";

const FIRST_ROOM = 16;
/** So many leading hexadecimal digits (48 bits) fit exactly into a number. */
const PREFIX_DIGITS = 12;

/** Lower-case hexadecimal text, which sorts as its bytes do (and is much cheaper to get than a Buffer). */
export type Digest = (text: string) => string;

/** SHA-256 over the UTF-8 bytes of `node#key`, without salt (L2-40, L2-41, L2-43). */
export function electionText(node: string, key: string): string {
  return `${node}#${key}`;
}

const sha256: Digest = (text) => hash("sha256", text, "hex");

/**
 * Keeps the first 48 bits of every digest as a number: 8 bytes a pair, and comparing them is comparing
 * numbers. Equal prefixes are settled by the whole digests.
 */
export class ElectionHashes {
  readonly #digest: Digest;
  readonly #indexOfNode = new Map<string, number>();
  readonly #prefixesOfKey = new Map<string, Float64Array>();

  constructor(digest: Digest = sha256) {
    this.#digest = digest;
  }

  /** Negative when node `a` comes before node `b` for this key: digests as unsigned bytes, smallest first. */
  compare(key: string, a: string, b: string): number {
    const difference = this.#prefix(key, a) - this.#prefix(key, b);
    if (difference !== 0 || a === b) return difference;
    return this.#digest(electionText(a, key)) < this.#digest(electionText(b, key)) ? -1 : 1;
  }

  /** Drops what is kept for a key that will not be asked again. */
  forget(key: string): void {
    this.#prefixesOfKey.delete(key);
  }

  #prefix(key: string, node: string): number {
    const index = this.#index(node);
    let prefixes = this.#prefixesOfKey.get(key);
    if (prefixes === undefined || index >= prefixes.length) {
      prefixes = grown(prefixes, Math.max(FIRST_ROOM, 2 ** Math.ceil(Math.log2(index + 1))));
      this.#prefixesOfKey.set(key, prefixes);
    }
    const known = prefixes[index] ?? Number.NaN;
    if (!Number.isNaN(known)) return known;
    const digest = this.#digest(electionText(node, key));
    const prefix = Number.parseInt(digest.slice(0, PREFIX_DIGITS), 16);
    prefixes[index] = prefix;
    return prefix;
  }

  #index(node: string): number {
    const known = this.#indexOfNode.get(node);
    if (known !== undefined) return known;
    this.#indexOfNode.set(node, this.#indexOfNode.size);
    return this.#indexOfNode.size - 1;
  }
}

function grown(old: Float64Array | undefined, length: number): Float64Array {
  const fresh = new Float64Array(length).fill(Number.NaN);
  if (old !== undefined) fresh.set(old);
  return fresh;
}
