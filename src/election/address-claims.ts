/** Which node keeps which address, as our speakers have told each other: what an election looks at before the order. */

export class AddressClaims {
  readonly #owners = new Map<string, string>();
  /** False while claims must not count: a stock speaker elects by the order alone, and would announce beside the owner. */
  areValid = true;

  /** The node that keeps the address (its canonical text); undefined: nobody claimed it, or claims do not count now. */
  ownerOf(address: string): string | undefined {
    return this.areValid ? this.#owners.get(address) : undefined;
  }

  set(address: string, owner: string): void {
    this.#owners.set(address, owner);
  }

  /** Nobody claims it any more. */
  forget(address: string): void {
    this.#owners.delete(address);
  }
}
