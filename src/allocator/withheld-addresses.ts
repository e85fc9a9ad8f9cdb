/** Addresses that nobody is given for now, and why, in words. */
import { formatAddress, type IpAddress } from "../ip/index.ts";
import type { Refusal } from "./refusal.ts";

interface Withheld {
  readonly address: IpAddress;
  readonly why: string;
}

export class WithheldAddresses {
  readonly #byText = new Map<string, Withheld>();

  [Symbol.iterator](): IterableIterator<Withheld> {
    return this.#byText.values();
  }

  set(address: IpAddress, why: string): void {
    this.#byText.set(formatAddress(address), { address, why });
  }

  delete(address: IpAddress): void {
    this.#byText.delete(formatAddress(address));
  }

  /** Why these addresses may not be given, or undefined. */
  refuse(addresses: readonly IpAddress[]): Refusal | undefined {
    for (const address of addresses) {
      const text = formatAddress(address);
      const withheld = this.#byText.get(text);
      if (withheld === undefined) continue;
      const fix = "give that machine another address, or ask for another one here";
      return { reason: "address-withheld", problem: `"${text}" ${withheld.why}`, fix };
    }
    return undefined;
  }
}

/** For a sentence that says that there is no address: how many of those pools there would be. */
export function withheldNote(count: number): string {
  if (count === 0) return "";
  return count === 1 ? " (1 address is withheld)" : ` (${count} addresses are withheld)`;
}
