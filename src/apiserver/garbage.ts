/** What a controller manager does after deletions: empties namespaces, removes dependents of deleted owners. */
import type { ApiObject } from "./api-object.ts";
import { storageOf } from "./resource.ts";
import type { ServerState } from "./server-state.ts";
import type { StoreEvent } from "./store.ts";
import { remove } from "./delete.ts";
import type { WriteContext } from "./write.ts";

interface Dependent {
  resource: string;
  namespace: string | undefined;
  name: string;
}

/** Listens to the store and cleans up behind deletions; returns the way to stop. */
export function collectGarbage(state: ServerState): () => void {
  const collector = new Collector(state);
  collector.catchUp();
  return state.store.subscribe((event) => collector.observe(event));
}

class Collector {
  readonly #state: ServerState;
  /** Owner's uid to what it owns. */
  readonly #dependents = new Map<string, Map<string, Dependent>>();

  constructor(state: ServerState) {
    this.#state = state;
  }

  /** Takes up what was under way when the server last stopped. */
  catchUp(): void {
    const { store } = this.#state;
    for (const resource of store.resources()) {
      for (const object of store.list(resource)) this.#index(resource, object);
    }
    for (const resource of store.resources()) {
      for (const object of store.list(resource)) {
        if (object.metadata.deletionTimestamp) this.#advance(resource, object);
      }
    }
  }

