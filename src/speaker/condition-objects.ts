/** The ServiceL2Status objects that conditions are written to: found, read and patched. */

import type { Condition, ServiceL2Status } from "../kube/index.ts";
import {
  hasStatus,
  type KubeClient,
  type ListOptions,
  type ListResult,
  type ResourceRef,
  timestampOfSecond,
} from "../platform/index.ts";
import { mergeConditions, statusesAbout } from "../status/index.ts";
import type { WireCondition } from "../wire/index.ts";

const pageSize = 500;

/** `pruned`: the definition does not know conditions, and the server dropped them. */
export type Written = "told" | "pruned";

export class ConditionObjects {
  readonly #client: Pick<KubeClient, "list" | "patch">;
  readonly #ref: ResourceRef;

  constructor(client: Pick<KubeClient, "list" | "patch">, namespace: string) {
    this.#client = client;
    this.#ref = { group: "metallb.io", version: "v1beta1", plural: "servicel2statuses", namespace };
  }

  /** Those about the services (`namespace/name`), of whatever node. Rejects with what the client says. */
  async about(services: readonly string[]): Promise<readonly ServiceL2Status[]> {
    const labelSelector = statusesAbout(services);
    return (await this.#client.list<ServiceL2Status>(this.#ref, { labelSelector })).items;
  }

  /**
   * Of all nodes and in pages: there may be ten thousand. Where the server no longer knows where we were (410) all
   * come again in one piece, so some come twice.
   */
  async *all(): AsyncIterableIterator<ServiceL2Status> {
    let page = await this.#list({ limit: pageSize });
    yield* page.items;
    while (page.continue !== undefined) {
      try {
        page = await this.#list({ limit: pageSize, continue: page.continue });
      } catch (error) {
        if (!hasStatus(error, 410)) throw error;
        page = await this.#list({});
      }
      yield* page.items;
    }
  }

  #list(options: ListOptions): Promise<ListResult<ServiceL2Status>> {
    return this.#client.list<ServiceL2Status>(this.#ref, options);
  }

  /** Writes what is not said already. Rejects with 409 where somebody else wrote the object meanwhile. */
  async write(object: ServiceL2Status, told: readonly WireCondition[]): Promise<Written> {
    const now = timestampOfSecond();
    const merged = mergeConditions(object.status?.conditions ?? [], told, now);
    return merged === undefined ? "told" : this.#patch(object, merged);
  }

  async #patch({ metadata }: ServiceL2Status, conditions: readonly Condition[]): Promise<Written> {
    const { name, resourceVersion } = metadata;
    // Of the version that was looked at: a merge replaces the whole list.
    const patch = { metadata: { resourceVersion }, status: { conditions } };
    const options = { type: "merge", subresource: "status" } as const;
    const patched = await this.#client.patch<ServiceL2Status>(this.#ref, name, patch, options);
    return patched.status?.conditions === undefined ? "pruned" : "told";
  }
}

/** The service and the node that an object is about, by its status, whose fields the server lets nobody change. */
export function subjectOfStatus({ status = {} }: ServiceL2Status): {
  readonly service: string;
  readonly node: string | undefined;
} {
  const { serviceNamespace, serviceName, node } = status;
  return { service: `${serviceNamespace}/${serviceName}`, node };
}
