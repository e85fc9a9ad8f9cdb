/** Our node's status objects by the service that they are about, by the newest that we heard of each. */

import { isOlderVersion } from "../kube/index.ts";
import { type ServiceStatus, serviceOfStatus } from "../status/index.ts";

export class OwnStatuses {
  /** Nearly always one. */
  readonly #byService = new Map<string, readonly ServiceStatus[]>();
  readonly #serviceOf = new Map<string, string>();

  /** All objects about the service. */
  of(service: string): readonly ServiceStatus[] {
    return this.#byService.get(service) ?? [];
  }

  /**
   * Takes what the server says of an object (undefined: it is gone), from a watch or in answer to our own write; the
   * two may come in any order. The result are the services that it may matter to.
   */
  follow(name: string, object: ServiceStatus | undefined): ReadonlySet<string> {
    const before = this.#serviceOf.get(name);
    const known = before === undefined ? undefined : this.#named(before, name);
    if (object !== undefined && isOlderVersion(object, known)) return new Set();
    const now = object && serviceOfStatus(object);
    if (before !== undefined && before !== now) this.#remove(before, name);
    if (object !== undefined && now !== undefined) this.#put(now, name, object);
    return new Set([before, now].filter((service) => service !== undefined));
  }

  #named(service: string, name: string): ServiceStatus | undefined {
    return this.of(service).find(({ metadata }) => metadata.name === name);
  }

  #put(service: string, name: string, object: ServiceStatus): void {
    const others = this.of(service).filter(({ metadata }) => metadata.name !== name);
    this.#byService.set(service, others.concat(object));
    this.#serviceOf.set(name, service);
  }

  #remove(service: string, name: string): void {
    this.#serviceOf.delete(name);
    const others = this.of(service).filter(({ metadata }) => metadata.name !== name);
    if (others.length === 0) this.#byService.delete(service);
    else this.#byService.set(service, others);
  }
}
