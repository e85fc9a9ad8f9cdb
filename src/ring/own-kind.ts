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

/** Undefined for a stock member, and for one of a later kind that speaks otherwise. */
export function readOwnKind(meta: Uint8Array): OwnKind | undefined {
  if (meta.length === 0 || meta.length > 64) return undefined;
  const known = kinds.get(meta);
  if (known !== undefined) return known.kind;
  const match = pattern.exec(new TextDecoder().decode(meta));
  const kind = match === null ? undefined : { beatMs: Number(match[1]) };
  kinds.set(meta, { kind });
  return kind;
}

/** Read once: every beat asks, and what a member says of itself seldom changes. */
const kinds = new WeakMap<Uint8Array, { readonly kind: OwnKind | undefined }>();
