/** How speakers of our own know each other: by what they say about themselves in the ring. Stock speakers say nothing. */

export interface OwnKind {
  /** How often the member says that it is there, in milliseconds; 0: it does not, and is watched as stock members are. */
  readonly beatMs: number;
}

const pattern = /^metallb-ts\/1 beat=(\d{1,5})$/;

/** What we say: text, so that anybody who looks at the ring can read it. */
export function describeOwnKind({ beatMs }: OwnKind): Uint8Array {
  return new TextEncoder().encode(`metallb-ts/1 beat=${beatMs}`);
}

/** Asked with every beat, of bytes that hardly ever change. */
const known = new WeakMap<Uint8Array, OwnKind | undefined>();
const decoder = new TextDecoder();

/** Undefined for a stock member, and for one of a later kind that speaks otherwise. */
export function readOwnKind(meta: Uint8Array): OwnKind | undefined {
  if (meta.length === 0 || meta.length > 64) return undefined;
  if (known.has(meta)) return known.get(meta);
  const match = pattern.exec(decoder.decode(meta));
  const kind = match === null ? undefined : { beatMs: Number(match[1]) };
  known.set(meta, kind);
  return kind;
}
