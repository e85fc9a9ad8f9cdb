/** Whole numbers beyond 2^53, exactly, in and out of JSON: the API's int64 has more digits than a double (ST-2). */

/** The version of JavaScript that the compiler knows the library of is older than this proposal. */
interface ExactJson {
  rawJSON(text: string): object;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
}

const exactJson = JSON as unknown as ExactJson;

/** What `JSON.stringify` writes as all digits of `value`. */
export function exactNumber(value: bigint): object {
  return exactJson.rawJSON(value.toString());
}

/** As `JSON.parse`, but numbers under these keys that a double cannot hold come out as big integers. */
export function parseExactly(text: string, keys: ReadonlySet<string>): unknown {
  return exactJson.parse(text, (key, value, { source = "" }) =>
    typeof value === "number" &&
    keys.has(key) &&
    !Number.isSafeInteger(value) &&
    /^-?\d+$/.test(source)
      ? BigInt(source)
      : value,
  );
}
