/** Our node's status objects by the service that they are about, by the newest that we heard of each. */

import { isOlderVersion } from "../kube/index.ts";
import { type ServiceStatus, serviceOfStatus } from "../status/index.ts";

export class OwnStatuses {
  readonly #byService = new Map<string, Map<string, ServiceStatus>>();
  readonly #serviceOf = new Map<string, string>();

  /** All objects about the service. */
  of(service: string): Iterable<ServiceStatus> {
    return this.#byService.get(service)?.values() ?? [];
  }

  /**
   * Takes what the server says of an object (undefined: it is gone), from a watch or in answer to our own write; the
   * two may come in any order. The result are the services that it may matter to.
   */
  follow(name: string, object: ServiceStatus | undefined): ReadonlySet<string> {
    const before = this.#serviceOf.get(name);
    const known = before === undefined ? undefined : this.#byService.get(before)?.get(name);
    if (object !== undefined && isOlderVersion(object, known)) return new Set();
    const now = object && serviceOfStatus(object);
    if (before !== undefined && before !== now) this.#remove(before, name);
    if (object !== undefined && now !== undefined) this.#put(now, name, object);
    return new Set([before, now].filter((service) => service !== undefined));
  }

  #put(service: string, name: string, object: ServiceStatus): void {
    const objects = this.#byService.get(service) ?? new Map<string, ServiceStatus>();
    this.#byService.set(service, objects.set(name, object));
    this.#serviceOf.set(name, service);
  }

  #remove(service: string, name: string): void {
    this.#serviceOf.delete(name);
    const objects = this.#byService.get(service);
    objects?.delete(name);
    if (objects?.size === 0) this.#byService.delete(service);
  }
}
