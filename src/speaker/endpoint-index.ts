/** Endpoints by service, put together from slices: a service can have many, and each can come and go alone. */

import { endpointsOfSlice, type ServiceEndpoint, serviceOfSlice } from "../election/index.ts";
import type { EndpointSlice } from "../kube/index.ts";

export interface EndpointChange {
  readonly key: string;
  /** Undefined when the last slice of the service is gone. */
  readonly endpoints: readonly ServiceEndpoint[] | undefined;
}

/** What is kept of a slice. */
interface KnownSlice {
  readonly key: string;
  readonly endpoints: readonly ServiceEndpoint[];
}

export class EndpointIndex {
  readonly #serviceOfSlice = new Map<string, string>();
  /** Nearly all services have one slice, and a list of one takes a tenth of the memory of a map. */
  readonly #slicesOfService = new Map<string, readonly KnownSlice[]>();

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
    const slices = this.#slicesOfService.get(service) ?? [];
    const known = { key: sliceKey, endpoints: endpointsOfSlice(slice) };
    const isNew = slices.every(({ key }) => key !== sliceKey);
    const after = isNew
      ? slices.concat(known)
      : slices.map((one) => (one.key === sliceKey ? known : one));
    this.#slicesOfService.set(service, after);
  }

  #remove(sliceKey: string, service: string): void {
    this.#serviceOfSlice.delete(sliceKey);
    const slices = this.#slicesOfService.get(service) ?? [];
    const others = slices.filter(({ key }) => key !== sliceKey);
    if (others.length === 0) this.#slicesOfService.delete(service);
    else this.#slicesOfService.set(service, others);
  }

  #endpoints(service: string): readonly ServiceEndpoint[] | undefined {
    const slices = this.#slicesOfService.get(service);
    // Of one slice no copy: the speaker keeps the same list.
    return slices?.length === 1 ? slices[0]?.endpoints : slices?.flatMap((one) => one.endpoints);
  }
}
