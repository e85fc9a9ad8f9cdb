/** Fields of a message in their declared order, with what reading and writing them as a map needs. */

interface FieldTypes {
  u8: number;
  u16: number;
  u32: number;
  int: number;
  bool: boolean;
  text: string;
  /** undefined: nil or absent (ML-20). */
  bytes: Uint8Array | undefined;
}

export type FieldType = keyof FieldTypes;
type Field = readonly [name: string, type: FieldType];

/** What reading gives: one value per field, zero for an absent one (ML-17). */
export type ReadValues<F extends readonly Field[]> = {
  -readonly [I in keyof F]: FieldTypes[F[I][1]];
};

/** What writing takes: undefined leaves the key out, null writes nil. */
export type WriteValues<F extends readonly Field[]> = {
  readonly [I in keyof F]: NonNullable<FieldTypes[F[I][1]]> | null | undefined;
};

export interface FieldList<F extends readonly Field[] = readonly Field[]> {
  readonly types: readonly FieldType[];
  /** The bytes of each name. */
  readonly names: readonly Uint8Array[];
  /** The fields in byte order of their names (ML-17). */
  readonly sorted: readonly number[];
  /** Only for the types of the values. */
  readonly fields: F;
}

export function fieldList<const F extends readonly Field[]>(...fields: F): FieldList<F> {
  const byName = (a: number, b: number): number => (fields[a]![0] < fields[b]![0] ? -1 : 1);
  return {
    types: fields.map(([, type]) => type),
    names: fields.map(([name]) => new TextEncoder().encode(name)),
    sorted: [...fields.keys()].sort(byName),
    fields,
  };
}
