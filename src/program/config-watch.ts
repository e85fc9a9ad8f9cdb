/** Follows everything that a configuration is made of, and tells what came of each change. */

import type { ConfigKind, ConfigOutcome, ConfigSource } from "../config/index.ts";
import { preemptAnnotation, spreadAnnotation } from "../config/index.ts";
import type {
  ConfigMap,
  IPAddressPool,
  KubeObject,
  Labels,
  Namespace,
  Secret,
} from "../kube/index.ts";
import {
  monotonicMs,
  NamedTimers,
  type KubeClient,
  type Logger,
  type ResourceRef,
} from "../platform/index.ts";
import { poolCounters, unknownErrorCode } from "../status/index.ts";
import { configKinds, type Watcher } from "./config-kinds.ts";
import { findServed } from "./discovery.ts";
import { OptionalInformer, type OptionalInformerOptions } from "./optional-informer.ts";

export interface ConfigWatchOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** Where the configuration is, and the name of the ConfigMap. */
  readonly namespace: string;
  readonly configName: string;
  /** The controller needs less (K8S-1) than a speaker (K8S-2). */
  readonly watcher: Watcher;
  /** Takes what is watched and decides; nobody else may call its `look`. */
  readonly source: ConfigInputs;
  readonly onOutcome: (outcome: ConfigOutcome) => void;
  /** Each pool with its status as it comes and goes; status alone changes no configuration (ST-1). */
  readonly onPool?: (name: string, pool: IPAddressPool | undefined) => void;
}

/** What is asked of a ConfigSource. */
export type ConfigInputs = Pick<
  ConfigSource,
  "setObject" | "setNamespace" | "setNode" | "setSecret" | "setConfigMap" | "setKnown" | "look"
>;

type Source = Parameters<ConfigSource["setKnown"]>[0];

/** A burst of changes may cost a third of a processor: the next look waits twice as long as the last one took. */
const pausePerLook = 2;
const longestPauseMs = 2_000;
const configDataKey = "config";
/** CFG-53: addresses in use go away by and by. */
const firstRetryMs = 250;
const longestRetryMs = 30_000;
/** How often to look whether a kind was installed or allowed meanwhile. */
const rediscoveryMs = 30_000;

