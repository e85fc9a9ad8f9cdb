/** Finds the other speakers: pods by their labels, joined at start and whenever somebody may be missing (ML-152 to ML-160). */

import type { KubeObject } from "../kube/index.ts";
import { type KubeClient, type Logger, NamedTimers } from "../platform/index.ts";

export interface RingPeersOptions {
  readonly client: Pick<KubeClient, "list">;
  readonly logger: Logger;
  readonly namespace: string;
  readonly labels: string;
  /** Addresses of those who are members now, ourselves included. */
  readonly memberAddresses: () => ReadonlySet<string>;
  readonly onAddresses: (addresses: ReadonlySet<string>) => void;
  readonly join: (addresses: readonly string[]) => void;
  /** The first look is through, whatever it found. */
  readonly onSettled: () => void;
}

type Pod = KubeObject & { readonly status?: { readonly podIP?: string } };

const listEveryMs = 5 * 60_000;
const joinEveryMs = 60_000;
/** While the API server does not answer. */
const retryMs = 2000;

export class RingPeers {
  readonly #options: RingPeersOptions;
  readonly #timers = new NamedTimers<"list" | "join">((name) => {
    if (name === "list") void this.#list();
    else this.#join();
  });
  #addresses: readonly string[] = [];
  #isListed = false;
  #isJoining = false;
  #isWanted = false;
  #isStopped = false;
  #isTroubleTold = false;

  constructor(options: RingPeersOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#list();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timers.cancelAll();
  }

  /** Our node changed, or somebody left: another look may find who is missing. Requests while a join runs are one (ML-153). */
  look(): void {
    if (this.#isJoining) this.#isWanted = true;
    else this.#join();
  }

  /** The join that we asked for is through. */
  joined(): void {
    this.#isJoining = false;
    this.#options.onSettled();
    if (this.#isWanted) this.#join();
    this.#isWanted = false;
  }

  async #list(): Promise<void> {
    const { client, namespace, labels, logger, onAddresses } = this.#options;
    try {
      const ref = { group: "", version: "v1", plural: "pods", namespace };
      const { items } = await client.list<Pod>(ref, { labelSelector: labels });
      if (this.#isStopped) return;
      const found = items.flatMap(({ status }) => status?.podIP || []);
      this.#addresses = [...new Set(found)];
      this.#isTroubleTold = false;
      this.#isListed = true;
      onAddresses(new Set(found));
      this.#timers.set("list", listEveryMs);
      this.look();
    } catch (error) {
      if (this.#isStopped) return;
      if (!this.#isTroubleTold) {
        const msg = "cannot list the speakers' pods, trying again; known members stay";
        logger.warn({ op: "memberDiscovery", error, msg });
      }
      this.#isTroubleTold = true;
      this.#timers.set("list", retryMs);
    }
  }

  /** Before the first list there is nobody to miss. */
  #join(): void {
    if (!this.#isListed) return;
    this.#timers.set("join", joinEveryMs);
    const members = this.#options.memberAddresses();
    const missing = this.#addresses.filter((address) => !members.has(address));
    if (missing.length === 0) this.#options.onSettled();
    if (missing.length === 0 || this.#isStopped) return;
    this.#isJoining = true;
    this.#options.join(missing);
  }
}
