/**
 * How speakers of our own know each other: by what they say about themselves in the ring. Stock speakers say nothing.
 * The text is `metallb-ts/1 beat=200`, then words `key=value` of what else others are to know.
 */

/** By key, of lower-case letters and digits; a value is of printable ASCII without blanks, and may be empty. */
export type OwnWords = ReadonlyMap<string, string>;

export interface OwnKind {
  /** How often the member says that it is there, in milliseconds; 0: it does not, and is watched as stock members are. */
  readonly beatMs: number;
  readonly words: OwnWords;
  /** All of it, as it was told. */
  readonly text: string;
}

/** Of any member's metadata (ML-100). */
const mostBytes = 512;
const pattern = /^metallb-ts\/1 beat=(\d{1,5})((?: [a-z][a-z0-9]*=[!-~]*)*)$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What we say: text, so that anybody who looks at the ring can read it. Words that do not fit into 512 bytes are left out. */
export function describeOwnKind(beatMs: number, words: OwnWords = new Map()): Uint8Array {
  let text = `metallb-ts/1 beat=${beatMs}`;
  for (const [key, value] of words) {
    const longer = `${text} ${key}=${value}`;
    if (longer.length <= mostBytes) text = longer;
  }
  return encoder.encode(text);
}

/** Asked with every beat, of bytes that hardly ever change. */
const known = new WeakMap<Uint8Array, OwnKind | undefined>();

/** Undefined for a stock member, and for one of a later kind that speaks otherwise. */
export function readOwnKind(meta: Uint8Array): OwnKind | undefined {
  if (meta.length === 0 || meta.length > mostBytes) return undefined;
  if (known.has(meta)) return known.get(meta);
  const text = decoder.decode(meta);
  const match = pattern.exec(text);
  const kind = match === null ? undefined : kindOf(text, match);
  known.set(meta, kind);
  return kind;
}

function kindOf(text: string, [, beat, rest = ""]: RegExpExecArray): OwnKind {
  const words = rest.split(" ").slice(1);
  const pairs = words.map((word) => {
    const at = word.indexOf("=");
    return [word.slice(0, at), word.slice(at + 1)] as const;
  });
  return { beatMs: Number(beat), words: new Map(pairs), text };
}
