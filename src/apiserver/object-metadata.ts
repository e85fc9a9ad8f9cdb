/** The rules of `metadata`: what a client may set, what the server sets, and which names are valid. */
import { randomInt, randomUUID } from "node:crypto";
import { type Cause, fieldError, unless, unlessSame } from "../schema/index.ts";
import type { ApiObject, Metadata } from "./api-object.ts";
import type { Resource } from "./resource.ts";

const { invalid } = fieldError;

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
export const LABEL_1123 =
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

const UNQUALIFIED = "name is neither a standard finalizer name nor is it fully qualified";

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

/** What a client cannot choose: the server keeps it through every write. */
const SERVER_FIELDS = [
  "namespace",
  "generation",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const satisfies (keyof Metadata)[];

function without(metadata: Metadata, fields: readonly (keyof Metadata)[]): Metadata {
  const kept = Object.entries(metadata).filter(([field]) => !fields.includes(field as never));
  return Object.fromEntries(kept) as unknown as Metadata;
}

/** Metadata of a new object: what a client may not choose is chosen here. */
export function newMetadata(
  given: Metadata,
  resource: Resource,
  space: string | undefined,
  now: string,
): Metadata {
  return {
    ...without(given, SERVER_FIELDS),
    name: given.name || (given.generateName ? generatedName(given.generateName) : ""),
    ...(resource.namespaced && space ? { namespace: space } : {}),
    uid: randomUUID(),
    resourceVersion: "",
    ...(hasGeneration(resource) ? { generation: 1 } : {}),
    creationTimestamp: now,
  };
}

/** Metadata of an update: identity and life cycle stay as they are, whatever the client sent. */
export function updatedMetadata(given: Metadata, old: Metadata): Metadata {
  const fixed = [...SERVER_FIELDS, "name", "generateName", "resourceVersion", "creationTimestamp"];
  const kept = Object.entries(old).filter(([field]) => fixed.includes(field));
  return {
    ...without(given, fixed as (keyof Metadata)[]),
    ...(Object.fromEntries(kept) as unknown as Metadata),
    uid: given.uid || old.uid,
  };
}

const WITHOUT_GENERATION = new Set(
  (
    "Namespace Node Service Endpoints ConfigMap Secret ServiceAccount Event Lease " +
    "Role ClusterRole RoleBinding ClusterRoleBinding ControllerRevision"
  ).split(" "),
);

/** Whether changes of the wanted state are counted in metadata.generation. */
export function hasGeneration(resource: Resource): boolean {
  return resource.custom || !WITHOUT_GENERATION.has(resource.kind);
}

/** Field errors of the metadata of a new or changed object. */
export function metadataErrors(object: ApiObject, resource: Resource, old?: ApiObject): Cause[] {
  const { metadata } = object;
  const { labels = {}, annotations = {} } = metadata;
  return [
    ...(old
      ? unlessSame("metadata.uid", metadata.uid, old.metadata.uid)
      : nameErrors(metadata.name, resource)),
    ...finalizerErrors(metadata, old?.metadata),
    ...Object.entries(labels).flatMap(([key, value]) => labelErrors(key, value)),
    ...Object.keys(annotations).flatMap((key) =>
      keyErrors("metadata.annotations", key.toLowerCase()),
    ),
    ...(old ? [] : ownerErrors(metadata)),
  ];
}

const FINALIZERS = new Set([
  "orphan",
  "foregroundDeletion",
  "kubernetes",
  "customresourcecleanup.apiextensions.k8s.io",
]);

function finalizerErrors({ finalizers = [] }: Metadata, old: Metadata | undefined): Cause[] {
  const field = "metadata.finalizers";
  const malformed = finalizers
    .filter((one) => !FINALIZERS.has(one) && !/^[a-z0-9.-]+\/[A-Za-z0-9._-]+$/.test(one))
    .map((one) => invalid(field, one, one.includes("/") ? QUALIFIED_NAME : UNQUALIFIED));
  const late = old?.deletionTimestamp
    ? finalizers.filter((one) => !old.finalizers?.includes(one))
    : [];
  if (late.length === 0) return malformed;
  const shown = `{${late.map((one) => `${JSON.stringify(one)}:{}`).join(", ")}}`;
  const why = "no new finalizers can be added if the object is being deleted, found new finalizers";
  return [...malformed, fieldError.forbidden(field, `${why} sets.Set[string]${shown}`)];
}

function nameErrors(name: string, { kind, custom }: Resource): Cause[] {
  const field = "metadata.name";
  if (!name) return [fieldError.required(field, "name or generateName is required")];
  if (PATH_NAMES.has(kind) && !custom) return pathNameErrors(field, name);
  const isLabel = LABEL_NAMES.has(kind) && !custom;
  const pattern = new RegExp(isLabel ? `^${LABEL}$` : `^${LABEL}(\\.${LABEL})*$`);
  const limit = isLabel ? 63 : 253;
  return [
    ...unless(pattern.test(name), invalid(field, name, isLabel ? LABEL_1123 : SUBDOMAIN_1123)),
    ...unless(name.length <= limit, invalid(field, name, `must be no more than ${limit} bytes`)),
  ];
}

function pathNameErrors(field: string, name: string): Cause[] {
  if (name === "." || name === "..") return [invalid(field, name, `may not be '${name}'`)];
  const bad = /[/%]/.exec(name)?.[0];
  return unless(!bad, invalid(field, name, `may not contain '${bad}'`));
}

const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

function labelErrors(key: string, value: string): Cause[] {
  const field = "metadata.labels";
  return [
    ...keyErrors(field, key),
    ...unless(value === "" || NAME_PART.test(value), invalid(field, value, LABEL_VALUE)),
    ...unless(value.length <= 63, invalid(field, value, "must be no more than 63 bytes")),
  ];
}

function keyErrors(field: string, key: string): Cause[] {
  const name = key.slice(key.indexOf("/") + 1);
  return unless(NAME_PART.test(name), invalid(field, key, QUALIFIED_NAME));
}

function ownerErrors({ ownerReferences = [] }: Metadata): Cause[] {
  return ownerReferences.flatMap((owner, at) =>
    (["apiVersion", "kind", "name", "uid"] as const).flatMap((part) => {
      const field = `metadata.ownerReferences[${at}].${part}`;
      return unless(owner[part], invalid(field, owner[part] ?? "", "must not be empty"));
    }),
  );
}
