/** What a controller manager does after deletions: empties namespaces, removes dependents of deleted owners. */
import type { ApiObject } from "./api-object.ts";
import { discard } from "./delete.ts";
import { storageOf } from "./resource.ts";
import type { ServerState } from "./server-state.ts";
import type { StoreEvent } from "./store.ts";

/** An object and the table of the store that it is in. */
interface Stored {
  storage: string;
  object: ApiObject;
}

const NAMESPACES = "/namespaces";

function ownersOf({ metadata }: ApiObject): string[] {
  return (metadata.ownerReferences ?? []).map(({ uid }) => uid);
}

/** Listens to the store and cleans up behind deletions; returns the way to stop. */
export function collectGarbage(state: ServerState): () => void {
  const collector = new Collector(state);
  collector.catchUp();
  return state.store.subscribe((event) => collector.observe(event));
}

class Collector {
  readonly #state: ServerState;
  /** Everything that has owners, by uid: few objects do, and a deletion asks for all that are owned by one. */
  readonly #owned = new Map<string, Stored>();

  constructor(state: ServerState) {
    this.#state = state;
  }

  /** Takes up what was under way when the server last stopped. */
  catchUp(): void {
    const { store } = this.#state;
    const all = store
      .resources()
      .flatMap((storage) => store.list(storage).map((object) => ({ storage, object })));
    for (const one of all) this.#remember(one);
    for (const one of all) this.#advance(one);
  }

  observe({ type, resource: storage, object, previous }: StoreEvent): void {
    if (type !== "DELETED") {
      this.#remember({ storage, object });
      this.#advance({ storage, object });
      return;
    }
    this.#owned.delete(object.metadata.uid);
    for (const dependent of this.#dependentsOf(object)) this.#ownerGone(dependent);
    this.#continueOwners(previous ?? object);
    if (object.metadata.namespace) this.#finishNamespace(object.metadata.namespace);
  }

  #remember(stored: Stored): void {
    const { uid, ownerReferences } = stored.object.metadata;
    if (ownerReferences?.length) this.#owned.set(uid, stored);
    else this.#owned.delete(uid);
  }

  /** Read anew from the store, as writes under way have not been heard of yet. */
  #dependentsOf(owner: ApiObject): Stored[] {
    const live = [...this.#owned.values()].flatMap(({ storage, object: { metadata } }) => {
      const object = this.#state.store.get(storage, metadata.namespace, metadata.name);
      return object ? [{ storage, object }] : [];
    });
    return live.filter(({ object }) => ownersOf(object).includes(owner.metadata.uid));
  }

  /** A dependent goes when no owner of it is left. */
  #ownerGone(dependent: Stored): void {
    const { store } = this.#state;
    const owners = ownersOf(dependent.object);
    const isOwner = ({ metadata }: ApiObject) => owners.includes(metadata.uid);
    if (!store.resources().some((storage) => store.list(storage).some(isOwner)))
      this.#delete(dependent);
  }

  /** One step of a deletion under way: namespaces are emptied, orphans released, dependents removed first. */
  #advance(owner: Stored): void {
    const { name, deletionTimestamp, finalizers = [] } = owner.object.metadata;
    if (!deletionTimestamp) return;
    if (owner.storage === NAMESPACES) this.#empty(name);
    else if (finalizers.includes("orphan")) {
      for (const dependent of this.#dependentsOf(owner.object)) this.#release(dependent, owner);
      this.#unhold(owner, "orphan");
    } else if (finalizers.includes("foregroundDeletion")) this.#foreground(owner);
  }

  #foreground(owner: Stored): void {
    const dependents = this.#dependentsOf(owner.object);
    for (const dependent of dependents) this.#delete(dependent);
    const { uid } = owner.object.metadata;
    const blocks = dependents.some(({ object }) =>
      object.metadata.ownerReferences?.some((one) => one.uid === uid && one.blockOwnerDeletion),
    );
    if (!blocks) this.#unhold(owner, "foregroundDeletion");
  }

  /** The owners that wait for this dependent may go on. */
  #continueOwners({ metadata }: ApiObject): void {
    const { store, registry } = this.#state;
    for (const { uid, kind, apiVersion, name } of metadata.ownerReferences ?? []) {
      const resource = registry.findKind(apiVersion, kind);
      if (!resource) continue;
      const storage = storageOf(resource);
      const object = store.get(storage, resource.namespaced ? metadata.namespace : undefined, name);
      if (object?.metadata.uid === uid) this.#advance({ storage, object });
    }
  }

  #release({ storage, object }: Stored, owner: Stored): void {
    const { ownerReferences = [], ...metadata } = object.metadata;
    const left = ownerReferences.filter(({ uid }) => uid !== owner.object.metadata.uid);
    const references = left.length > 0 ? { ownerReferences: left } : {};
    this.#state.store.put(storage, { ...object, metadata: { ...metadata, ...references } });
  }

  #unhold({ storage, object }: Stored, finalizer: string): void {
    const { store } = this.#state;
    const live = store.get(storage, object.metadata.namespace, object.metadata.name);
    if (!live?.metadata.finalizers?.includes(finalizer)) return;
    const { finalizers, ...metadata } = live.metadata;
    const left = finalizers.filter((one) => one !== finalizer);
    if (left.length === 0) store.remove(storage, { ...live, metadata });
    else store.put(storage, { ...live, metadata: { ...metadata, finalizers: left } });
  }

  #empty(namespace: string): void {
    const { store } = this.#state;
    for (const storage of store.resources().filter((one) => one !== NAMESPACES)) {
      for (const object of store.list(storage, namespace)) this.#delete({ storage, object });
    }
    this.#finishNamespace(namespace);
  }

  #finishNamespace(name: string): void {
    const { store } = this.#state;
    const namespace = store.get(NAMESPACES, undefined, name);
    if (!namespace?.metadata.deletionTimestamp || namespace.metadata.finalizers?.length) return;
    const isEmpty = store
      .resources()
      .every((storage) => storage === NAMESPACES || store.list(storage, name).length === 0);
    if (isEmpty) store.remove(NAMESPACES, namespace);
  }

  #delete({ storage, object }: Stored): void {
    const resource = this.#state.registry.stored(storage);
    if (resource) discard(this.#state, resource, object);
    else this.#state.store.remove(storage, object);
  }
}
