/** From a request's body to an object of the wanted kind: kind checked, unknown fields dropped or refused. */
import { formatJson } from "../kube/index.ts";
import { type Json, isRecord, textOf, withoutUnknownFields } from "../schema/index.ts";
import { badRequest } from "./api-error.ts";
import { type ApiObject } from "./api-object.ts";

import { fromEventsV1 } from "./event-versions.ts";
import { groupVersion, type Resource } from "./resource.ts";
import { wrongType } from "./wrong-type.ts";

export interface Decoded {
  object: ApiObject;
  /** Sentences for `Warning:` headers. */
  warnings: string[];
}

/** Throws 400 when the body is no object of this kind, or has unknown fields under `fieldValidation=Strict`. */
export function decode(
  body: Json | undefined,
  resource: Resource,
  fieldValidation: string,
): Decoded {
  if (!isRecord(body)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; ` +
        "json parse error: unexpected end of JSON input (<empty>)",
    );
  }
  const version = groupVersion(resource);
  for (const field of resource.custom ? (["kind", "apiVersion"] as const) : []) {
    if (body[field]) continue;
    const shown = field === "kind" ? "Kind" : field;
    throw badRequest(`Object '${shown}' is missing in '${formatJson(body)}'`);
  }
  const kind = body.kind ?? resource.kind;
  const apiVersion = body.apiVersion ?? version;
  if (kind !== resource.kind || apiVersion !== version) {
    throw badRequest(
      `${textOf(kind)} in version "${resource.version}" cannot be handled as a ${resource.kind}: ` +
        `the resource ${resource.plural} takes ${version} ${resource.kind}, not ${textOf(apiVersion)} ${textOf(kind)}`,
    );
  }
  const metadata = isRecord(body.metadata) ? body.metadata : {};
  const object = { ...body, apiVersion, kind, metadata } as unknown as ApiObject;
  return pruned(object, resource, fieldValidation);
}

/** Drops unknown fields; under "Strict" they are refused, under "Warn" told. */
function pruned(object: ApiObject, resource: Resource, mode: string): Decoded {
  const { schema, kind, version } = resource;
  if (!schema) return { object, warnings: [] };
  const wrong = resource.custom ? undefined : wrongType(object, schema, kind);
  const cannot = `${kind} in version "${version}" cannot be handled as a ${kind}: `;
  if (wrong) throw badRequest(cannot + wrong);
  const unknown: string[] = [];
  const known = withoutUnknownFields(object, schema, unknown);
  const sentences = unknown.map((path) => `unknown field "${path}"`);
  if (mode === "Strict" && sentences.length > 0) {
    throw badRequest(`${cannot}strict decoding error: ${sentences.join(", ")}`);
  }
  const event = resource.group === "events.k8s.io";
  const stored = known as unknown as ApiObject;
  return {
    object: event ? fromEventsV1(stored) : stored,
    warnings: mode === "Warn" ? sentences : [],
  };
}
