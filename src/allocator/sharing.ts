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

/** Who holds one address: one service without a sharing key, which is by far the most common, or sharers. */
export type AddressUse = Sharer | SharedUse;

/** Services that hold one address together; all have the same keys and no port in common. */
export class SharedUse {
  readonly #holders = new Map<string, Sharer>();
  readonly #serviceOnPort = new Map<string, string>();

  get isEmpty(): boolean {
    return this.#holders.size === 0;
  }

  holders(): IterableIterator<Sharer> {
    return this.#holders.values();
  }

  /** The ports taken, each with its service. */
  get ports(): ReadonlyMap<string, string> {
    return this.#serviceOnPort;
  }

  /** Those by which others may join; undefined if nobody holds the address. */
  get identity(): string | undefined {
    const [any] = this.#holders.values();
    return any && sharingIdentity(any);
  }

  add(holder: Sharer): void {
    this.#holders.set(holder.service, holder);
    for (const port of holder.ports) this.#serviceOnPort.set(port, holder.service);
  }

  remove(service: string): void {
    for (const port of this.#holders.get(service)?.ports ?? []) this.#serviceOnPort.delete(port);
    this.#holders.delete(service);
  }
}

/**
 * Why `claim` may not hold the address next to its present holders, or undefined if it may.
 * The claimant itself among the holders does not count: a sole holder may change everything.
 * Costs as much as the claim has ports, however many share.
 */
export function refuseSharing(
  claim: Sharer,
  use: AddressUse | undefined,
  address: IpAddress,
): Refusal | undefined {
  const others = othersThan(claim, use);
  const { value: other } = others.next() as { value: Sharer | undefined };
  if (other === undefined) return undefined;
  if (!haveSameKeys(claim, other)) return refuseKey(claim, [other, ...others], address);
  const ports = use instanceof SharedUse ? use.ports : new Map<string, string>();
  for (const port of claim.ports) {
    const taker = ports.get(port);
    if (taker === undefined || taker === claim.service) continue;
    const problem = `port ${port} is already in use on ${formatAddress(address)} by "${taker}"`;
    return { reason: "port-in-use", problem, fix: "use another port or another address" };
  }
  return undefined;
}

function* othersThan(claim: Sharer, use: AddressUse | undefined): Generator<Sharer> {
  if (use === undefined) return;
  const holders = use instanceof SharedUse ? use.holders() : [use];
  for (const holder of holders) if (holder.service !== claim.service) yield holder;
}

/** One text for both keys, by which sharers find each other; undefined if it never shares. */
export function sharingIdentity({ sharingKey, backendKey }: SharingTerms): string | undefined {
  return sharingKey === "" ? undefined : JSON.stringify([sharingKey, backendKey]);
}

function haveSameKeys(a: SharingTerms, b: SharingTerms): boolean {
  return a.sharingKey !== "" && a.sharingKey === b.sharingKey && a.backendKey === b.backendKey;
}

const namesAtMost = 5;

function refuseKey(claim: Sharer, others: readonly Sharer[], address: IpAddress): Refusal {
  const names = others.slice(0, namesAtMost).map(({ service }) => `"${service}"`);
  if (others.length > namesAtMost) names.push(`and ${others.length - namesAtMost} more`);
  const isSameKey = claim.sharingKey !== "" && others[0]?.sharingKey === claim.sharingKey;
  const problem =
    `can't change sharing key for "${claim.service}", ` +
    `address also in use by ${names.join(", ")} (${formatAddress(address)})`;
  const fix = isSameKey
    ? "give all of them externalTrafficPolicy: Cluster, or one and the same selector"
    : "ask for another address, or give all of them the same allow-shared-ip annotation";
  return { reason: "address-in-use", problem, fix };
}
