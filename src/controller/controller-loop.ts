/** Runs the controller's machine: what the API server tells goes in, writes, events, logs and metrics come out. */

import type { ConfigMap, EventNote, Failure, KubeObject, Service } from "../kube/index.ts";
import {
  EventRecorder,
  Informer,
  monotonicMs,
  NamedTimers,
  referenceTo,
  type ClientMetrics,
  type KubeClient,
  type Logger,
  type ResourceRef,
} from "../platform/index.ts";
import type { Reconciler, ReconcilerCommand, ReconcilerEvent } from "../assignment/index.ts";

export interface ControllerLoopOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly metrics: ClientMetrics;
  /** Where the ConfigMap is, and its name. */
  readonly namespace: string;
  readonly configName: string;
}

const services: ResourceRef = { group: "", version: "v1", plural: "services" };
/** More at once would only queue up in the API server. */
const writesAtOnce = 16;
const configDataKey = "config";

export class ControllerLoop {
  /** Rejects when the machine fails: that is a bug, and nothing is decided any more. */
  readonly failed: Promise<never>;
  readonly #machine: Reconciler;
  readonly #options: ControllerLoopOptions;
  readonly #events: EventRecorder;
  readonly #services: Informer<Service>;
  readonly #config: Informer<ConfigMap>;
  readonly #timers = new NamedTimers<"wake">(() => this.#step({ kind: "wake" }));
  readonly #waitingWrites: { key: string; service: Service }[] = [];
  #writesUnderWay = 0;
  /** Events give way to the writes under way: people wait for an address, and nobody for a note about it. */
  readonly #waitingEvents: EventNote[] = [];
  #isRunning = false;
  #fail: (error: unknown) => void = () => undefined;

  constructor(machine: Reconciler, options: ControllerLoopOptions) {
    const { client, logger, namespace, configName } = options;
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    this.failed.catch(() => undefined);
    this.#machine = machine;
    this.#options = options;
    this.#events = new EventRecorder(client, { component: "metallb-controller" }, logger);
    this.#services = new Informer<Service>(client, services, {
      onChange: (key, service) => this.#step({ kind: "service", key, service }),
      onSynced: () => this.#step({ kind: "servicesListed" }),
      ...this.#troubleOf("services"),
    });
    const configMaps = { group: "", version: "v1", plural: "configmaps", namespace };
    this.#config = new Informer<ConfigMap>(client, configMaps, {
      fieldSelector: `metadata.name=${configName}`,
      onChange: (_, configMap) => this.#onConfigMap(configMap),
      onSynced: () => this.#onConfigListed(),
      ...this.#troubleOf("configmaps"),
    });
  }

  start(): void {
    this.#isRunning = true;
    this.#config.start();
    this.#services.start();
  }

  stop(): void {
    this.#isRunning = false;
    this.#services.stop();
    this.#config.stop();
    this.#events.stop();
    this.#timers.cancelAll();
  }

  #onConfigMap(configMap: ConfigMap | undefined): void {
    // LC-1: no such key, or an empty text, is an empty configuration; no ConfigMap is none.
    const text = configMap && (configMap.data?.[configDataKey] ?? "");
    if (text === "") this.#warnOfEmptyConfig();
    this.#step({ kind: "config", text });
  }

  #warnOfEmptyConfig(): void {
    const { namespace, configName, logger } = this.#options;
    const what = `ConfigMap ${namespace}/${configName} has no text under data key "${configDataKey}"`;
    logger.warn({ op: "setConfig", msg: `${what}: the configuration is empty, without pools` });
  }

  #onConfigListed(): void {
    if (this.#configMap() !== undefined) return;
    const { namespace, configName, logger } = this.#options;
    const msg = `no configuration yet: waiting for ConfigMap ${namespace}/${configName}`;
    logger.info({ op: "startup", msg });
  }

  #configMap(): ConfigMap | undefined {
    return this.#config.get(`${this.#options.namespace}/${this.#options.configName}`);
  }

  #step(event: ReconcilerEvent): void {
    if (!this.#isRunning) return;
    try {
      for (const command of this.#machine.step(event, monotonicMs())) this.#run(command);
    } catch (error) {
      this.stop();
      this.#fail(error);
    }
  }

  #run(command: ReconcilerCommand): void {
    const { logger, metrics } = this.#options;
    switch (command.kind) {
      case "writeStatus":
        this.#waitingWrites.push(command);
        this.#startWrites();
        return;
      case "recordOnService":
        this.#record("Service", command.service, command.note);
        return;
      case "recordOnConfig":
        this.#record("ConfigMap", this.#configMap(), command.note);
        return;
      case "log":
        logger[command.level](command.fields);
        return;
      case "count":
        metrics[command.what].inc();
        return;
      case "gauge":
        metrics[command.what].set(command.value);
        return;
      case "wakeAfter":
        this.#timers.set("wake", command.ms);
        return;
      default:
        command satisfies never;
    }
  }

  #record(
    kind: string,
    object: KubeObject | undefined,
    note: Extract<ReconcilerCommand, { kind: "recordOnConfig" }>["note"],
  ): void {
    if (object === undefined) return;
    this.#waitingEvents.push({ object: referenceTo(kind, object), ...note });
    if (this.#writesUnderWay === 0) this.#sendEvents();
  }

  #sendEvents(): void {
    for (const event of this.#waitingEvents.splice(0)) this.#events.record(event);
  }

  #startWrites(): void {
    while (this.#writesUnderWay < writesAtOnce) {
      const next = this.#waitingWrites.shift();
      if (next === undefined) return;
      this.#writesUnderWay++;
      void this.#write(next.key, next.service).then((answer) => {
        this.#writesUnderWay--;
        this.#sendEvents();
        this.#step(answer);
        this.#startWrites();
      });
    }
  }

  /** LC-30: the status goes through its subresource, under the version that it was decided on. */
  async #write(key: string, service: Service): Promise<ReconcilerEvent> {
    const { name, namespace = "" } = service.metadata;
    const body = { apiVersion: "v1", kind: "Service", ...service };
    try {
      const ref = { ...services, namespace };
      const stored = await this.#options.client.update<Service>(ref, name, body, "status");
      delete (stored.metadata as { managedFields?: unknown }).managedFields;
      return { kind: "written", key, service: stored };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return { kind: "writeFailed", key, error: text };
    }
  }

  /** What an informer says of its connection, as log lines. */
  #troubleOf(plural: string) {
    const { logger } = this.#options;
    return {
      onTrouble: ({ message }: Failure) => {
        logger.error({ op: "watch", resource: plural, error: message, msg: "retrying" });
      },
      onRecovered: () => logger.info({ op: "watch", resource: plural, msg: "recovered" }),
    };
  }
}

/** Waits for the end and gives the exit status: 0 after a signal, and after a failure of the loop too (LC-43). */
export async function untilStopped(
  loop: Pick<ControllerLoop, "failed">,
  signal: Promise<string>,
  logger: Logger,
): Promise<number> {
  try {
    logger.info({ op: "shutdown", msg: `stopped by ${await Promise.race([signal, loop.failed])}` });
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined;
    logger.error({ op: "run", error, stack, msg: "the main loop failed" });
  }
  return 0;
}