/** One per process: `start`, then outcomes until `stop`. */
export class ConfigWatch {
  readonly #options: ConfigWatchOptions;
  readonly #informers: OptionalInformer<never>[] = [];
  readonly #timers = new NamedTimers<"look" | "lookAgain" | "rediscover">((name) => {
    if (name === "rediscover") void this.#rediscover();
    else this.#look();
  });
  /** What was told of each object, so that a change that is none costs nothing (K8S-3). */
  readonly #told = new Map<string, string>();
  #unanswered = 0;
  #isStopped = false;
  #lastLookMs = 0;
  /** Refusals in a row that addresses in use are the reason of. */
  #refusals = 0;
  #configMap: ConfigMap | undefined;
  #hadConfigMap = false;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
    for (const { kind, plural, version, watchers } of configKinds) {
      if (watchers.includes(options.watcher)) this.#watchKind(kind, plural, version);
    }
    this.#watchNamespaces();
    this.#watchConfigMap("config", options.configName);
    if (options.watcher === "speaker") {
      this.#watchConfigMap("bgpextras", "bgpextras");
      this.#watchSecrets();
    }
  }

  start(): void {
    this.#unanswered = this.#informers.length;
    for (const informer of this.#informers) informer.start();
  }

  stop(): void {
    this.#isStopped = true;
    for (const informer of this.#informers) informer.stop();
    this.#timers.cancelAll();
  }

  /** The ConfigMap as it is now, for events about it. */
  get configMap(): ConfigMap | undefined {
    return this.#configMap;
  }

  /** A node as the speaker's own informer sees it; undefined: it is gone. Only its labels matter (K8S-3). */
  setNode(name: string, labels: Labels | undefined): void {
    if (!this.#isNews(`node ${name}`, labels)) return;
    this.#options.source.setNode(name, labels);
    this.#changed();
  }

  /** Addresses in use changed: a configuration that only they forbade may be possible now (CFG-53). */
  heldChanged(): void {
    if (this.#refusals > 0) this.#changed();
  }

  /** The first whole list of nodes was told. */
  nodesListed(): void {
    this.#options.source.setKnown("Node", "listed");
    this.#changed();
  }

  #watchKind(kind: ConfigKind, plural: string, version: string): void {
    const { source, namespace, onPool } = this.#options;
    this.#watch<KubeObject>({ group: "metallb.io", version, plural, namespace }, kind, {
      ...(kind === "IPAddressPool" ? { exactKeys: poolCounters } : {}),
      onChange: (key, object) => {
        const name = key.slice(key.indexOf("/") + 1);
        if (kind === "IPAddressPool") onPool?.(name, object as IPAddressPool | undefined);
        if (!this.#isNews(`${kind} ${name}`, object && specVersionOf(object))) return;
        source.setObject(kind, name, object);
        this.#changed();
      },
    });
  }

  #watchNamespaces(): void {
    this.#watch<Namespace>({ group: "", version: "v1", plural: "namespaces" }, "Namespace", {
      project: projectLabels,
      onChange: (name, namespace) => {
        const labels = namespace && (namespace.metadata.labels ?? {});
        if (!this.#isNews(`namespace ${name}`, labels)) return;
        this.#options.source.setNamespace(name, labels);
        this.#changed();
      },
    });
  }

  #watchConfigMap(which: "config" | "bgpextras", name: string): void {
    const { namespace, source } = this.#options;
    const ref = { group: "", version: "v1", plural: "configmaps", namespace };
    this.#watch<ConfigMap>(ref, which === "config" ? "ConfigMap" : undefined, {
      fieldSelector: `metadata.name=${name}`,
      onChange: (_key, configMap) => {
        if (which === "config") this.#onConfigMap(configMap);
        source.setConfigMap(which, configMap);
        this.#changed();
      },
    });
  }

  /** LC-1: an empty text is a valid configuration, and hardly what anybody wants. */
  #onConfigMap(configMap: ConfigMap | undefined): void {
    this.#configMap = configMap;
    this.#hadConfigMap ||= configMap !== undefined;
    if (configMap === undefined || configMap.data?.[configDataKey]) return;
    const { namespace, configName, logger } = this.#options;
    const what = `ConfigMap ${namespace}/${configName} has no text under data key "${configDataKey}"`;
    logger.warn({ op: "setConfig", msg: `${what}: it configures nothing` });
  }

  #watchSecrets(): void {
    const { namespace, source } = this.#options;
    this.#watch<Secret>({ group: "", version: "v1", plural: "secrets", namespace }, "Secret", {
      project: projectPassword,
      onChange: (key, secret) => {
        source.setSecret(key.slice(key.indexOf("/") + 1), secret);
        this.#changed();
      },
    });
  }

  /** `known`: the source that is complete with the first list of this kind. */
  #watch<T extends KubeObject>(
    ref: ResourceRef,
    known: Source | undefined,
    options: Pick<
      OptionalInformerOptions<T>,
      "onChange" | "project" | "fieldSelector" | "exactKeys"
    >,
  ): void {
    const { client, logger, source } = this.#options;
    const settle = (how: "listed" | "unavailable"): void => {
      if (known !== undefined) source.setKnown(known, how);
      this.#changed();
    };
    const informer = new OptionalInformer<T>(client, ref, {
      ...options,
      logger,
      onSettled: (how, isFirst) => {
        if (isFirst) this.#unanswered--;
        settle(how);
        if (isFirst && this.#unanswered === 0) this.#onAllAnswered();
      },
    });
    this.#informers.push(informer as unknown as OptionalInformer<never>);
  }

  /** Says once what cannot be read, which a ConfigMap installation without the custom resources is full of. */
  #onAllAnswered(): void {
    const missing = this.#informers.filter(({ isUnavailable }) => isUnavailable);
    if (missing.length === 0) return;
    const resources = [...new Set(missing.map(({ ref }) => ref.plural))];
    const msg = "not installed, or not readable for this service account: going on without";
    this.#options.logger.info({ op: "watch", resources, msg });
    this.#timers.set("rediscover", rediscoveryMs);
  }

  /** Asks for the objects of a missing kind only when the server says that it has the kind. */
  async #rediscover(): Promise<void> {
    const missing = this.#informers.filter(({ isUnavailable }) => isUnavailable);
    if (missing.length === 0) return;
    const served = await findServed(this.#options.client, missing);
    if (this.#isStopped) return;
    for (const informer of served) informer.start();
    this.#timers.set("rediscover", rediscoveryMs);
  }

  #isNews(what: string, seen: unknown): boolean {
    const text = seen === undefined ? undefined : JSON.stringify(seen);
    if (this.#told.get(what) === text) return false;
    if (text === undefined) this.#told.delete(what);
    else this.#told.set(what, text);
    return true;
  }

  /** K8S-4: however many changes come in one burst, they are looked at once. */
  #changed(): void {
    this.#timers.setOnce("look", Math.min(longestPauseMs, this.#lastLookMs * pausePerLook));
  }

  /** A fault of ours must not stop what works. */
  #outcome(): ConfigOutcome | undefined {
    try {
      return this.#options.source.look();
    } catch (error) {
      const stack = error instanceof Error ? error.stack : undefined;
      this.#options.logger.error({ op: "setConfig", error, stack, msg: "cannot compile" });
      return faultOf(error);
    }
  }

  #look(): void {
    const beganMs = monotonicMs();
    const outcome = this.#outcome();
    this.#lastLookMs = monotonicMs() - beganMs;
    if (outcome === undefined) return;
    const isRetryable = outcome.kind === "refused" && outcome.isRetryable === true;
    this.#refusals = isRetryable ? this.#refusals + 1 : 0;
    this.#timers.cancel("lookAgain");
    if (isRetryable) {
      const pauseMs = firstRetryMs * 2 ** Math.min(this.#refusals - 1, 10);
      this.#timers.set("lookAgain", Math.min(pauseMs, longestRetryMs));
    }
    if (outcome.kind === "missing" && !this.#hadConfigMap) this.#onNothingYet();
    else this.#options.onOutcome(outcome);
  }

  /** LC-27 is about a ConfigMap that was deleted: one that did not come yet is no error. */
  #onNothingYet(): void {
    const { namespace, configName, logger } = this.#options;
    const what = `waiting for ConfigMap ${namespace}/${configName}, or for custom resources`;
    logger.info({ op: "startup", msg: `no configuration yet: ${what}` });
  }
}

