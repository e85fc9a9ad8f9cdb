/** The addresses whose owner our speakers claim, by the Services that have them: what the ring is told of each. */

import type { AddressUse } from "../ring/index.ts";
import type { Decision } from "./announcements.ts";

type Decided = Exclude<Decision, { kind: "wait" }>;

interface Use {
  readonly address: string;
  readonly isHeld: boolean;
  readonly isTakenOver?: boolean;
  readonly isToClaim?: boolean;
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
    const use = address === undefined ? undefined : useBy(decision, address, before);
    if (isSame(before, use)) return [];
    const changed = new Set([before?.address, address].filter((one) => one !== undefined));
    const uses = [...changed].map((one) => this.#useOf(one));
    if (before !== undefined) this.#remove(key, before.address);
    if (use !== undefined) this.#add(key, use);
    return [...changed].flatMap((one, at) => {
      const [was, is] = [uses[at]!, this.#useOf(one)];
      return was.isWanted === is.isWanted && isSame(was, is) ? [] : is;
    });
  }

  #useOf(address: string): AddressUse {
    const keys = [...this.servicesOf(address)];
    const isHeld = keys.some((key) => this.#uses.get(key)?.isHeld === true);
    const isTakenOver = keys.some((key) => this.#uses.get(key)?.isTakenOver === true);
    const isToClaim = !isHeld && keys.some((key) => this.#uses.get(key)?.isToClaim === true);
    return {
      address,
      isWanted: keys.length > 0,
      isHeld,
      ...(isTakenOver && { isTakenOver }),
      ...(isToClaim && { isToClaim }),
    };
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

/** Only the first decision after a takeover tells what became of the owner before. */
function useBy(decision: Decided, address: string, before: Use | undefined): Use {
  if (decision.kind === "withdraw") {
    return { address, isHeld: false, ...(decision.isToClaim === true && { isToClaim: true }) };
  }
  const wasTakenOver = before?.address === address && before.isTakenOver === true;
  const isTakenOver = decision.objection !== undefined || wasTakenOver;
  return { address, isHeld: true, ...(isTakenOver && { isTakenOver }) };
}

function isSame(a: Use | undefined, b: Use | undefined): boolean {
  const isSameUse = a?.isHeld === b?.isHeld && a?.isTakenOver === b?.isTakenOver;
  return isSameUse && a?.isToClaim === b?.isToClaim && a?.address === b?.address;
}
