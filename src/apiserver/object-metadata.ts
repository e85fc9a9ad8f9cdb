/** The rules of `metadata`: what a client may set, what the server sets, and which names are valid. */
import { randomInt, randomUUID } from "node:crypto";
import { fieldError, type Cause } from "./api-error.ts";
import { equal, type ApiObject, type Metadata } from "./api-object.ts";
import type { Resource } from "./resource.ts";

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_1123 =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end " +
  `with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
const SUBDOMAIN_1123 =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  `end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${LABEL}(\\.${LABEL})*')`;
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED_NAME =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** Kinds whose names are DNS labels, and kinds whose names are any path segment; all others are subdomains. */
const LABEL_NAMES = new Set(["Service", "Namespace"]);
const PATH_NAMES = new Set(["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]);

const NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789";

/** "web-" becomes "web-x7k2p". */
function generatedName(prefix: string): string {
  let name = prefix.slice(0, 58);
  for (let letter = 0; letter < 5; letter++) name += NAME_LETTERS[randomInt(NAME_LETTERS.length)];
  return name;
}

/** Metadata of a new object: what a client may not choose is chosen here. */
export function newMetadata(
  given: Metadata,
  resource: Resource,
  space: string | undefined,
  now: string,
): Metadata {
  const { namespace: _space, deletionTimestamp: _deletion, ...kept } = given;
  const { deletionGracePeriodSeconds: _grace, generation: _generation, ...rest } = kept;
  const name = given.name || (given.generateName ? generatedName(given.generateName) : "");
  return {
    ...rest,
    name,
    ...(resource.namespaced && space ? { namespace: space } : {}),
    uid: randomUUID(),
    resourceVersion: "",
    ...(hasGeneration(resource) ? { generation: 1 } : {}),
    creationTimestamp: now,
  };
}

/** Metadata of an update: identity and life cycle stay as they are, whatever the client sent. */
export function updatedMetadata(given: Metadata, old: Metadata): Metadata {
  const fixed: Partial<Metadata> = {};
  for (const field of [
    "generation",
    "generateName",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
  ] as const) {
    if (old[field] !== undefined) Object.assign(fixed, { [field]: old[field] });
  }
  const { deletionTimestamp: _deletion, deletionGracePeriodSeconds: _grace, ...rest } = given;
  const { generation: _generation, generateName: _generateName, ...kept } = rest;
  return {
    ...kept,
    name: old.name,
    ...(old.namespace ? { namespace: old.namespace } : {}),
    uid: given.uid || old.uid,
    resourceVersion: old.resourceVersion,
    creationTimestamp: old.creationTimestamp,
    ...fixed,
  };
}

const WITHOUT_GENERATION = new Set([
  "Namespace",
  "Node",
  "Service",
  "Endpoints",
  "ConfigMap",
  "Secret",
  "ServiceAccount",
  "Event",
  "Lease",
  "Role",
  "ClusterRole",
  "RoleBinding",
  "ClusterRoleBinding",
  "ControllerRevision",
]);

/** Whether changes of the wanted state are counted in metadata.generation. */
export function hasGeneration(resource: Resource): boolean {
  return resource.custom || !WITHOUT_GENERATION.has(resource.kind);
}

/** Field errors of the metadata of a new or changed object. */
export function metadataErrors(object: ApiObject, resource: Resource, old?: ApiObject): Cause[] {
  const { metadata } = object;
  return [
    ...(old ? immutableErrors(metadata, old.metadata) : nameErrors(metadata.name, resource)),
    ...finalizerErrors(metadata, old?.metadata),
    ...labelErrors(metadata.labels ?? {}),
    ...Object.keys(metadata.annotations ?? {}).flatMap((key) =>
      keyErrors("metadata.annotations", key.toLowerCase()),
    ),
    ...(old ? [] : ownerErrors(metadata)),
  ];
}

function immutableErrors(metadata: Metadata, old: Metadata): Cause[] {
  if (equal(metadata.uid, old.uid)) return [];
  return [fieldError.invalid("metadata.uid", metadata.uid, "field is immutable")];
}

const FINALIZERS = new Set(["orphan", "foregroundDeletion", "kubernetes"]);

function finalizerErrors(metadata: Metadata, old: Metadata | undefined): Cause[] {
  const field = "metadata.finalizers";
  const { finalizers = [] } = metadata;
  const malformed = finalizers
    .filter((one) => !FINALIZERS.has(one) && !/^[a-z0-9.-]+\/[A-Za-z0-9._-]+$/.test(one))
    .map((one) => {
      const why = one.includes("/")
        ? QUALIFIED_NAME
        : "name is neither a standard finalizer name nor is it fully qualified";
      return fieldError.invalid(field, one, why);
    });
  if (!old?.deletionTimestamp) return malformed;
  const late = finalizers.filter((one) => !old.finalizers?.includes(one));
  if (late.length === 0) return malformed;
  const shown = `{${late.map((one) => `${JSON.stringify(one)}:{}`).join(", ")}}`;
  const why = "no new finalizers can be added if the object is being deleted, found new finalizers";
  return [...malformed, fieldError.forbidden(field, `${why} sets.Set[string]${shown}`)];
}

function nameErrors(name: string, resource: Resource): Cause[] {
  const field = "metadata.name";
  if (!name) return [fieldError.required(field, "name or generateName is required")];
  const isLabel = LABEL_NAMES.has(resource.kind) && !resource.custom;
  if (PATH_NAMES.has(resource.kind) && !resource.custom) return pathNameErrors(name);
  const limit = isLabel ? 63 : 253;
  const causes: Cause[] = [];
  const pattern = isLabel ? new RegExp(`^${LABEL}$`) : new RegExp(`^${LABEL}(\\.${LABEL})*$`);
  if (!pattern.test(name)) {
    causes.push(fieldError.invalid(field, name, isLabel ? LABEL_1123 : SUBDOMAIN_1123));
  }
  if (name.length > limit) {
    causes.push(fieldError.invalid(field, name, `must be no more than ${limit} bytes`));
  }
  return causes;
}

function pathNameErrors(name: string): Cause[] {
  const bad = name === "." || name === ".." ? name : /[/%]/.exec(name)?.[0];
  if (!bad) return [];
  const why = bad === name ? `may not be '${bad}'` : `may not contain '${bad}'`;
  return [fieldError.invalid("metadata.name", name, why)];
}

function labelErrors(labels: Record<string, string>): Cause[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...keyErrors("metadata.labels", key),
    ...(value === "" || /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(value)
      ? []
      : [fieldError.invalid("metadata.labels", value, LABEL_VALUE)]),
    ...(value.length > 63
      ? [fieldError.invalid("metadata.labels", value, "must be no more than 63 bytes")]
      : []),
  ]);
}

function keyErrors(field: string, key: string): Cause[] {
  const name = key.slice(key.indexOf("/") + 1);
  if (/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name)) return [];
  return [fieldError.invalid(field, key, QUALIFIED_NAME)];
}

function ownerErrors(metadata: Metadata): Cause[] {
  return (metadata.ownerReferences ?? []).flatMap((owner, at) => {
    const field = `metadata.ownerReferences[${at}]`;
    const needed = ["apiVersion", "kind", "name", "uid"] as const;
    return needed
      .filter((part) => !owner[part])
      .map((part) =>
        fieldError.invalid(`${field}.${part}`, owner[part] ?? "", "must not be empty"),
      );
  });
}