/** ST-13: what keeps us from finding out whether a configuration is good. */
function faultOf(error: unknown): ConfigOutcome {
  const message = error instanceof Error ? error.message : String(error);
  const fix = "what is in force stays; this is a fault of MetalLB, please report it";
  const about = { code: unknownErrorCode, object: "configuration", path: "" };
  return { kind: "refused", findings: [{ ...about, severity: "error", message, fix }] };
}

/** K8S-3: changes with what is configured, not with the status; labels are what advertisements select by. */
function specVersionOf({ metadata }: KubeObject): unknown {
  const { uid, generation, resourceVersion, labels = {} } = metadata;
  // Annotations are part of no generation.
  const own = [preemptAnnotation, spreadAnnotation].map(
    (name) => metadata.annotations?.[name] ?? "",
  );
  return [uid, generation ?? resourceVersion, labels, own];
}

function projectLabels({ metadata }: Namespace): Namespace {
  const { name, labels = {}, resourceVersion = "" } = metadata;
  return { metadata: { name, labels, resourceVersion } };
}

/** Other secrets of the namespace are none of our business: their data is forgotten at once. */
function projectPassword({ metadata, type, data }: Secret): Secret {
  const { name, namespace = "", resourceVersion = "" } = metadata;
  const password = data?.["password"];
  return {
    metadata: { name, namespace, resourceVersion },
    ...(type === undefined ? {} : { type }),
    data: password === undefined ? {} : { password },
  };
}
