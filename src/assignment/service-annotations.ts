/** The annotations that users write, under the present prefix and the deprecated one (IPAM-70, IPAM-71). */
import type { ServiceView } from "../kube/index.ts";

const prefix = "metallb.io";
const deprecatedPrefix = "metallb.universe.tf";

export interface Annotation {
  /** The key as the user wrote it; with the present prefix if there is none. */
  readonly key: string;
  /** Empty if there is none. */
  readonly value: string;
}

/** IPAM-70: a key with the present prefix counts even when it is empty. */
export function readAnnotation(
  { annotations }: ServiceView,
  name: "address-pool" | "loadBalancerIPs" | "allow-shared-ip",
): Annotation {
  for (const key of [`${prefix}/${name}`, `${deprecatedPrefix}/${name}`]) {
    const value = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
    if (value !== undefined) return { key, value };
  }
  return { key: `${prefix}/${name}`, value: "" };
}

/** IPAM-71: the keys that are still written with the deprecated prefix. */
export function deprecatedKeys({ annotations }: ServiceView): readonly string[] {
  return Object.keys(annotations).filter((key) => key.startsWith(deprecatedPrefix));
}
