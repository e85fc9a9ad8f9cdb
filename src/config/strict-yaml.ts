/** Strict reading of a YAML document by shape: unknown keys, repeated keys and wrong types end it. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Alias,
  type ParsedNode,
  type Scalar,
} from "yaml";
import type { Faults } from "./config-error.ts";
import { AliasTargets, findControlCharacter, yamlProblem } from "./yaml-aliases.ts";
import { Place } from "./place.ts";
import { findDeepNesting } from "./yaml-nesting.ts";

/** A value and where it stands; an absent or null one is undefined, placed at its parent. */
export interface Located<T> {
  readonly value: T;
  readonly place: Place;
}

type YamlNode = ParsedNode | null | undefined;

/** What a reader needs of the document around its node. */
interface Source {
  readonly aliases: AliasTargets;
  readonly faults: Faults;
  /** Aliases of aliases multiply what there is to read; this bounds it. */
  readsLeft: number;
  /** Which keys may stand in a mapping: those of 0.9.5, those of later releases too (LC-4), or any. */
  readonly keys: "0.9.5" | "late" | "any";
}

export type Reader<T> = (node: YamlNode, place: Place, source: Source) => Located<T>;
export type ShapeOf<R> = R extends Reader<infer T> ? T : never;
type Shape = Readonly<Record<string, Reader<unknown>>>;
export type Fields<S extends Shape> = { readonly [K in keyof S]: Located<ShapeOf<S[K]>> };

/** Far beyond what aliases are good for in an honest document, and soon reached in a malicious one. */
const readsPerCharacter = 10;

export interface ReadDocument<T> {
  /** Undefined if it could not be read to its end; one of the faults says why. */
  readonly value: T | undefined;
  /** The line where further documents begin: like 0.9.5 we leave them unread. */
  readonly unreadFromLine: number | undefined;
}

/**
 * Reads the text with one reader and takes down every fault of its shape. An empty text is a null
 * document.
 */
export function readDocument<T>(
  text: string,
  reader: Reader<T>,
  options: Pick<Source, "faults" | "keys">,
): ReadDocument<T> {
  const { faults } = options;
  const lineCounter = new LineCounter();
  const excess = findExcess(text);
  if (excess !== undefined) {
    faults.add("yaml-syntax", { place: new Place(lineCounter, "") }, excess.problem, excess.fix);
    return { value: undefined, unreadFromLine: undefined };
  }
  // "failsafe" leaves every scalar as text: the shape decides what a scalar must be.
  const document = parseDocument(text, {
    schema: "failsafe",
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter,
  });
  const [fault] = document.errors;
  const isOneOfMany = fault?.code === "MULTIPLE_DOCS";
  const unreadFromLine = isOneOfMany ? lineCounter.linePos(fault.pos[0]).line : undefined;
  const wrong = findControlCharacter(text) ?? (isOneOfMany ? undefined : fault);
  if (wrong !== undefined) {
    const place = new Place(lineCounter, "", wrong.pos[0]);
    const problem = `not valid YAML: ${yamlProblem(wrong.message)}`;
    faults.add("yaml-syntax", { place }, problem, "correct the YAML at this position");
    return { value: undefined, unreadFromLine };
  }
  const place = new Place(lineCounter, "", 0);
  const readsLeft = 1000 + text.length * readsPerCharacter;
  const source = { ...options, aliases: new AliasTargets(document), readsLeft };
  const { value } = reader(document.contents, place, source);
  return { value: source.readsLeft < 0 ? undefined : value, unreadFromLine };
}

/** The API server's own limit for the data of a ConfigMap: a longer document never came from a cluster. */
const longestDocument = 1024 * 1024;

/** What would only cost time to read. */
function findExcess(text: string): { problem: string; fix: string } | undefined {
  if (text.length > longestDocument) {
    const problem = `${text.length} characters are more than the 1 MiB that a ConfigMap can hold`;
    return { problem, fix: "write ranges or shorter prefixes instead of many single addresses" };
  }
  if (findDeepNesting(text) === undefined) return undefined;
  return { problem: "nested too deeply", fix: "correct the brackets and the indentation" };
}

/** Text: any scalar as it is written, so that `password: 0123` keeps its zero. */
export const text: Reader<string | undefined> = scalarReader("a string", textOf);

