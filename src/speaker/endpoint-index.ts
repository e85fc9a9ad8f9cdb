/** Endpoints by service, put together from slices: a service can have many, and each can come and go alone. */

import { endpointsOfSlices, type ServiceEndpoint, serviceOfSlice } from "../election/index.ts";
import type { EndpointSlice } from "../kube/index.ts";

export interface EndpointChange {
  readonly key: string;
  /** Undefined when the last slice of the service is gone. */
  readonly endpoints: readonly ServiceEndpoint[] | undefined;
}

export class EndpointIndex {
  readonly #serviceOfSlice = new Map<string, string>();
  readonly #slicesOfService = new Map<string, Map<string, EndpointSlice>>();

  /** Takes a slice that is new, different or gone; gives the services whose endpoints it may change. */
  apply(sliceKey: string, slice: EndpointSlice | undefined): EndpointChange[] {
    const before = this.#serviceOfSlice.get(sliceKey);
    const now = slice && serviceOfSlice(slice);
    if (before !== undefined && before !== now) this.#remove(sliceKey, before);
    if (slice !== undefined && now !== undefined) this.#add(sliceKey, now, slice);
    const touched = new Set([before, now].filter((key) => key !== undefined));
    return [...touched].map((key) => ({ key, endpoints: this.#endpoints(key) }));
  }

  #add(sliceKey: string, service: string, slice: EndpointSlice): void {
    this.#serviceOfSlice.set(sliceKey, service);
    const slices = this.#slicesOfService.get(service) ?? new Map<string, EndpointSlice>();
    this.#slicesOfService.set(service, slices.set(sliceKey, slice));
  }

  #remove(sliceKey: string, service: string): void {
    this.#serviceOfSlice.delete(sliceKey);
    const slices = this.#slicesOfService.get(service);
    slices?.delete(sliceKey);
    if (slices?.size === 0) this.#slicesOfService.delete(service);
  }

  #endpoints(service: string): readonly ServiceEndpoint[] | undefined {
    const slices = this.#slicesOfService.get(service);
    return slices && endpointsOfSlices(slices.values());
  }
}
