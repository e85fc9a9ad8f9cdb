/** Reads counts of the API that a double cannot hold, without bigints anywhere else in the object (ST-2). */

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** As `JSON.parse`, but whole numbers under these keys come out as big integers where a double would lose digits. */
export function parseCounts(text: string, keys: ReadonlySet<string>): unknown {
  // A reviver makes reading several times slower, and few texts hold such digits.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const exactly: Reviver = (key, value, { source = "" }) =>
    keys.has(key) && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value;
  return JSON.parse(text, exactly as Parameters<typeof JSON.parse>[1]);
}
