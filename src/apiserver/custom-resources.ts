/** CustomResourceDefinitions: what makes one valid, and the resources that come and go with them. */
import type { Json, Schema } from "../schema/index.ts";
import type { ApiObject } from "./api-object.ts";
import type { DefinitionVersion } from "./custom-resource-errors.ts";
import { typeSchema } from "./builtin-schema.ts";
import { ALL_VERBS, storageOf, type Resource } from "./resource.ts";
import { timestamp, type ServerState } from "./server-state.ts";
import { discard } from "./delete.ts";

const STORAGE = "apiextensions.k8s.io/customresourcedefinitions";
const CLEANUP = "customresourcecleanup.apiextensions.k8s.io";

/** Keeps the registry in step with the stored definitions; returns the way to stop. */
export function serveCustomResources(state: ServerState): () => void {
  for (const definition of state.store.list(STORAGE)) register(state, definition);
  return state.store.subscribe(({ resource, type, object }) => {
    if (resource !== STORAGE) {
      finishIfEmpty(state, resource);
      return;
    }
    const { group, names } = object.spec;
    state.registry.remove(group, names.plural);
    if (type === "DELETED") return;
    register(state, object);
    if (object.metadata.deletionTimestamp) removeAll(state, object);
    else establish(state, object);
  });
}

function register(state: ServerState, definition: ApiObject): void {
  const versions: DefinitionVersion[] = definition.spec.versions;
  for (const version of versions)
    if (version.served) state.registry.add(resourceOf(definition, version));
}

function resourceOf(definition: ApiObject, version: DefinitionVersion): Resource {
  const { group, names, scope, versions } = definition.spec;
  const stored = (versions as DefinitionVersion[]).find((one) => one.storage)!;
  const { status, scale } = version.subresources ?? {};
  return {
    group,
    version: version.name,
    plural: names.plural,
    kind: names.kind,
    singular: names.singular,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === "Namespaced",
    subresources: [...(status ? ["status"] : []), ...(scale ? ["scale"] : [])],
    schema: withObjectFields(version.schema?.openAPIV3Schema ?? {}),
    storageVersion: stored.name,
    custom: true,
    ...(version.deprecated ? { deprecation: deprecationOf(definition, version) } : {}),
    ...(version.additionalPrinterColumns ? { columns: version.additionalPrinterColumns } : {}),
    verbs: ALL_VERBS,
  };
}

function deprecationOf({ spec }: ApiObject, version: DefinitionVersion): string {
  const { name, deprecationWarning } = version;
  return deprecationWarning ?? `${spec.group}/${name} ${spec.names.kind} is deprecated`;
}

/** The definition's schema with the fields that every object has. */
function withObjectFields(schema: Schema): Schema {
  const word: Schema = { type: "string" };
  const metadata: Schema = typeSchema("ObjectMeta")!;
  return {
    ...schema,
    type: "object",
    properties: { ...schema.properties, apiVersion: word, kind: word, metadata },
  };
}

/** Writes the conditions that clients wait for. */
function establish(state: ServerState, definition: ApiObject): void {
  const { names, versions } = definition.spec;
  const now = timestamp(state.now());
  const stored = (versions as DefinitionVersion[]).find((one) => one.storage)!.name;
  const earlier: string[] = definition.status?.storedVersions ?? [];
  const storedVersions = earlier.includes(stored) ? earlier : [...earlier, stored];
  const finalizers = definition.metadata.finalizers ?? [];
  const done =
    definition.status?.conditions && storedVersions === earlier && finalizers.includes(CLEANUP);
  if (done && JSON.stringify(definition.status.acceptedNames) === JSON.stringify(names)) return;
  const conditions = definition.status?.conditions ?? [
    condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
    condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now),
  ];
  state.store.put(STORAGE, {
    ...definition,
    metadata: { ...definition.metadata, finalizers: [...new Set([...finalizers, CLEANUP])] },
    status: { conditions, acceptedNames: names, storedVersions },
  });
}

function condition(type: string, reason: string, message: string, now: string): Json {
  return { type, status: "True", lastTransitionTime: now, reason, message };
}

/** Deletes every object of a definition that is to go; the definition follows when the last one is gone. */
function removeAll(state: ServerState, definition: ApiObject): void {
  const storage = storageOf({ group: definition.spec.group, plural: definition.spec.names.plural });
  const resource = state.registry.stored(storage);
  for (const object of state.store.list(storage)) if (resource) discard(state, resource, object);
  finishIfEmpty(state, storage);
}

function finishIfEmpty(state: ServerState, storage: string): void {
  const definition = state.store
    .list(STORAGE)
    .find(({ spec }) => storageOf({ group: spec.group, plural: spec.names.plural }) === storage);
  if (!definition?.metadata.deletionTimestamp || state.store.list(storage).length > 0) return;
  const finalizers = (definition.metadata.finalizers ?? []).filter((one) => one !== CLEANUP);
  const released = { ...definition, metadata: { ...definition.metadata, finalizers } };
  if (finalizers.length > 0) state.store.put(STORAGE, released);
  else state.store.remove(STORAGE, released);
}
