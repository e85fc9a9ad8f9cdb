/** Plain JSON values and the few operations on them that everybody shares; whole numbers beyond 2^53 are bigints. */
import { formatJson } from "../kube/index.ts";

export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A deep copy of plain JSON; several times faster than structuredClone. */
export function clone<T>(value: T): T {
  if (Array.isArray(value)) return value.map(clone) as T;
  if (!isRecord(value)) return value;
  const copy: JsonObject = {};
  for (const key in value) copy[key] = clone((value as JsonObject)[key]!);
  return copy as T;
}

/** Equality of plain JSON; the order of keys does not count, and an absent key equals undefined. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, at) => equal(item, b[at]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  for (const key in a) if (!equal(a[key], b[key])) return false;
  for (const key in b) if (b[key] !== undefined && a[key] === undefined) return false;
  return true;
}

/** A value where text is expected: text as it is, nothing as "", other values as JSON. */
export function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : formatJson(value);
}
