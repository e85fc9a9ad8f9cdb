/** managedFields after a plain write: whoever changed a field owns it, others lose it. */
import { equal } from "../schema/index.ts";
import { type ApiObject, type ManagedFieldsEntry } from "./api-object.ts";
import { fieldsOf, fromFieldsV1, toFieldsV1, type Fields } from "./field-set.ts";
import { groupVersion, type Resource } from "./resource.ts";

/** Who writes: a manager owns its fields once for each way of writing and each subresource. */
export interface Writer {
  manager: string;
  operation: ManagedFieldsEntry["operation"];
  subresource: string | undefined;
  now: string;
}

export function isBy({ manager, operation, subresource }: Writer) {
  return (entry: ManagedFieldsEntry): boolean =>
    entry.manager === manager && entry.operation === operation && entry.subresource === subresource;
}

export function entryBy(
  by: Writer,
  resource: Resource,
  fields: Iterable<string>,
): ManagedFieldsEntry {
  const { manager, operation, subresource, now } = by;
  return {
    manager,
    operation,
    apiVersion: groupVersion(resource),
    time: now,
    fieldsType: "FieldsV1",
    fieldsV1: toFieldsV1(fields),
    ...(subresource ? { subresource } : {}),
  };
}

/** The new object with managedFields brought up to date for a create, update or patch. */
export function trackWrite(
  object: ApiObject,
  old: ApiObject | undefined,
  resource: Resource,
  by: Writer,
): ApiObject {
  const given = object.metadata.managedFields;
  if (old && given && given.every((entry) => !entry.manager)) return withEntries(object, []);
  // The real server knows the fields of a custom resource's maps, and yet treats these as free ones.
  const containers = resource.custom ? "all" : "without named fields";
  const fields = (one: ApiObject) => fieldsOf(one, resource.schema, containers);
  const after = fields(object);
  const before: Fields = old ? fields(old) : new Map();
  const changed = [...after].filter(
    ([field, value]) => !before.has(field) || !equal(before.get(field), value),
  );
  const changedNames = new Set(changed.map(([field]) => field));
  const entries = old ? (old.metadata.managedFields ?? []) : [];
  const kept = entries.flatMap((entry) =>
    shrunk(entry, (field) => after.has(field) && !changedNames.has(field)),
  );
  if (changedNames.size === 0) return withEntries(object, kept);
  const own = kept.find(isBy(by));
  const owned = new Set([...(own ? fromFieldsV1(own.fieldsV1) : []), ...changedNames]);
  const entry = entryBy(by, resource, owned);
  return withEntries(object, [...kept.filter((one) => one !== own), entry]);
}

/** The entry with only the fields that `keeps` accepts; none when nothing is left of it. */
export function shrunk(
  entry: ManagedFieldsEntry,
  keeps: (field: string) => boolean,
): ManagedFieldsEntry[] {
  const owned = fromFieldsV1(entry.fieldsV1);
  const left = [...owned].filter(keeps);
  if (left.length === owned.size) return [entry];
  return left.length > 0 ? [{ ...entry, fieldsV1: toFieldsV1(left) }] : [];
}

export function withEntries(object: ApiObject, entries: ManagedFieldsEntry[]): ApiObject {
  const { managedFields: _old, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: entries.length > 0 ? { ...metadata, managedFields: entries } : metadata,
  };
}
