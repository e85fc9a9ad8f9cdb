/** JSON text without loss: int64 values beyond 2^53 are bigints when read and exact digits when written (ST-2). */

/** Exact since ECMAScript 2026; TypeScript's library does not name it yet. */
const { rawJSON } = JSON as unknown as { rawJSON: (digits: string) => unknown };

const LEAST_INT64 = -(2n ** 63n);
const MOST_INT64 = 2n ** 63n - 1n;

/** Throws SyntaxError where JSON.parse does. Only whole numbers that a number cannot hold become bigints. */
export function parseJson(text: string): unknown {
  // The reviver makes reading several times slower, and few texts hold such digits.
  return /\d{16}/.test(text) ? JSON.parse(text, exactly as never) : JSON.parse(text);
}

function exactly(_key: string, value: unknown, { source }: { source: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  if (!/^-?\d+$/.test(source)) return value;
  const whole = BigInt(source);
  return whole >= LEAST_INT64 && whole <= MOST_INT64 ? whole : value;
}

/** What JSON.stringify gives, with the digits of bigints. */
export function formatJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // Bigints are rare, and a replacer would slow every other text down.
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, digits);
  }
}

function digits(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? rawJSON(String(value)) : value;
}
