/** Writes plain values as YAML, byte for byte as Kubernetes' own tools do: keys sorted, few quotes. */
import { compareKeys } from "./key-order.ts";
import { scalarText } from "./go-yaml-scalar.ts";

type Entry = readonly [string, unknown];

/** A mapping as a document of its own, with its last line ended. */
export function goYaml(value: object): string {
  return lines(value, 0)
    .map((line) => `${line}\n`)
    .join("");
}

/** `indent` is where they will stand, so that long ones are folded where Go programs do. */
function lines(value: unknown, indent: number): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => itemLines(item, indent));
  return entries(value as object).flatMap((entry) => entryLines(entry, indent));
}

function entries(value: object): Entry[] {
  return Object.entries(value).sort(([a], [b]) => compareKeys(a, b));
}

function entryLines([key, value]: Entry, indent: number): readonly string[] {
  const name = scalarText(key);
  if (isEmptyCollection(value)) return [`${name}: ${Array.isArray(value) ? "[]" : "{}"}`];
  // A list stands below its key without more indentation, a mapping two further in.
  if (Array.isArray(value)) return [`${name}:`, ...lines(value, indent)];
  if (isCollection(value)) return [`${name}:`, ...indented(lines(value, indent + 2))];
  return scalarLines(`${name}: `, value, indent);
}

function itemLines(item: unknown, indent: number): readonly string[] {
  if (isEmptyCollection(item)) return [`- ${Array.isArray(item) ? "[]" : "{}"}`];
  if (!isCollection(item)) return scalarLines("- ", item, indent);
  const [first = "", ...rest] = lines(item, indent + 2);
  return [`- ${first}`, ...indented(rest)];
}

function scalarLines(before: string, value: unknown, indent: number): readonly string[] {
  const spot = { column: indent + Array.from(before).length, indent: indent + 2 };
  const [first = "", ...rest] = scalarText(value, spot).split("\n");
  return [before + first, ...indented(rest)];
}

function indented(below: readonly string[]): readonly string[] {
  return below.map((line) => (line === "" ? line : `  ${line}`));
}

function isCollection(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isEmptyCollection(value: unknown): boolean {
  return isCollection(value) && Object.keys(value).length === 0;
}
