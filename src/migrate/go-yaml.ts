/** Writes plain values as YAML, byte for byte as Kubernetes' own tools do: keys sorted, few quotes. */
import { compareKeys } from "./key-order.ts";
import { scalarText } from "./go-yaml-scalar.ts";

type Entry = readonly [string, unknown];

/** A mapping as a document of its own, with its last line ended. */
export function goYaml(value: object): string {
  return lines(value)
    .map((line) => `${line}\n`)
    .join("");
}

function lines(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(itemLines);
  if (typeof value === "object" && value !== null) return entries(value).flatMap(entryLines);
  return scalarText(value).split("\n");
}

function entries(value: object): Entry[] {
  return Object.entries(value).sort(([a], [b]) => compareKeys(a, b));
}

function entryLines([key, value]: Entry): readonly string[] {
  const name = scalarText(key);
  if (isEmptyCollection(value)) return [`${name}: ${Array.isArray(value) ? "[]" : "{}"}`];
  const below = lines(value);
  // A list stands below its key without more indentation, a mapping two further in.
  if (Array.isArray(value)) return [`${name}:`, ...below];
  if (typeof value === "object" && value !== null) return [`${name}:`, ...indented(below)];
  const [first = "", ...rest] = below;
  return [`${name}: ${first}`, ...indented(rest)];
}

function itemLines(item: unknown): readonly string[] {
  const [first = "", ...rest] = isEmptyCollection(item)
    ? [Array.isArray(item) ? "[]" : "{}"]
    : lines(item);
  return [`- ${first}`, ...indented(rest)];
}

function indented(below: readonly string[]): readonly string[] {
  return below.map((line) => (line === "" ? line : `  ${line}`));
}

function isEmptyCollection(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