/** A boolean in any spelling of YAML 1.1, which 0.9.5 reads. */
export const flag: Reader<boolean | undefined> = scalarReader("true or false", (scalar) => {
  const word = wordOf(scalar, "bool") ?? "";
  if (trueWord.test(word)) return true;
  return falseWord.test(word) ? false : undefined;
});
const trueWord = /^(?:[yY]|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const falseWord = /^(?:[nN]|no|No|NO|false|False|FALSE|off|Off|OFF)$/;

/** A whole number within the bounds, both included. */
export function integer(min: number, max: number): Reader<number | undefined> {
  const readInteger = scalarReader("a whole number", (scalar) =>
    parseInteger(wordOf(scalar, "int", "float") ?? ""),
  );
  return (node, place, source) => {
    const { value, place: at } = readInteger(node, place, source);
    if (value === undefined) return { value, place: at };
    const number = Number(value);
    if (value >= BigInt(min) && value <= BigInt(max)) return { value: number, place: at };
    const fix = `use a number from ${min} to ${max}`;
    source.faults.add("wrong-size", { place: at, value: number }, `${value} is out of range`, fix);
    return { value: undefined, place: at };
  };
}

/** A list; absent or null is empty. */
export function list<T>(item: Reader<T>): Reader<readonly Located<T>[]> {
  return (node, parent, source) => {
    const found = resolve(node, parent, source);
    const place = parent.at(found?.range[0]);
    if (found === undefined) return { value: [], place };
    if (!isSeq(found)) {
      addWrongType(source, place, "a list", found);
      return { value: [], place };
    }
    const value = found.items.map((child, index) => item(child, place.item(index), source));
    return { value, place };
  };
}

/**
 * A mapping with exactly these keys, all of them optional; absent or null has none.
 * `lateKeys` are those that only later releases know.
 */
export function mapping<S extends Shape>(
  shape: S,
  lateKeys: readonly (keyof S & string)[] = [],
): Reader<Fields<S>> {
  return (node, parent, source) => {
    const { place, entries } = readEntries(node, parent, source);
    for (const [key, entry] of entries) {
      const isLate = lateKeys.includes(key) && source.keys === "0.9.5";
      if (source.keys === "any" || (!isLate && Object.hasOwn(shape, key))) continue;
      const known = Object.keys(shape).filter(
        (one) => source.keys === "late" || !lateKeys.includes(one),
      );
      if (entry.node === null) addLoneKey(source, place.at(entry.offset));
      else addUnknownKey(source, { value: key, place: entry.keyPlace }, known, isLate);
    }
    const fields = Object.entries(shape).map(([key, reader]) => {
      const child = entries.get(key)?.node;
      return [key, reader(child, place.key(key), source)] as const;
    });
    return { value: Object.fromEntries(fields) as Fields<S>, place };
  };
}

/** A mapping from any key to text; a null value is empty text. */
export const textMap: Reader<ReadonlyMap<string, Located<string>>> = (node, parent, source) => {
  const { place, entries } = readEntries(node, parent, source);
  const value = new Map<string, Located<string>>();
  for (const [key, entry] of entries) {
    const located = text(entry.node, place.key(key), source);
    value.set(key, { value: located.value ?? "", place: located.place.at(entry.offset) });
  }
  return { value, place };
};

interface Entry {
  readonly node: YamlNode;
  readonly offset: number | undefined;
  readonly keyPlace: Place;
}

function readEntries(node: YamlNode, parent: Place, source: Source) {
  const found = resolve(node, parent, source);
  const place = parent.at(found?.range[0]);
  const entries = new Map<string, Entry>();
  if (found === undefined) return { place, entries };
  if (!isMap(found)) {
    addWrongType(source, place, "a mapping", found);
    return { place, entries };
  }
  const merged: YamlNode[] = [];
  for (const pair of found.items) {
    if (isMergeKey(pair.key)) {
      merged.push(pair.value);
      continue;
    }
    const keyNode = resolve(pair.key, place, source);
    const offset = pair.key.range[0];
    if (!isScalar(keyNode)) {
      addWrongType(source, place.at(offset), "a plain key", keyNode);
      continue;
    }
    const key = textOf(keyNode);
    const keyPlace = place.key(key).at(offset);
    if (entries.has(key)) {
      const problem = "the key is given twice in this mapping";
      source.faults.add("repeated-key", { place: keyPlace }, problem, "keep one of the two");
      continue;
    }
    entries.set(key, { node: pair.value, offset, keyPlace });
  }
  for (const [key, entry] of merged.flatMap((one) => mergedEntries(one, place, source))) {
    if (!entries.has(key)) entries.set(key, entry);
  }
  return { place, entries };
}

/** `<<: *base` stands for the entries of that mapping, or of several; of equal keys the first counts. */
function mergedEntries(node: YamlNode, place: Place, source: Source): [string, Entry][] {
  const found = resolve(node, place, source);
  const mappings = isSeq(found) ? found.items : [found];
  return mappings.flatMap((one) => [...readEntries(one, place, source).entries]);
}

function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && wordOf(key, "merge") === "<<";
}

