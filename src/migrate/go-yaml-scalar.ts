/** One scalar in YAML 1.1: plain where that reads as the same text again, else quoted. */

import { folded, type Spot } from "./go-yaml-folding.ts";

/** May have several lines, the later ones without indentation; without a spot it is not folded. */
export function scalarText(value: unknown, spot?: Spot): string {
  if (typeof value !== "string") return String(value);
  if (value.includes("\n") && isFitForBlock(value)) return blockText(value);
  if (value.includes("\n") || meansOther(value)) return doubleQuoted(value, spot);
  if (isFitForPlain(value)) return folded(Array.from(value), "", spot);
  if (!isPrintable(value)) return doubleQuoted(value, spot);
  return folded(
    Array.from(value, (char) => (char === "'" ? "''" : char)),
    "'",
    spot,
  );
}

const otherWords = new Set(
  ["", "~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN"].concat(
    ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"],
    ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"],
    ["", "+", "-"].flatMap((sign) => [".inf", ".Inf", ".INF"].map((word) => sign + word)),
  ),
);
const otherPatterns = [
  /^[-+]?(?:0|[1-9]\d*|0x[\da-f]+|0b[01]+|0o?[0-7]+)$/i,
  /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/,
  // Numbers to the base of 60, which older readers know.
  /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/,
  /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)?)?$/,
];

/** Whether plain text would be read as a number, a truth value, a date or nothing. */
function meansOther(text: string): boolean {
  if (otherWords.has(text)) return true;
  const number = text.replaceAll("_", "");
  return otherPatterns.some((one) => one.test(text) || (/^[-+.\d]/.test(text) && one.test(number)));
}

/** Whether the text needs no quotes where it stands on a line of its own (YAML 1.1, 9.1.3). */
function isFitForPlain(text: string): boolean {
  const opens = /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[-?:](?: |$)| )/.test(text);
  return !opens && !/ $|:(?: |$)| #/.test(text) && isPrintable(text);
}

function isPrintable(text: string): boolean {
  return !notPrintable.test(text);
}

const notPrintable = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufffe\uffff\u{10000}-\u{10ffff}]/u;

function isFitForBlock(text: string): boolean {
  return isPrintable(text.replaceAll("\n", "")) && !/ \n/.test(text) && !text.endsWith(" ");
}

function blockText(text: string): string {
  const hint = /^[ \n]/.test(text) ? "2" : "";
  const chomp = !text.endsWith("\n") ? "-" : text.endsWith("\n\n") || text === "\n" ? "+" : "";
  return `|${hint}${chomp}\n${text.replace(/\n$/, "")}`;
}

const shortEscapes = new Map([
  ["\0", "\\0"],
  ["\x07", "\\a"],
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\v", "\\v"],
  ["\f", "\\f"],
  ["\r", "\\r"],
  ["\x1b", "\\e"],
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\x85", "\\N"],
  ["\u2028", "\\L"],
  ["\u2029", "\\P"],
]);

function doubleQuoted(text: string, spot?: Spot): string {
  const escaped = Array.from(text, (char) => {
    const short = shortEscapes.get(char);
    if (short !== undefined) return short;
    if (isPrintable(char)) return char;
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase();
    if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
    return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  });
  return folded(escaped, '"', spot);
}
