/** Tells in a ConfigurationState object what became of this process's configuration (ST-10 to ST-14). */

import type { ConfigOutcome } from "../config/index.ts";
import {
  isOlderVersion,
  type Condition,
  type ConfigurationState,
  type KubeObject,
} from "../kube/index.ts";
import { Informer, timestampOfSecond, type KubeClient, type Logger } from "../platform/index.ts";
import {
  conditionOf,
  configurationStateOf,
  fieldOwner,
  isLabelledAs,
  labelPatch,
  resultOf,
  type ConfigurationStateOwner,
} from "../status/index.ts";
import { Repeater } from "./repeater.ts";

export interface ConfigurationStateOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly namespace: string;
  readonly owner: ConfigurationStateOwner;
  /** Our own pod, which the object belongs to: see `readOwnPod`. */
  readonly pod: KubeObject;
}

const plural = "configurationstates";

/** One per process; at rest it only watches its one object. */
export class ConfigurationStateWriter {
  readonly #options: ConfigurationStateOptions;
  readonly #wanted: ConfigurationState;
  readonly #informer: Informer<ConfigurationState>;
  readonly #work: Repeater;
  /** The object as the server has it, by the newest that we heard. */
  #stored: ConfigurationState | undefined;
  #condition: Condition | undefined;
  /** The condition was not written yet. */
  #isNews = false;

  constructor(options: ConfigurationStateOptions) {
    const { client, logger, namespace, owner, pod } = options;
    this.#options = options;
    this.#wanted = configurationStateOf(owner, namespace, pod);
    this.#work = new Repeater(() => this.#write(), {
      onTrouble: (error) => {
        const msg = "the ConfigurationState cannot be written, trying again";
        logger.warn({ op: "reportConfiguration", error, msg });
      },
    });
    this.#informer = new Informer(client, this.#ref, {
      fieldSelector: `metadata.name=${this.#wanted.metadata.name}`,
      onChange: (_key, object) => this.#onChange(object),
      onSynced: () => this.#work.wake(),
    });
  }

  start(): void {
    this.#informer.start();
  }

  stop(): void {
    this.#informer.stop();
    this.#work.stop();
  }

  /** To be called with each outcome of a look at the configuration (ST-12). */
  report(outcome: ConfigOutcome): void {
    const now = timestampOfSecond();
    this.#condition = conditionOf(this.#options.owner, outcome, now);
    this.#isNews = true;
    this.#work.wake();
  }

  get #ref() {
    const { namespace } = this.#options;
    return { group: "metallb.io", version: "v1beta1", plural, namespace };
  }

  #onChange(object: ConfigurationState | undefined): void {
    if (object !== undefined && isOlderVersion(object, this.#stored)) return;
    if (object === undefined) this.#isNews = true;
    this.#stored = object;
    this.#work.wake();
  }

  /** Brings the object to what it should be, with a request only for what differs. */
  async #write(): Promise<void> {
    if (!this.#informer.isSynced) return;
    const { client } = this.#options;
    const wanted = this.#wanted;
    if (this.#stored === undefined) {
      this.#stored = await client.create<ConfigurationState>(this.#ref, wanted);
    } else if (!isLabelledAs(this.#stored, wanted)) {
      const { name } = wanted.metadata;
      const patch = labelPatch(this.#stored, wanted);
      this.#stored = await client.patch(this.#ref, name, patch, { type: "merge" });
    }
    if (this.#isNews || this.#isFalsified()) await this.#apply();
  }

  /** Somebody else changed the verdict. */
  #isFalsified(): boolean {
    const { conditions = [], result, errorSummary = "" } = this.#stored?.status ?? {};
    const right = resultOf(conditions);
    return result !== right.result || errorSummary !== right.errorSummary;
  }

  /**
   * ST-11: server-side apply with force, the condition and the verdict of all conditions in one request. A process that
   * has no condition to tell goes by another name: an apply without it takes away what was applied under the same one,
   * and the condition may be that of a fellow process (WH-11: `onlywebhook` beside a controller).
   */
  async #apply(): Promise<void> {
    const { component } = this.#options.owner;
    const { apiVersion = "", kind = "", metadata } = this.#wanted;
    const own = this.#condition;
    const others = (this.#stored?.status?.conditions ?? []).filter(
      ({ type }) => type !== own?.type,
    );
    const conditions = own === undefined ? [] : [own];
    const verdict = resultOf([...others, ...conditions]);
    const status = own === undefined ? verdict : { ...verdict, conditions };
    const { name, namespace = "" } = metadata;
    const body = { apiVersion, kind, metadata: { name, namespace }, status };
    this.#isNews = false;
    try {
      this.#stored = await this.#options.client.patch(this.#ref, name, body, {
        type: "apply",
        subresource: "status",
        fieldManager: own === undefined ? component : fieldOwner(this.#options.owner),
        force: true,
      });
    } catch (error) {
      this.#isNews = true;
      throw error;
    }
  }
}
