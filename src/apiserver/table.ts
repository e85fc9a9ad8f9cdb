/** meta.k8s.io/v1 Table and PartialObjectMetadata: the forms in which kubectl asks for lists. */
import { textOf, type ApiObject, type Json, type JsonObject } from "./api-object.ts";
import { jsonPathValue } from "./json-path.ts";
import type { Column, Resource } from "./resource.ts";
import { fullAge } from "./table-age.ts";
import { NAME_AND_AGE, TABLE_COLUMNS, type TableColumns } from "./table-columns.ts";
import { POD_COLUMNS } from "./table-pod.ts";

export type Form = "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList" | undefined;

/** The form that the first acceptable offer names; undefined for the objects themselves. */
export function wantedForm(accept: string): Form {
  for (const offer of accept.split(",")) {
    const form = /;as=(\w+)/.exec(offer)?.[1];
    if (!offer.trim().startsWith("application/json")) continue;
    if (form === undefined) return undefined;
    const known = form === "Table" || form.startsWith("PartialObjectMetadata");
    if (known && offer.includes("g=meta.k8s.io") && offer.includes("v=v1")) {
      if (!offer.includes("v=v1beta1")) return form as Form;
    }
  }
  return undefined;
}

/** An object or a list in the wanted form; `header` false leaves out column definitions (later events of a watch). */
export function inForm(body: JsonObject, resource: Resource, options: TableOptions): JsonObject {
  if (body.kind === "Status") return body;
  if (options.form === "Table") return tableOf(body, resource, options);
  return partialOf(body);
}

export interface TableOptions {
  form: Form;
  now: number;
  /** None, Metadata (the default) or Object: what each row carries of its object. */
  includeObject?: string | undefined;
  header?: boolean;
}

function partial(object: ApiObject): JsonObject {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: object.metadata as never,
  };
}

function partialOf(body: JsonObject): JsonObject {
  if (!Array.isArray(body.items)) return partial(body as unknown as ApiObject);
  const items = body.items.map((item) => partial(item as unknown as ApiObject));
  return {
    kind: "PartialObjectMetadataList",
    apiVersion: "meta.k8s.io/v1",
    metadata: body.metadata!,
    items,
  };
}

function tableOf(body: JsonObject, resource: Resource, options: TableOptions): JsonObject {
  const single = !Array.isArray(body.items);
  const objects = (single ? [body] : body.items) as unknown as ApiObject[];
  const columns = resource.custom ? customColumns(resource) : builtinColumns(resource);
  const metadata = body.metadata as JsonObject;
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: single ? { resourceVersion: metadata.resourceVersion ?? "" } : metadata,
    columnDefinitions: options.header === false ? null : definitions(resource, columns),
    rows: objects.map((object) => ({
      cells: columns.cells(object, options.now),
      ...rowObject(object, resource, options.includeObject),
    })),
  };
}

function rowObject(object: ApiObject, resource: Resource, include = "Metadata"): JsonObject {
  if (include === "None") return { object: null };
  if (include === "Metadata") return { object: partial(object) };
  const { group, version, kind } = resource;
  const apiVersion = group ? `${group}/${version}` : version;
  return { object: { ...object, apiVersion, kind } as unknown as JsonObject };
}

function builtinColumns(resource: Resource): TableColumns {
  if (resource.kind === "Pod") return POD_COLUMNS;
  return TABLE_COLUMNS[resource.kind] ?? NAME_AND_AGE;
}

function definitions(resource: Resource, columns: TableColumns): Json[] {
  if (resource.custom)
    return [
      definition("Name", "string", "name"),
      ...(resource.columns ?? AGE_ONLY).map(columnOf),
    ] as Json[];
  return columns.names.map((text) => {
    const name = text.replace(/^[+#]/, "");
    const format = name === "Name" ? "name" : "";
    const type = text.startsWith("#") ? "integer" : name === "Created At" ? "date" : "string";
    return { ...definition(name, type, format), priority: text.startsWith("+") ? 1 : 0 };
  });
}

function definition(name: string, type: string, format: string) {
  return { name, type, format, description: name, priority: 0 };
}

function columnOf({ name, type, format = "", description, priority = 0 }: Column): Json {
  return { name, type, format, description, priority };
}

const AGE_ONLY: readonly Column[] = [
  { name: "Age", type: "date", description: "", jsonPath: ".metadata.creationTimestamp" },
];

function customColumns(resource: Resource): TableColumns {
  const columns = resource.columns ?? AGE_ONLY;
  return {
    names: ["Name", ...columns.map(({ name }) => name)],
    cells: (object, now) => [
      object.metadata.name,
      ...columns.map((column) => customCell(object, column, now)),
    ],
  };
}

function customCell(object: ApiObject, column: Column, now: number): Json {
  const value = jsonPathValue(object, column.jsonPath ?? "");
  if (value === undefined || value === null) return null;
  if (column.type === "date") return fullAge(textOf(value), now);
  if (column.type === "string") return textOf(value);
  return value;
}
