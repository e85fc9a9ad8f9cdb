/** Strategic merge patch: JSON merge patch that knows which lists are keyed, with Kubernetes' `$` directives. */
import {
  type Json,
  type JsonObject,
  type Schema,
  equal,
  fieldSchema,
  isRecord,
} from "../schema/index.ts";
import { ApiError, badRequest } from "./api-error.ts";

const ORDER = "$setElementOrder/";
const DELETIONS = "$deleteFromPrimitiveList/";

/** Merges `patch` into `original` by the merge keys of `schema`. Returns a new value; throws 400 for a bad patch. */
export function strategicPatch(original: JsonObject, patch: Json, schema?: Schema): JsonObject {
  if (!isRecord(patch)) throw badRequest("error decoding patch: a strategic patch is a map");
  return mergeMap(original, patch, schema);
}

function mergeMap(original: JsonObject, patch: JsonObject, schema?: Schema): JsonObject {
  const { $patch: directive, $retainKeys: retained, ...fields } = patch;
  if (directive === "replace") return fields;
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") {
    throw badRequest(`invalid value for $patch: ${JSON.stringify(directive)}`);
  }
  const kept = Object.entries(original).filter(
    ([key]) => !Array.isArray(retained) || retained.includes(key),
  );
  const merged: JsonObject = Object.fromEntries(kept);
  for (const key of new Set(Object.keys(fields).map(fieldNamed))) {
    if (key.startsWith("$")) continue;
    // Directives may come without the list itself: an order, or deletions from a primitive list.
    const value = fields[key] === undefined && Array.isArray(merged[key]) ? [] : fields[key];
    if (value === null) delete merged[key];
    else if (value !== undefined)
      merged[key] = mergeField(merged[key], value, fieldSchema(schema, key), listRules(patch, key));
  }
  return merged;
}

/** The field that a key of a patch is about, be it the field itself or a directive for its list. */
function fieldNamed(key: string): string {
  return key.startsWith(ORDER) || key.startsWith(DELETIONS) ? key.slice(key.indexOf("/") + 1) : key;
}

interface ListRules {
  order: Json[] | undefined;
  deletions: Json[] | undefined;
}

function listRules(patch: JsonObject, key: string): ListRules {
  const order = patch[ORDER + key];
  const deletions = patch[DELETIONS + key];
  return {
    order: Array.isArray(order) ? order : undefined,
    deletions: Array.isArray(deletions) ? deletions : undefined,
  };
}

function mergeField(
  original: Json | undefined,
  value: Json,
  schema: Schema | undefined,
  rules: ListRules,
): Json {
  const strategies = (schema?.["x-kubernetes-patch-strategy"] ?? "").split(",");
  if (isRecord(value)) {
    const base = isRecord(original) && !strategies.includes("replace") ? original : {};
    return mergeMap(base, value, schema);
  }
  if (!Array.isArray(value) || !strategies.includes("merge")) return withoutDirectives(value);
  return mergeList(Array.isArray(original) ? original : [], value, schema, rules);
}

function mergeList(
  base: Json[],
  patch: Json[],
  schema: Schema | undefined,
  rules: ListRules,
): Json[] {
  const mergeKey = schema?.["x-kubernetes-patch-merge-key"];
  const identity = (item: Json) => (mergeKey && isRecord(item) ? item[mergeKey] : item);
  const merged = mergeKey
    ? mergeKeyed(base, patch, mergeKey, schema?.items)
    : mergePrimitives(base, patch, rules.deletions);
  return ordered(merged, base, (rules.order ?? patch).map(identity), identity);
}

/** A list that is replaced as a whole may still carry directives such as `{$patch: replace}`. */
function withoutDirectives(value: Json): Json {
  if (!Array.isArray(value)) return value;
  return value.filter((item) => !isRecord(item) || item.$patch === undefined);
}

function mergePrimitives(base: Json[], patch: Json[], deletions: Json[] = []): Json[] {
  const kept = base.filter((item) => !deletions.includes(item));
  return [...kept, ...patch.filter((item) => !kept.includes(item))];
}

function mergeKeyed(base: Json[], patch: Json[], mergeKey: string, schema?: Schema): Json[] {
  const items = patch.filter(isRecord);
  const replacing = items.some((item) => item.$patch === "replace" && !(mergeKey in item));
  if (replacing) return items.filter((item) => item.$patch === undefined);
  const merged = [...base];
  for (const item of items) {
    if (!(mergeKey in item)) {
      const message = `map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`;
      throw new ApiError(500, "", message);
    }
    const at = merged.findIndex((one) => isRecord(one) && equal(one[mergeKey], item[mergeKey]));
    if (item.$patch === "delete") {
      if (at >= 0) merged.splice(at, 1);
    } else if (at >= 0) merged[at] = mergeMap(merged[at] as JsonObject, item, schema);
    else merged.push(mergeMap({}, item, schema));
  }
  return merged;
}

/**
 * Items of the patch in their order, items that only the server has in theirs; where both could come next, the one that
 * stood first on the server does, and new items go in front.
 */
function ordered(
  merged: Json[],
  base: Json[],
  order: unknown[],
  identity: (item: Json) => Json | undefined,
): Json[] {
  const place = (item: Json) => order.findIndex((one) => equal(one, identity(item)));
  const before = base.map(identity);
  const former = (item: Json) => before.findIndex((one) => equal(one, identity(item)));
  const named = merged.filter((item) => place(item) >= 0).sort((a, b) => place(a) - place(b));
  const others = merged.filter((item) => place(item) < 0);
  const result: Json[] = [];
  while (named.length > 0 && others.length > 0) {
    const [left, right] = [former(others[0]!), former(named[0]!)];
    result.push(right >= 0 && left <= right ? others.shift()! : named.shift()!);
  }
  return [...result, ...named, ...others];
}