  observe({ type, resource, object, previous }: StoreEvent): void {
    if (previous) this.#forget(resource, previous);
    if (type === "DELETED") {
      this.#orphansOf(object).forEach((dependent) =>
        this.#ownerGone(dependent, object.metadata.uid),
      );
      this.#continueOwners(previous ?? object);
    } else {
      this.#index(resource, object);
      if (object.metadata.deletionTimestamp) this.#advance(resource, object);
    }
    const { namespace } = object.metadata;
    if (type === "DELETED" && namespace) this.#finishNamespace(namespace);
  }

  #index(resource: string, { metadata }: ApiObject): void {
    const { namespace, name } = metadata;
    for (const { uid } of metadata.ownerReferences ?? []) {
      let owned = this.#dependents.get(uid);
      if (!owned) this.#dependents.set(uid, (owned = new Map()));
      owned.set(metadata.uid, { resource, namespace, name });
    }
  }

  #forget(_resource: string, { metadata }: ApiObject): void {
    for (const { uid } of metadata.ownerReferences ?? [])
      this.#dependents.get(uid)?.delete(metadata.uid);
  }

  #orphansOf(owner: ApiObject): Dependent[] {
    const owned = [...(this.#dependents.get(owner.metadata.uid)?.values() ?? [])];
    this.#dependents.delete(owner.metadata.uid);
    return owned;
  }

  /** A dependent goes when no owner of it is left. */
  #ownerGone(dependent: Dependent, uid: string): void {
    const object = this.#state.store.get(dependent.resource, dependent.namespace, dependent.name);
    if (!object) return;
    const others = (object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
    if (others.some((owner) => this.#exists(owner.uid))) return;
    this.#delete(dependent.resource, object);
  }

  #exists(uid: string): boolean {
    const { store } = this.#state;
    return store
      .resources()
      .some((resource) => store.list(resource).some(({ metadata }) => metadata.uid === uid));
  }

  /** One step of a deletion under way: namespaces are emptied, orphans released, dependents removed first. */
  #advance(resource: string, object: ApiObject): void {
    if (resource === "/namespaces") return this.#empty(object.metadata.name);
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes("orphan")) {
      for (const dependent of this.#orphansOf(object))
        this.#release(dependent, object.metadata.uid);
      this.#unhold(resource, object, "orphan");
    } else if (finalizers.includes("foregroundDeletion")) this.#foreground(resource, object);
  }

  #foreground(resource: string, object: ApiObject): void {
    const owned = [...(this.#dependents.get(object.metadata.uid)?.values() ?? [])];
    const live = owned.flatMap(({ resource: kind, namespace, name }) => {
      const found = this.#state.store.get(kind, namespace, name);
      return found ? [{ kind, found }] : [];
    });
    for (const { kind, found } of live)
      if (!found.metadata.deletionTimestamp) this.#delete(kind, found);
    const blocks = live.some(({ found }) =>
      found.metadata.ownerReferences?.some(
        (owner) => owner.uid === object.metadata.uid && owner.blockOwnerDeletion,
      ),
    );
    if (!blocks) this.#unhold(resource, object, "foregroundDeletion");
  }

  /** The owners that wait for this dependent may go on. */
  #continueOwners(object: ApiObject): void {
    const { store } = this.#state;
    for (const { uid, kind, apiVersion, name } of object.metadata.ownerReferences ?? []) {
      const resource = this.#state.registry.findKind(apiVersion, kind);
      if (!resource) continue;
      const owner = store.get(
        storageOf(resource),
        resource.namespaced ? object.metadata.namespace : undefined,
        name,
      );
      if (owner?.metadata.uid === uid && owner.metadata.deletionTimestamp)
        this.#advance(storageOf(resource), owner);
    }
  }

  #release({ resource, namespace, name }: Dependent, uid: string): void {
    const object = this.#state.store.get(resource, namespace, name);
    if (!object) return;
    const ownerReferences = (object.metadata.ownerReferences ?? []).filter(
      (owner) => owner.uid !== uid,
    );
    const metadata = { ...object.metadata, ownerReferences };
    if (ownerReferences.length === 0)
      delete (metadata as { ownerReferences?: unknown }).ownerReferences;
    this.#state.store.put(resource, { ...object, metadata });
  }

  #unhold(resource: string, object: ApiObject, finalizer: string): void {
    const live = this.#state.store.get(resource, object.metadata.namespace, object.metadata.name);
    if (!live?.metadata.finalizers?.includes(finalizer)) return;
    const finalizers = live.metadata.finalizers.filter((one) => one !== finalizer);
    const metadata = { ...live.metadata, finalizers };
    if (finalizers.length === 0) delete (metadata as { finalizers?: unknown }).finalizers;
    if (finalizers.length > 0) this.#state.store.put(resource, { ...live, metadata });
    else this.#state.store.remove(resource, { ...live, metadata });
  }

  #empty(namespace: string): void {
    const { store } = this.#state;
    for (const resource of store.resources()) {
      if (resource === "/namespaces") continue;
      for (const object of store.list(resource, namespace)) {
        if (!object.metadata.deletionTimestamp) this.#delete(resource, object);
      }
    }
    this.#finishNamespace(namespace);
  }

  #finishNamespace(name: string): void {
    const { store } = this.#state;
    const namespace = store.get("/namespaces", undefined, name);
    if (!namespace?.metadata.deletionTimestamp || namespace.metadata.finalizers?.length) return;
    const left = store
      .resources()
      .some((resource) => resource !== "/namespaces" && store.list(resource, name).length > 0);
    if (!left) store.remove("/namespaces", namespace);
  }

  #delete(storage: string, object: ApiObject): void {
    const resource = this.#state.registry.stored(storage);
    if (!resource) {
      this.#state.store.remove(storage, object);
      return;
    }
    const context: WriteContext = {
      resource,
      namespace: object.metadata.namespace,
      name: object.metadata.name,
      subresource: undefined,
      user: {
        name: "system:serviceaccount:kube-system:generic-garbage-collector",
        groups: ["system:masters"],
      },
      manager: "kube-controller-manager",
      fieldValidation: "Ignore",
      dryRun: false,
      warnings: [],
    };
    const options = {
      preconditions: { uid: object.metadata.uid },
      propagationPolicy: "Background",
    };
    remove(this.#state, context, options).catch((error: Error) => {
      this.#state.log({
        level: "warn",
        msg: "garbage stays",
        storage,
        name: object.metadata.name,
        error: error.message,
      });
    });
  }
}