function scalarReader<T>(
  expected: string,
  convert: (scalar: Scalar) => T | undefined,
): Reader<T | undefined> {
  return (node, parent, source) => {
    const found = resolve(node, parent, source);
    const place = parent.at(found?.range[0]);
    if (found === undefined) return { value: undefined, place };
    const value = isScalar(found) ? convert(found) : undefined;
    if (value === undefined) addWrongType(source, place, expected, found);
    return { value, place };
  };
}

/** Follows an alias; a null in any of its spellings is as good as absent. */
function resolve(
  node: YamlNode,
  place: Place,
  source: Source,
): Exclude<ParsedNode, Alias.Parsed> | undefined {
  if (node === null || node === undefined) return undefined;
  source.readsLeft -= 1;
  if (source.readsLeft < 0) {
    const problem = "aliases multiply this document beyond measure";
    const at = place.at(node.range[0]);
    if (source.readsLeft === -1) {
      source.faults.add("yaml-syntax", { place: at }, problem, "write the values out");
    }
    return undefined;
  }
  if (isAlias(node)) {
    const target = source.aliases.follow(node);
    if (typeof target !== "string") return resolve(target, place, source);
    const fix = "define the anchor before it, or quote the text if it is no alias";
    source.faults.add("yaml-syntax", { place: place.at(node.range[0]) }, target, fix);
    return undefined;
  }
  if (node.anchor !== undefined && !anchorPattern.test(node.anchor)) {
    // LOG-3: what follows `&password:` is a password, and nobody's list or number.
    const problem = "the name of an anchor has other characters than letters, digits, - and _";
    const fix = "correct the name, or quote the text if it is no anchor";
    source.faults.add("yaml-syntax", { place: place.at(node.range[0]) }, problem, fix);
    return undefined;
  }
  const isNull = isScalar(node) && nullWords.has(wordOf(node, "null"));
  return isNull ? undefined : node;
}

const anchorPattern = /^[A-Za-z0-9_-]+$/;
const nullWords = new Set<string | undefined>(["", "~", "null", "Null", "NULL"]);

function textOf({ source = "" }: Scalar): string {
  return source;
}

/** The text of a scalar that may mean more than text: it is not quoted, or a tag says what it means. */
function wordOf(scalar: Scalar, ...tags: readonly string[]): string | undefined {
  const { tag, type } = scalar;
  const mayMean = tag === undefined ? type === "PLAIN" : tags.includes(tag.replace(tagPrefix, ""));
  return mayMean ? textOf(scalar) : undefined;
}

const tagPrefix = "tag:yaml.org,2002:";
const integerPattern = /^([-+]?)(0|[1-9]\d*|0x[0-9a-f]+|0b[01]+|0o?[0-7]+)$/i;
const decimalPattern = /^[-+]?(?:\.\d+|\d+\.?\d*)(?:e[-+]?\d+)?$/i;

/** YAML 1.1's integers, and decimals such as 6.5e4 that are whole. */
function parseInteger(word: string): bigint | undefined {
  if (word.startsWith("_")) return undefined;
  const text = word.replaceAll("_", "");
  const match = integerPattern.exec(text);
  if (match === null) {
    const number = decimalPattern.test(text) ? Number(text) : NaN;
    return Number.isInteger(number) ? BigInt(number) : undefined;
  }
  const digits = (match[2] ?? "").replace(/^0(?=\d)/, "0o").toLowerCase();
  return match[1] === "-" ? -BigInt(digits) : BigInt(digits);
}

function addWrongType(source: Source, place: Place, expected: string, node: YamlNode): void {
  const given = isMap(node) ? "a mapping" : isSeq(node) ? "a list" : "text";
  // LOG-3: text where a mapping belongs may be a password whose key went wrong.
  const value = isScalar(node) && expected !== "a mapping" ? textOf(node) : undefined;
  const shown = value === undefined ? given : `"${value}"`;
  const problem = `expected ${expected}, found ${shown}`;
  source.faults.add("wrong-type", { place, value }, problem, `write ${expected}`);
}

/** LOG-3: in `{password: one,two}` it is half a password; hence it is not shown. */
function addLoneKey({ faults }: Source, place: Place): void {
  const fix = "write `key: value`, or quote the text before it if its comma belongs to it";
  faults.add("unknown-key", { place }, "a key without a value", fix);
}

function addUnknownKey(
  { faults }: Source,
  key: Located<string>,
  known: readonly string[],
  isLate: boolean,
): void {
  const fix = `correct or remove it; the keys known here are: ${known.join(", ")}`;
  const problem = isLate
    ? `key "${key.value}" belongs to releases after 0.9.5`
    : `unknown key "${key.value}"`;
  faults.add(isLate ? "late-key" : "unknown-key", { place: key.place }, problem, fix);
}
