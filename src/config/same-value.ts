/** Whether two values are alike in everything: plain objects, lists, maps, sets, numbers and texts. */

/** The order counts in lists and maps, as that of pools does, and not in sets and objects. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Set) return isSameList([...a].sort(), [...(b as typeof a)].sort());
  if (a instanceof Map) return isSameList([...a], [...(b as typeof a)]);
  if (Array.isArray(a)) return isSameList(a, b as typeof a);
  return isSameRecord(a, b);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => isSameValue(item, b[index]));
}

function isSameRecord(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSameValue(a[key], b[key]));
}
