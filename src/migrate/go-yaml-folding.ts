/** Where Go programs break the line of a long scalar: at the first blank that follows column 80. */

/** Where a scalar stands. */
export interface Spot {
  readonly column: number;
  /** Of the lines that follow the first. */
  readonly indent: number;
}

const widest = 80;

/** The characters, each as it is written, between two quotes; the later lines are not indented. */
export function folded(chars: readonly string[], quote: "" | "'" | '"', spot?: Spot): string {
  if (spot === undefined) return quote + chars.join("") + quote;
  let text: string = quote;
  let column = spot.column + quote.length;
  for (const [at, char] of chars.entries()) {
    if (char === " " && column > widest && isFitForBreak(chars, at, quote)) {
      // In double quotes a blank that follows would be lost.
      const kept = chars[at + 1] === " " ? "\\" : "";
      text += `\n${kept}`;
      column = spot.indent + kept.length;
    } else {
      text += char;
      column += Array.from(char).length;
    }
  }
  return text + quote;
}

/** A run of blanks is broken before its only one, in double quotes before its first. */
function isFitForBreak(chars: readonly string[], at: number, quote: string): boolean {
  const [before, after] = [chars[at - 1], chars[at + 1]];
  if (before === " " || before === undefined || after === undefined) return false;
  return quote === '"' || after !== " ";
}
