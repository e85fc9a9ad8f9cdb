/** An informer of a kind that may not be installed, or not be ours to read: then it waits quietly. */

import type { KubeObject } from "../kube/index.ts";
import {
  Informer,
  type InformerOptions,
  type KubeClient,
  type Logger,
  type ResourceRef,
} from "../platform/index.ts";

export type Settled = "listed" | "unavailable";

export interface OptionalInformerOptions<T> extends Pick<
  InformerOptions<T>,
  "onChange" | "project" | "fieldSelector" | "exactKeys"
> {
  readonly logger: Logger;
  /** The first list went through `onChange`, or there is nothing to read (403, 404); `isFirst`: not known before. */
  readonly onSettled: (how: Settled, isFirst: boolean) => void;
}

/** Once listed, a kind is never given up: whatever goes wrong, what is known stays (K8S-6, ST-13). */
export class OptionalInformer<T extends KubeObject> {
  readonly ref: ResourceRef;
  readonly #client: KubeClient;
  readonly #options: OptionalInformerOptions<T>;
  #informer: Informer<T> | undefined;
  #isFirst = true;
  #isUnavailable = false;

  constructor(client: KubeClient, ref: ResourceRef, options: OptionalInformerOptions<T>) {
    this.#client = client;
    this.ref = ref;
    this.#options = options;
  }

  get isUnavailable(): boolean {
    return this.#isUnavailable;
  }

  /** Once; and again while it is unavailable. */
  start(): void {
    const { logger, onSettled: _, ...options } = this.#options;
    const resource = this.ref.plural;
    const informer = new Informer<T>(this.#client, this.ref, {
      ...options,
      onSynced: () => this.#settle("listed"),
      onTrouble: ({ status, message }) => {
        if (!informer.isSynced && (status === 403 || status === 404)) {
          informer.stop();
          this.#settle("unavailable");
        } else {
          const msg = "cannot list or watch, trying again; what is known stays";
          logger.error({ op: "watch", resource, error: message, msg });
        }
      },
      onRecovered: () => logger.info({ op: "watch", resource, msg: "recovered" }),
    });
    this.#informer = informer;
    informer.start();
  }

  stop(): void {
    this.#informer?.stop();
  }

  #settle(how: Settled): void {
    const isFirst = this.#isFirst;
    const wasUnavailable = this.#isUnavailable;
    this.#isFirst = false;
    this.#isUnavailable = how === "unavailable";
    if (!isFirst && how === "listed" && wasUnavailable) {
      const { logger } = this.#options;
      logger.info({ op: "watch", resource: this.ref.plural, msg: "readable now" });
    }
    if (isFirst || how === "listed") this.#options.onSettled(how, isFirst);
  }
}
