/** The addresses that this node answers for: who uses each, on which interfaces, and what was counted. */
import { type Family, formatAddress, type IpAddress } from "../ip/index.ts";

/** Names of the interfaces on which an address is announced. */
export type InterfaceSet = "all" | ReadonlySet<string>;

/** Packets of one address since the start of the process; never reset (L2-144). */
export interface AddressCounters {
  requestsReceived: number;
  responsesSent: number;
  gratuitousSent: number;
}

interface AddressUser {
  readonly service: string;
  readonly interfaces: InterfaceSet;
}

interface AnnouncedAddress {
  readonly ip: IpAddress;
  /** Several services can share the address; one is the rule, so a list takes a fifth of the memory of a map. */
  users: readonly AddressUser[];
  readonly counters: AddressCounters;
}

/** What a lookup says about one address on one interface (L2-74). */
export type AddressLookup =
  | { readonly found: true; readonly counters: AddressCounters }
  | { readonly found: false; readonly reason: "not-announced" | "interface-not-matched" };

const NOT_ANNOUNCED: AddressLookup = { found: false, reason: "not-announced" };
const NOT_MATCHED: AddressLookup = { found: false, reason: "interface-not-matched" };

/** State of the announcer (L2-70); a lookup costs the same with one address and with ten thousand. */
export class AnnouncedAddresses {
  readonly #byFamily = {
    4: new Map<bigint, AnnouncedAddress>(),
    6: new Map<bigint, AnnouncedAddress>(),
  };
  readonly #ofService = new Map<string, readonly IpAddress[]>();
  readonly #counters = new Map<string, AddressCounters>();

  /** Adds the service as a user of the address, or replaces its interface set (L2-71). True: it is the first user. */
  announce(service: string, ip: IpAddress, interfaces: InterfaceSet): boolean {
    const table = this.#byFamily[ip.family];
    let address = table.get(ip.value);
    const isFirst = address === undefined;
    if (address === undefined) {
      address = { ip, users: [], counters: this.#countersOf(ip) };
      table.set(ip.value, address);
    }
    const others = usersBut(address, service);
    if (others.length === address.users.length) {
      this.#ofService.set(service, this.addressesOf(service).concat(ip));
    }
    address.users = others.concat({ service, interfaces });
    return isFirst;
  }

  /**
   * Removes the service from all its addresses (L2-73). Those that it was the last user of are the result: they are no
   * longer answered.
   */
  withdraw(service: string): IpAddress[] {
    const unused: IpAddress[] = [];
    for (const ip of this.addressesOf(service)) {
      const table = this.#byFamily[ip.family];
      const address = table.get(ip.value);
      if (address === undefined) continue;
      address.users = usersBut(address, service);
      if (address.users.length > 0) continue;
      table.delete(ip.value);
      unused.push(ip);
    }
    this.#ofService.delete(service);
    return unused;
  }

  /** May the address be answered on this interface? */
  lookup(ip: IpAddress, interfaceName: string): AddressLookup {
    const address = this.#byFamily[ip.family].get(ip.value);
    if (address === undefined) return NOT_ANNOUNCED;
    for (const { interfaces } of address.users) {
      if (interfaces === "all" || interfaces.has(interfaceName)) {
        return { found: true, counters: address.counters };
      }
    }
    return NOT_MATCHED;
  }

  /** The interfaces on which the address is answered, for the sake of all its services; undefined: on none. */
  interfacesOf(ip: IpAddress): InterfaceSet | undefined {
    const users = this.#byFamily[ip.family].get(ip.value)?.users;
    if (users === undefined) return undefined;
    const sets = users.map(({ interfaces }) => interfaces);
    const [first] = sets;
    if (sets.length === 1) return first;
    const named = sets.filter((set) => set !== "all");
    return named.length < sets.length ? "all" : new Set(named.flatMap((set) => [...set]));
  }

  /** All addresses that the service uses. */
  addressesOf(service: string): readonly IpAddress[] {
    return this.#ofService.get(service) ?? [];
  }

  /** How many services use the address. */
  userCount(ip: IpAddress): number {
    return this.#byFamily[ip.family].get(ip.value)?.users.length ?? 0;
  }

  /** Every announced address of the family once. */
  *addresses(family: Family): IterableIterator<IpAddress> {
    for (const { ip } of this.#byFamily[family].values()) yield ip;
  }

  /** Counters by canonical text of the address, also of addresses withdrawn since (L2-144). */
  counters(): ReadonlyMap<string, Readonly<AddressCounters>> {
    return this.#counters;
  }

  #countersOf(ip: IpAddress): AddressCounters {
    const text = formatAddress(ip);
    const kept = this.#counters.get(text);
    if (kept !== undefined) return kept;
    const fresh = { requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 };
    this.#counters.set(text, fresh);
    return fresh;
  }
}

function usersBut({ users }: AnnouncedAddress, service: string): readonly AddressUser[] {
  return users.filter((user) => user.service !== service);
}
