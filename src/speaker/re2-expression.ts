/**
 * Regular expressions in Go's words (RE2 syntax), as MetalLB's users write them, in ours: what RE2 knows and JavaScript
 * writes differently or reads differently without a word, such as `[[:digit:]]`.
 */

/** Of the ASCII classes the first and the last character of each range. */
const asciiClasses: Readonly<Record<string, string>> = {
  alnum: "09AZaz",
  alpha: "AZaz",
  ascii: "\0\x7f",
  blank: "\t\t  ",
  cntrl: "\0\x1f\x7f\x7f",
  digit: "09",
  graph: "!~",
  lower: "az",
  print: " ~",
  punct: "!/:@[`{~",
  space: "\t\r  ",
  upper: "AZ",
  word: "09AZ__az",
  xdigit: "09AFaf",
};
const lastCodePoint = 0x10_ffff;

/** What stands for itself in both, inside and outside of brackets. */
const sharedEscape = /^[dDsSwWtnrfv]$/;
const otherEscapes: Readonly<Record<string, string>> = {
  A: "(?:(?<![\\s\\S]))",
  z: "(?:(?![\\s\\S]))",
  a: "\\x07",
  b: "(?:\\b)",
  B: "(?:\\B)",
};

/** `\x41`, `\x{41}`, `\pL`, `\p{Greek}`, `\p{^L}`, or one character behind a backslash. */
const escape = String.raw`\\x\{(?<code>[0-9a-fA-F]+)\}|\\x(?<byte>[0-9a-fA-F]{2})|\\(?<kind>[pP])(?:\{(?<not>\^?)(?<name>\w+)\}|(?<short>[A-Z]))|\\(?<escaped>[\s\S])`;
const token = new RegExp(
  [
    String.raw`\\Q(?<quoted>[\s\S]*?)(?:\\E|$)`,
    escape,
    String.raw`(?<set>\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\])`,
    String.raw`(?<named>\(\?P?<\w+>)`,
    String.raw`\(\?(?<flags>[imsU]*(?:-[imsU]+)?)(?<after>[:)])`,
    String.raw`(?<unknown>\(\?|\[)`,
    String.raw`(?<repeat>\{\d+(?:,\d*)?\})`,
    String.raw`(?<plain>[\s\S])`,
  ].join("|"),
  "gy",
);
const setToken = new RegExp(
  String.raw`\[:(?<notAscii>\^?)(?<ascii>\w+):\]|${escape}|(?<plain>[\s\S])`,
  "gy",
);

type Found = Readonly<Record<string, string | undefined>>;

/** The same expression for `new RegExp(source, "u")`. Throws where RE2 knows no such thing, or it is cut short. */
export function fromRe2(pattern: string): string {
  // For each open group the flags that hold from somewhere in it to its end, also behind each `|`.
  const flagsOfGroups: string[][] = [[]];
  let source = "";
  for (const { groups = {} } of pattern.matchAll(token))
    source += translated(groups, flagsOfGroups);
  if (flagsOfGroups.length > 1) throw new Error("missing )");
  return source + closing(flagsOfGroups);
}

function translated(found: Found, flagsOfGroups: string[][]): string {
  if (found["quoted"] !== undefined) return found["quoted"].replaceAll(/[\s\S]/g, literal);
  if (found["set"] !== undefined) return translatedSet(found["set"]);
  if (found["repeat"] !== undefined) return found["repeat"];
  if (found["flags"] !== undefined) return flagged(found["flags"], found["after"], flagsOfGroups);
  if (found["unknown"] === "[") throw new Error("missing ]");
  if (found["unknown"] !== undefined)
    throw new Error("unknown group (?: RE2 looks neither ahead nor back");
  if (found["named"] !== undefined || found["plain"] === "(") return opened("(?:", flagsOfGroups);
  return found["plain"] === undefined
    ? translatedEscape(found, otherEscapes)
    : structural(found["plain"], flagsOfGroups);
}

