/** Finds the place of a field in the text that an object was read from. */
import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Document,
  type LineCounter,
} from "yaml";
import type { Position } from "./manifest.ts";

/** A parsed document and its text. */
export interface ParsedText {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  readonly text: string;
}

/** The place of the value at the path, or of its key where the value is empty; else of what is around it. */
export function positionOf(parsed: ParsedText, path: string): Position {
  return at(parsed, find(parsed, path).offset);
}

/** Text in a block (`|`) keeps its lines, so that a place inside has a place in the file. */
export function positionInside(parsed: ParsedText, path: string, inner: Position): Position {
  const { node, offset } = find(parsed, path);
  const start = at(parsed, offset);
  if (!isScalar(node) || node.type !== "BLOCK_LITERAL") return start;
  // All lines of the block have the indentation of its first one that has text.
  const [, blank = "", first = ""] = /^(\n*)(.*)/.exec(String(node.value)) ?? [];
  const outer = lineAt(parsed, start.line + 1 + blank.length);
  if (!outer.endsWith(first)) return start;
  const indentation = outer.length - first.length;
  return { line: start.line + inner.line, column: inner.column + indentation };
}

function lineAt({ text, lines }: ParsedText, line: number): string {
  const from = lines.lineStarts[line - 1] ?? text.length;
  const to = lines.lineStarts[line] ?? text.length + 1;
  return text.slice(from, to - 1).replace(/\r$/, "");
}

function at({ lines }: ParsedText, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

interface Found {
  readonly node: unknown;
  readonly offset: number;
}

function find({ document }: ParsedText, path: string): Found {
  let found: Found = { node: document.contents, offset: document.contents?.range[0] ?? 0 };
  let rest = path;
  while (rest !== "") {
    const step = nextStep(resolve(document, found.node), rest);
    if (step === undefined) return found;
    found = { node: step.node, offset: offsetOf(step.node) ?? step.keyOffset ?? found.offset };
    rest = step.rest;
  }
  return found;
}

interface Step extends Pick<Found, "node"> {
  readonly keyOffset: number | undefined;
  readonly rest: string;
}

/** Keys may hold dots (`matchLabels.example.com/rack`): the longest key that fits is meant. */
function nextStep(node: unknown, path: string): Step | undefined {
  const index = /^\[(\d+)\]\.?/.exec(path);
  if (index !== null) {
    if (!isSeq(node)) return undefined;
    const item = node.items[Number(index[1])];
    return item === undefined
      ? undefined
      : { node: item, keyOffset: undefined, rest: path.slice(index[0].length) };
  }
  if (!isMap(node)) return undefined;
  let best: Step | undefined;
  for (const pair of node.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : undefined;
    if (key === undefined || !startsWithKey(path, key)) continue;
    const rest = path.slice(key.length).replace(/^\./, "");
    if (best !== undefined && best.rest.length <= rest.length) continue;
    best = { node: pair.value, keyOffset: offsetOf(pair.key), rest };
  }
  return best;
}

function startsWithKey(path: string, key: string): boolean {
  if (key === "" || !path.startsWith(key)) return false;
  return [undefined, ".", "["].includes(path[key.length]);
}

function resolve(document: Document.Parsed, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function offsetOf(node: unknown): number | undefined {
  const hasRange = isScalar(node) || isCollection(node) || isAlias(node);
  if (!hasRange || isPair(node)) return undefined;
  const [start, end] = node.range ?? [];
  // An empty value has no text of its own.
  return start === end ? undefined : start;
}
