/** The addresses whose owner our speakers claim, by the Services that have them: what the ring is told of each. */

import type { AddressUse } from "../ring/index.ts";
import type { Decision } from "./announcements.ts";

interface Use {
  readonly address: string;
  readonly isHeld: boolean;
  readonly isTakenOver: boolean;
}

export class ClaimedAddresses {
  readonly #uses = new Map<string, Use>();
  /** By address; several Services may share one. */
  readonly #services = new Map<string, Set<string>>();

  get size(): number {
    return this.#services.size;
  }

  /** Keys of the Services that have the address. */
  servicesOf(address: string): Iterable<string> {
    return this.#services.get(address) ?? [];
  }

  /** What is different after a decision about the Service: at most two addresses. */
  follow(key: string, decision: Decision): AddressUse[] {
    if (decision.kind === "wait") return [];
    const { claimed: address } = decision;
    const before = this.#uses.get(key);
    const isHeld = decision.kind === "announce";
    // Only the first decision after a takeover tells what became of the owner before.
    const wasTakenOver = before?.address === address && before?.isTakenOver === true;
    const isTakenOver =
      decision.kind === "announce" && (decision.objection !== undefined || wasTakenOver);
    const isSame = before?.isHeld === isHeld && before?.isTakenOver === isTakenOver;
    if (before?.address === address && (address === undefined || isSame)) return [];
    const changed = new Set([before?.address, address].filter((one) => one !== undefined));
    const uses = [...changed].map((one) => this.#useOf(one));
    if (before !== undefined) this.#remove(key, before.address);
    if (address !== undefined) this.#add(key, { address, isHeld, isTakenOver });
    return [...changed].flatMap((one, at) => {
      const [was, is] = [uses[at]!, this.#useOf(one)];
      const isSameUse = was.isWanted === is.isWanted && was.isHeld === is.isHeld;
      return isSameUse && was.isTakenOver === is.isTakenOver ? [] : is;
    });
  }

  #useOf(address: string): AddressUse {
    const keys = [...this.servicesOf(address)];
    const isHeld = keys.some((key) => this.#uses.get(key)?.isHeld === true);
    const isTakenOver = keys.some((key) => this.#uses.get(key)?.isTakenOver === true);
    return { address, isWanted: keys.length > 0, isHeld, ...(isTakenOver && { isTakenOver }) };
  }

  #add(key: string, use: Use): void {
    this.#uses.set(key, use);
    const keys = this.#services.get(use.address) ?? new Set();
    this.#services.set(use.address, keys.add(key));
  }

  #remove(key: string, address: string): void {
    this.#uses.delete(key);
    const keys = this.#services.get(address);
    keys?.delete(key);
    if (keys?.size === 0) this.#services.delete(address);
  }
}
