/** Which families a service is of, and which it would be content with (IPAM-30..37). */
import type { FamilyWishes } from "../allocator/index.ts";
import { parseAddress, type IpAddress } from "../ip/index.ts";
import type { ServiceView } from "../kube/index.ts";

export type ReadAddresses =
  | { readonly ok: true; readonly addresses: readonly IpAddress[] }
  | { readonly ok: false; readonly problem: string };

/** One address, or one of each family; anything else is told in words. */
export function readAddresses(texts: readonly string[]): ReadAddresses {
  const addresses: IpAddress[] = [];
  for (const text of texts) {
    const address = parseAddress(text);
    if (address === undefined) return { ok: false, problem: `"${text}" is not an IP address` };
    addresses.push(address);
  }
  const isPair = addresses.length === 2 && addresses[0]?.family !== addresses[1]?.family;
  if (addresses.length === 1 || isPair) return { ok: true, addresses };
  const problem = `${quoteList(texts)} is neither one address nor one of each family`;
  return { ok: false, problem };
}

/** `["192.0.2.1" "2001:db8::1"]`, as the events of MetalLB show lists. */
export function quoteList(texts: readonly string[]): string {
  return `[${texts.map((text) => `"${text}"`).join(" ")}]`;
}

export function haveSameFamilies(a: readonly IpAddress[], b: readonly IpAddress[]): boolean {
  return a.length === b.length && a.every(({ family }) => b.some((one) => one.family === family));
}

/** IPAM-37: it wants both families, and its cluster network gave it one. */
export function lacksClusterIp({ ipFamilyPolicy, clusterIps }: ServiceView): boolean {
  return ipFamilyPolicy === "RequireDualStack" && clusterIps.length < 2;
}

/** Whether it would take one family for want of both; IPAM-33: its own must be both for that. */
export function prefersBoth(
  { ipFamilyPolicy }: ServiceView,
  clusterIps: readonly IpAddress[],
): boolean {
  return ipFamilyPolicy === "PreferDualStack" && clusterIps.length === 2;
}

/** IPAM-36: whether a service may go on with addresses of these families. */
export function fitFamilies(
  shown: readonly IpAddress[],
  clusterIps: readonly IpAddress[],
  view: ServiceView,
): boolean {
  return haveSameFamilies(shown, clusterIps) || prefersBoth(view, clusterIps);
}

/**
 * IPAM-30, IPAM-31, IPAM-33. A named pool needs no order of its own: where it has no pair, one
 * family is missing.
 */
export function familyWishes(view: ServiceView, clusterIps: readonly IpAddress[]): FamilyWishes {
  const [only] = clusterIps;
  if (clusterIps.length === 1 && only !== undefined) return [[only.family]];
  if (view.ipFamilyPolicy === "RequireDualStack") return [[4, 6]];
  if (view.ipFamilyPolicy === "PreferDualStack") {
    return view.ipFamilies[0] === "IPv6" ? [[4, 6], [6], [4]] : [[4, 6], [4], [6]];
  }
  return [];
}
