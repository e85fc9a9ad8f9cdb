/** Server-side apply: merge what one manager wants into the live object, by field ownership. */
import { formatJson } from "../kube/index.ts";
import {
  type Json,
  type JsonObject,
  type Schema,
  clone,
  equal,
  fieldError,
  fieldSchema,
  isRecord,
} from "../schema/index.ts";
import { ApiError, badRequest, invalidOptions } from "./api-error.ts";
import { type ApiObject, type ManagedFieldsEntry } from "./api-object.ts";
import { decode } from "./decode.ts";
import {
  fieldsOf,
  fromFieldsV1,
  isKeyed,
  isWithin,
  itemStep,
  shownField,
  stepsOf,
  type Fields,
} from "./field-set.ts";
import { entryBy, isBy, shrunk, withEntries } from "./field-tracking.ts";
import { storageOf } from "./resource.ts";
import { timestamp } from "./server-state.ts";
import { change, create, type WriteContext } from "./write.ts";

/** Applies `body` for `context.manager`. Throws 409 when other managers own a field with another value, unless forced. */
export async function serverSideApply(
  context: WriteContext,
  body: Json,
  force: boolean,
): Promise<{ object: ApiObject; created: boolean }> {
  const { state, resource, namespace, name = "" } = context;
  checkBody(body, context);
  const { object: wanted, warnings } = decode(body, resource, context.fieldValidation);
  context.warnings.push(...warnings);
  if (wanted.metadata.managedFields) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const merged = (live: ApiObject | undefined) =>
    applied({ live, wanted, context, force, now: timestamp(state.now()) });
  // Ownership is settled by the merge, so that the write itself must not be tracked again.
  const settled: WriteContext = { ...context, tracked: true };
  if (state.store.get(storageOf(resource), namespace, name)) {
    return { object: await change(settled, merged), created: false };
  }
  if (context.subresource) return { object: await change(settled, merged), created: false };
  const fresh = merged(undefined) as unknown as JsonObject;
  const metadata = { ...(fresh.metadata as JsonObject), name };
  return { object: await create(settled, { ...fresh, metadata }), created: true };
}

function checkBody(body: Json, context: WriteContext): void {
  if (!isRecord(body)) throw badRequest("error decoding YAML: the body is no object");
  if (!context.namedManager) {
    const cause = fieldError.required("fieldManager", "is required for apply patch");
    throw invalidOptions("PatchOptions", cause);
  }
  const { kind, apiVersion } = body;
  if (!kind || !apiVersion) {
    throw badRequest(
      `Object '${kind ? "apiVersion" : "Kind"}' is missing in '${formatJson(body)}'`,
    );
  }
}

interface Applying {
  live: ApiObject | undefined;
  wanted: ApiObject;
  context: WriteContext;
  force: boolean;
  now: string;
}

function applied({ live, wanted, context, force, now }: Applying): ApiObject {
  const { manager, subresource, resource } = context;
  const { schema } = resource;
  const entries = live?.metadata.managedFields ?? [];
  const by = { manager, operation: "Apply", subresource, now } as const;
  const own = entries.find(isBy(by));
  const others = entries.filter((entry) => entry !== own);
  const fields = fieldsOf(wanted, schema, "none");
  const current: Fields = live ? fieldsOf(live, schema, "none") : new Map();
  const taken = conflicts(others, fields, current);
  if (taken.length > 0 && !force) throw conflictError(taken);
  const lost = new Set(taken.map(({ field }) => field));
  const kept = others.flatMap((entry) => shrunk(entry, (field) => !lost.has(field)));
  let object = mergeValue(live, wanted, schema);
  for (const field of abandoned(own, kept, fields))
    object = without(object, stepsOf(field), schema);
  const fresh = entryBy(by, resource, fields.keys());
  const isSame = own?.time && equal(own.fieldsV1, fresh.fieldsV1);
  const entry = fields.size === 0 ? [] : [isSame ? { ...fresh, time: own.time! } : fresh];
  const result = withEntries(object as unknown as ApiObject, [...entry, ...kept]);
  const resourceVersion = wanted.metadata.resourceVersion ?? "";
  return { ...result, metadata: { ...result.metadata, resourceVersion } };
}

