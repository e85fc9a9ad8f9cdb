/** The order of keys in YAML that Go programs write: letters last and by code, numbers by value. */

/** Negative where `a` comes first, positive where `b` does. */
export function compareKeys(a: string, b: string): number {
  const [as, bs] = [Array.from(a), Array.from(b)];
  const at = as.findIndex((char, index) => char !== bs[index]);
  const [charA, charB] = [as[at], bs[at]];
  if (at === -1 || charA === undefined || charB === undefined) return as.length - bs.length;
  const [isLetterA, isLetterB] = [isLetter(charA), isLetter(charB)];
  if (isLetterA && isLetterB) return order(charA, charB);
  if (isLetterA || isLetterB) return isLetterB ? -1 : 1;
  return compareNumbers(as, bs, at) || order(charA, charB);
}

/** The runs of digits from here on, as numbers and then by length. */
function compareNumbers(a: readonly string[], b: readonly string[], at: number): number {
  // Digits before the difference make leading zeros count, unless all of them are zeros too.
  const before = /\d*$/.exec(a.slice(0, at).join(""))?.[0] ?? "";
  const hasZero = a[at] === "0" || b[at] === "0";
  const lead = hasZero && /[1-9]/.test(before) ? "1" : "";
  const [runA, runB] = [digitsAt(a, at), digitsAt(b, at)];
  const difference = BigInt(`${lead}${runA}` || "0") - BigInt(`${lead}${runB}` || "0");
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return runA.length - runB.length;
}

function digitsAt(chars: readonly string[], at: number): string {
  return /^\d*/.exec(chars.slice(at).join(""))?.[0] ?? "";
}

function isLetter(char: string): boolean {
  return /\p{L}/u.test(char);
}

function order(a: string, b: string): number {
  return (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
}
