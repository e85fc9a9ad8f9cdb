/** Keeps the status of each IPAddressPool equal to what is held and left of it (ST-1 to ST-3). */

import { isOlderVersion, type IPAddressPool, type KubeObject } from "../kube/index.ts";
import { hasStatus, type KubeClient, type Logger } from "../platform/index.ts";
import { Repeater } from "../program/index.ts";
import { poolStatusOf, showsPoolStatus, type PoolStatus } from "../status/index.ts";
import type { PoolUsageChange } from "../assignment/index.ts";

/** Pools written at the same time, each with one request under way. */
const writesAtOnce = 8;

/** Numbers are collected, and written when `release` says that they are worth it. */
export class PoolStatusWriter {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #work: Repeater;
  /** Pools as the server has them, by the newest that we heard. */
  readonly #stored = new Map<string, Pick<IPAddressPool, "metadata" | "status">>();
  readonly #wanted = new Map<string, PoolStatus>();
  readonly #unchecked = new Set<string>();
  #isReleased = false;

  constructor(client: KubeClient, namespace: string, logger: Logger) {
    this.#client = client;
    this.#namespace = namespace;
    this.#work = new Repeater(() => this.#writeAll(), {
      onTrouble: (error) => {
        const msg = "the status of an IPAddressPool cannot be written, trying again";
        logger.warn({ op: "updatePoolStatus", error, msg });
      },
    });
  }

  /** A pool as the API server tells of it: it came, was changed by us or by somebody else, or (undefined) is gone. */
  setPool(name: string, pool: IPAddressPool | undefined): void {
    if (pool === undefined) {
      this.#stored.delete(name);
      return;
    }
    if (isOlderVersion(pool, this.#stored.get(name))) return;
    const { metadata, status } = pool;
    this.#stored.set(name, { metadata, ...(status === undefined ? {} : { status }) });
    this.#unchecked.add(name);
    if (this.#isReleased) this.#work.wake();
  }

  /** What an event about the pool is about; undefined: there is no such pool. */
  objectOf(name: string): KubeObject | undefined {
    const stored = this.#stored.get(name);
    return stored && { apiVersion: "metallb.io/v1beta1", metadata: stored.metadata };
  }

  /** The pools whose numbers changed, and those that are no longer configured. */
  setUsage({ pools, removed }: PoolUsageChange): void {
    for (const usage of pools) {
      this.#wanted.set(usage.pool, poolStatusOf(usage));
      this.#unchecked.add(usage.pool);
    }
    for (const name of removed) this.#wanted.delete(name);
  }

  /** Writes what differs now. */
  release(): void {
    this.#isReleased = true;
    if (this.#unchecked.size > 0) this.#work.wake();
  }

  stop(): void {
    this.#work.stop();
  }

  async #writeAll(): Promise<void> {
    const names = [...this.#unchecked];
    const writeNext = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) await this.#write(name);
    };
    await Promise.all(Array.from({ length: writesAtOnce }, writeNext));
  }

  async #write(name: string): Promise<void> {
    this.#unchecked.delete(name);
    const [stored, status] = [this.#stored.get(name), this.#wanted.get(name)];
    if (stored === undefined || status === undefined) return;
    if (showsPoolStatus(stored.status, status)) return;
    const { resourceVersion = "" } = stored.metadata;
    const body = {
      apiVersion: "metallb.io/v1beta1",
      kind: "IPAddressPool",
      metadata: { name, namespace: this.#namespace, resourceVersion },
      status,
    };
    const ref = {
      group: "metallb.io",
      version: "v1beta1",
      plural: "ipaddresspools",
      namespace: this.#namespace,
    };
    try {
      const { metadata } = (await this.#client.update<object>(
        ref,
        name,
        body,
        "status",
      )) as IPAddressPool;
      const newer = this.#stored.get(name);
      if (newer !== undefined && !isOlderVersion({ metadata }, newer)) {
        this.#stored.set(name, { metadata, status });
      }
    } catch (error) {
      // Somebody was faster, or deleted it: the watch will tell of it.
      if (hasStatus(error, 404, 409)) return;
      this.#unchecked.add(name);
      throw error;
    }
  }
}