function structural(character: string, flagsOfGroups: string[][]): string {
  const inner = flagsOfGroups.at(-1) ?? [];
  switch (character) {
    case ")": {
      if (flagsOfGroups.length === 1) throw new Error("unexpected )");
      const closed = closing(flagsOfGroups);
      flagsOfGroups.pop();
      return `${closed})`;
    }
    case "|":
      return `${closing(flagsOfGroups)}|${inner.join("")}`;
    case "\\":
      throw new Error("it ends with a backslash");
    default:
      // Places are put in groups: RE2 lets them be repeated.
      if ("^$".includes(character)) return `(?:${character})`;
      return ".*+?".includes(character) ? character : literal(character);
  }
}

function opened(group: string, flagsOfGroups: string[][]): string {
  flagsOfGroups.push([]);
  return group;
}

/** `(?i:` opens a group; `(?i)` holds to the end of the one around it. That a repetition is lazy changes no match. */
function flagged(flags: string, after: string | undefined, flagsOfGroups: string[][]): string {
  const [on = "", off = ""] = flags.replaceAll("U", "").split("-");
  const group = `(?${unique(on)}${off === "" ? "" : `-${unique(off)}`}:`;
  if (after === ":") return opened(group, flagsOfGroups);
  flagsOfGroups.at(-1)?.push(group);
  return group;
}

function closing(flagsOfGroups: readonly string[][]): string {
  return ")".repeat(flagsOfGroups.at(-1)?.length ?? 0);
}

/** `[...]` */
function translatedSet(set: string): string {
  const isNegated = set.startsWith("[^");
  let source = isNegated ? "[^" : "[";
  for (const { groups = {} } of set.slice(isNegated ? 2 : 1, -1).matchAll(setToken)) {
    const found: Found = groups;
    if (found["ascii"] !== undefined)
      source += asciiClass(found["ascii"], found["notAscii"] === "^");
    else if (found["plain"] === undefined) source += translatedEscape(found, { a: "\\x07" });
    else source += found["plain"] === "-" ? "-" : literal(found["plain"]);
  }
  return `${source}]`;
}

function translatedEscape(found: Found, known: Readonly<Record<string, string>>): string {
  const { kind, escaped = "" } = found;
  const code = found["code"] ?? found["byte"];
  if (code !== undefined) return `\\u{${code}}`;
  if (kind !== undefined) {
    const property = found["short"] ?? found["name"] ?? "";
    return unicodeClass(property, (kind === "P") !== (found["not"] === "^"));
  }
  if (sharedEscape.test(escaped)) return `\\${escaped}`;
  const other = known[escaped];
  if (other !== undefined) return other;
  if (/[0-9A-Za-z]/.test(escaped)) throw new Error(`RE2 knows no \\${escaped} there`);
  return literal(escaped);
}

/** General categories have one letter or two; what is longer is a script. */
function unicodeClass(name: string, isNegated: boolean): string {
  const isScript = name.length > 2 && name !== "Any";
  return `\\${isNegated ? "P" : "p"}{${isScript ? "Script=" : ""}${name}}`;
}

function asciiClass(name: string, isNegated: boolean): string {
  const ranges = asciiClasses[name];
  if (ranges === undefined) throw new Error(`RE2 knows no [:${name}:]`);
  const bounds = Array.from(ranges, (character) => character.charCodeAt(0));
  if (!isNegated) return rangesOf(bounds);
  // What lies between the ranges, before the first and behind the last.
  const between = bounds.map((bound, index) => (index % 2 === 0 ? bound - 1 : bound + 1));
  const outer = [0, ...between, lastCodePoint];
  return rangesOf(outer[1] === -1 ? outer.slice(2) : outer);
}

/** Of first and last code points in turn. */
function rangesOf(bounds: readonly number[]): string {
  const hex = bounds.map((bound) => `\\u{${bound.toString(16)}}`);
  return hex
    .flatMap((first, index) => (index % 2 === 0 ? `${first}-${hex[index + 1]}` : []))
    .join("");
}

/** The character for itself, inside and outside of brackets. */
function literal(character: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(character)
    ? `\\u{${character.charCodeAt(0).toString(16)}}`
    : character;
}

function unique(letters: string): string {
  return [...new Set(letters)].join("");
}
