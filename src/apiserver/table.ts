/** meta.k8s.io/v1 Table and PartialObjectMetadata: the forms in which kubectl asks for lists. */
import type { Json, JsonObject } from "../schema/index.ts";
import type { ApiObject } from "./api-object.ts";
import { fromEventsV1 } from "./event-versions.ts";
import { groupVersion, type Resource } from "./resource.ts";
import { columnsOf } from "./table-columns.ts";

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
  const columns = columnsOf(resource);
  const metadata = body.metadata as JsonObject;
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: single ? { resourceVersion: metadata.resourceVersion ?? "" } : metadata,
    columnDefinitions:
      options.header === false ? null : columns.map(({ cell: _cell, ...definition }) => definition),
    rows: objects.map((object) => {
      // Events come in the form of either of their two groups; cells know that of the core group.
      const seen = object.regarding ? fromEventsV1(object) : object;
      return {
        cells: columns.map(({ cell }) => cell(seen, options.now)),
        object: rowObject(object, resource, options.includeObject),
      };
    }),
  };
}

function rowObject(object: ApiObject, resource: Resource, include = "Metadata"): Json {
  if (include === "None") return null;
  if (include === "Metadata") return partial(object);
  return { ...object, apiVersion: groupVersion(resource), kind: resource.kind } as never;
}
