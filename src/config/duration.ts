/** Durations in Go's notation, as in `hold-time: 1m30s`. */

const nanosecondsPerUnit = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n], // U+00B5, micro sign
  ["μs", 1_000n], // U+03BC, Greek letter mu
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);
const durationPattern = /^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[nuµμm]?s|m|h))+$/;
const partPattern = /(\d*)\.?(\d*)([a-zµμ]+)/g;
const maxNanoseconds = 2n ** 63n;

/** Nanoseconds of a sequence of number and unit; a bare number other than 0 is undefined. */
export function parseDuration(text: string): bigint | undefined {
  if (/^[-+]?0$/.test(text)) return 0n;
  if (!durationPattern.test(text)) return undefined;
  let total = 0n;
  for (const [, whole = "", fraction = "", word = ""] of text.matchAll(partPattern)) {
    const unit = nanosecondsPerUnit.get(word) ?? 0n;
    total += BigInt(whole || "0") * unit + fractionOf(fraction, Number(unit));
  }
  if (text.startsWith("-")) return total > maxNanoseconds ? undefined : -total;
  return total < maxNanoseconds ? total : undefined;
}

/**
 * As Go computes it, by floating point from as many digits as fit in 63 bits: so
 * `2.9999999999999999999s` is 3 s, and no hold time that is too short.
 */
function fractionOf(digits: string, unit: number): bigint {
  let count = Math.min(digits.length, 19);
  while (BigInt(digits.slice(0, count) || "0") > maxNanoseconds) count -= 1;
  const value = Number(digits.slice(0, count));
  return BigInt(Math.trunc(value * (unit / 10 ** count)));
}

/** Whole seconds of a duration, cut towards zero as 0.9.5 does (LC-5); undefined if malformed. */
export function parseDurationSeconds(text: string): number | undefined {
  const nanoseconds = parseDuration(text);
  return nanoseconds === undefined ? undefined : Number(nanoseconds / 1_000_000_000n);
}