/** Fields that the manager applied before and does no longer, and nobody else has. */
function abandoned(
  own: ManagedFieldsEntry | undefined,
  others: readonly ManagedFieldsEntry[],
  fields: Fields,
): string[] {
  const claimed = others.flatMap((entry) => [...fromFieldsV1(entry.fieldsV1)]);
  const before = own ? [...fromFieldsV1(own.fieldsV1)] : [];
  return before.filter(
    (field) => !inside(fields, field) && !claimed.some((one) => isWithin(one, field)),
  );
}

function inside(fields: Fields, container: string): boolean {
  for (const field of fields.keys()) if (isWithin(field, container)) return true;
  return false;
}

interface Taken {
  field: string;
  by: ManagedFieldsEntry;
}

function conflicts(
  others: readonly ManagedFieldsEntry[],
  wanted: Fields,
  current: Fields,
): Taken[] {
  return others.flatMap((by) =>
    [...fromFieldsV1(by.fieldsV1)]
      .filter(
        (field) => wanted.get(field) !== undefined && !equal(wanted.get(field), current.get(field)),
      )
      .map((field) => ({ field, by })),
  );
}

function conflictError(taken: readonly Taken[]): ApiError {
  const causes = taken.map(({ field, by }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${managerText(by)}`,
    field: shownField(field),
  }));
  const managers = new Map<string, string[]>();
  for (const { field, by } of taken) {
    const text = managerText(by);
    managers.set(text, [...(managers.get(text) ?? []), shownField(field)]);
  }
  const texts = [...managers].map(([by, fields]) =>
    fields.length === 1
      ? `conflict with ${by}: ${fields[0]}`
      : `conflicts with ${by}:\n${fields.map((one) => `- ${one}`).join("\n")}`,
  );
  const plural = taken.length === 1 ? "conflict" : "conflicts";
  const separator = texts.length === 1 ? " " : "\n";
  const message = `Apply failed with ${taken.length} ${plural}:${separator}${texts.join("\n")}`;
  return new ApiError(409, "Conflict", message, { causes });
}

function managerText(entry: ManagedFieldsEntry): string {
  const subresource = entry.subresource ? ` with subresource "${entry.subresource}"` : "";
  const name = `${JSON.stringify(entry.manager)}${subresource}`;
  if (entry.operation === "Apply") return name;
  return `${name} using ${entry.apiVersion}`;
}

/** `live` with everything in `wanted` set; keyed lists keep the order of `live`, new items come last. */
function mergeValue(live: Json | undefined, wanted: Json, schema: Schema | undefined): Json {
  if (isRecord(wanted) && isRecord(live) && schema?.["x-kubernetes-map-type"] !== "atomic") {
    const merged: JsonObject = { ...live };
    for (const [key, value] of Object.entries(wanted)) {
      if (value === null) delete merged[key];
      else merged[key] = mergeValue(live[key], value, fieldSchema(schema, key));
    }
    return merged;
  }
  if (!Array.isArray(wanted) || !Array.isArray(live) || !isKeyed(schema)) return clone(wanted);
  const merged = [...live];
  for (const item of wanted) {
    const step = itemStep(item, schema!);
    const at = merged.findIndex((one) => itemStep(one, schema!) === step);
    if (at < 0) merged.push(clone(item));
    else merged[at] = mergeValue(merged[at], item, schema!.items);
  }
  return merged;
}

/** The value without one field; a map that is empty afterwards goes as well. */
function without(value: Json, steps: readonly string[], schema: Schema | undefined): Json {
  const [step = "", ...rest] = steps;
  if (Array.isArray(value)) {
    const list = schema ?? {};
    return value.flatMap((item) => {
      if (itemStep(item, list) !== step) return [item];
      return rest.length === 0 ? [] : [without(item, rest, list.items)];
    });
  }
  const key = step.slice(2);
  if (!isRecord(value) || value[key] === undefined) return value;
  const { [key]: found, ...others } = value;
  if (rest.length === 0) return others;
  const left = without(found!, rest, fieldSchema(schema, key));
  const isEmpty = isRecord(left)
    ? Object.keys(left).length === 0
    : Array.isArray(left) && left.length === 0;
  return isEmpty && !equal(left, found) ? others : { ...value, [key]: left };
}
