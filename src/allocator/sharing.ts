/** May two services hold one address? The answer comes with its reason (IPAM-40..42). */
import { formatAddress, type IpAddress } from "../ip/index.ts";
import type { Refusal } from "./refusal.ts";

/** What decides about sharing; two services with these and an address in common are sharers. */
export interface SharingTerms {
  /** Annotation allow-shared-ip; empty means: never shares. */
  readonly sharingKey: string;
  /** Selector of a service that only sends to local pods; empty for all others (IPAM-6). */
  readonly backendKey: string;
  /** Such as `TCP/80`. */
  readonly ports: readonly string[];
}

export interface Sharer extends SharingTerms {
  readonly service: string;
}

/** One text for both keys, by which sharers find each other; undefined if it never shares. */
export function sharingIdentity(terms: SharingTerms): string | undefined {
  return terms.sharingKey === "" ? undefined : JSON.stringify([terms.sharingKey, terms.backendKey]);
}

/**
 * Why `claim` may not hold the address next to its present holders, or undefined if it may.
 * The claimant itself among the holders does not count: a sole holder may change everything.
 */
export function refuseSharing(
  claim: Sharer,
  holders: readonly Sharer[],
  address: IpAddress,
): Refusal | undefined {
  const others = holders.filter(({ service }) => service !== claim.service);
  if (!others.every((other) => haveSameKeys(claim, other)))
    return refuseKey(claim, others, address);
  for (const other of others) {
    const port = claim.ports.find((one) => other.ports.includes(one));
    if (port === undefined) continue;
    const problem = `port ${port} is already in use on ${formatAddress(address)} by "${other.service}"`;
    return { reason: "port-in-use", problem, fix: "use another port or another address" };
  }
  return undefined;
}

function haveSameKeys(a: SharingTerms, b: SharingTerms): boolean {
  return a.sharingKey !== "" && a.sharingKey === b.sharingKey && a.backendKey === b.backendKey;
}

function refuseKey(claim: Sharer, others: readonly Sharer[], address: IpAddress): Refusal {
  const names = others.map(({ service }) => `"${service}"`).join(", ");
  const isSameKey = others.every(
    ({ sharingKey }) => sharingKey !== "" && sharingKey === claim.sharingKey,
  );
  const problem =
    `can't change sharing key for "${claim.service}", ` +
    `address also in use by ${names} (${formatAddress(address)})`;
  const fix = isSameKey
    ? "give all of them externalTrafficPolicy: Cluster, or one and the same selector"
    : "ask for another address, or give all of them the same allow-shared-ip annotation";
  return { reason: "address-in-use", problem, fix };
}
