/** Runs the controller's machine: what the API server tells goes in, writes, events, logs and metrics come out. */

import type {
  PoolUsageChange,
  ProbeAnswer,
  Reconciler,
  ReconcilerCommand,
  ReconcilerEvent,
} from "../assignment/index.ts";
import { ConfigSource, type ConfigOutcome } from "../config/index.ts";
import type { EventNote, Failure, KubeObject, Service } from "../kube/index.ts";
import {
  EventRecorder,
  Informer,
  monotonicMs,
  NamedTimers,
  referenceTo,
  type ClientMetrics,
  type KubeClient,
  type Logger,
  type Metric,
  type ProcessInterface,
} from "../platform/index.ts";
import { ConfigWatch, type ConfigurationStateWriter } from "../program/index.ts";
import { PoolStatusWriter } from "./pool-status-writer.ts";
import { StatusWrites } from "./status-writes.ts";

export interface ControllerLoopOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly metrics: ClientMetrics;
  /** Counts what was asked for on the wire, by the answer. */
  readonly probes?: Metric;
  /** Where the configuration is, and the name of the ConfigMap. */
  readonly namespace: string;
  readonly configName: string;
  /** `METALLB_BGP_TYPE`: what configuration is allowed (CFG-27 to CFG-29). */
  readonly bgpType: string;
  /** Absent in the process interface of v0.9.5. */
  readonly state?: ConfigurationStateWriter;
  /** Who asks on the wire. Absent: nobody can. */
  readonly prober?: AddressProber;
}

/** Has somebody ask on the wire who has an address. */
export interface AddressProber {
  /** Never rejects, and answers in some seconds, come what may. */
  ask(address: string, pool: string): Promise<ProbeAnswer>;
  /** Looks for whom to ask, before there is a question. */
  prepare(address: string, pool: string): void;
  stop(): void;
}

type RecordCommand = Extract<
  ReconcilerCommand,
  { kind: "recordOnService" | "recordOnConfig" | "recordOnPool" }
>;

const nobodyAsks: ProbeAnswer = { kind: "unasked", why: "this controller cannot ask speakers" };

/** Pools' numbers are written when they have been quiet for so long, or every 5 s in a long burst (ST-1). */
const quietMs = 200;
const longestBurstMs = 5_000;

export class ControllerLoop {
  /** Rejects when the machine fails: that is a bug, and nothing is decided any more. */
  readonly failed: Promise<never>;
  readonly #machine: Reconciler;
  readonly #options: ControllerLoopOptions;
  readonly #events: EventRecorder;
  readonly #services: Informer<Service>;
  readonly #config: ConfigWatch;
  readonly #pools: PoolStatusWriter;
  readonly #writes: StatusWrites;
  readonly #timers = new NamedTimers<"wake" | "pools">((name) => {
    if (name === "wake") this.#step({ kind: "wake" });
    else this.#writePools();
  });
  /** Events give way to the writes under way: people wait for an address, and nobody for a note about it. */
  readonly #waitingEvents: EventNote[] = [];
  #isRunning = false;
  #isListed = false;
  #burstBeganMs: number | undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(machine: Reconciler, options: ControllerLoopOptions) {
    const { client, logger, namespace, configName, bgpType } = options;
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    this.failed.catch(() => undefined);
    this.#machine = machine;
    this.#options = options;
    this.#events = new EventRecorder(client, { component: "metallb-controller" }, logger);
    this.#pools = new PoolStatusWriter(client, namespace, logger);
    this.#writes = new StatusWrites(client, (answer) => this.#onAnswer(answer));
    this.#services = new Informer<Service>(
      client,
      { group: "", version: "v1", plural: "services" },
      {
        onChange: (key, service) => this.#step({ kind: "service", key, service }),
        onSynced: () => {
          this.#isListed = true;
          this.#step({ kind: "servicesListed" });
          this.#awaitQuiet();
        },
        ...this.#troubleOf("services"),
      },
    );
    const held = () => machine.held();
    const about = { namespace, configName, bgpType };
    this.#config = new ConfigWatch({
      client,
      logger,
      namespace,
      configName,
      watcher: "controller",
      source: new ConfigSource({ ...about, scope: "controller", held }),
      onOutcome: (outcome) => this.#onOutcome(outcome),
      onPool: (name, pool) => this.#pools.setPool(name, pool),
    });
  }

  start(): void {
    this.#isRunning = true;
    this.#config.start();
    this.#services.start();
    this.#options.state?.start();
  }

  stop(): void {
    this.#isRunning = false;
    this.#services.stop();
    this.#config.stop();
    this.#options.state?.stop();
    this.#options.prober?.stop();
    this.#pools.stop();
    this.#events.stop();
    this.#timers.cancelAll();
  }

  #onOutcome(outcome: ConfigOutcome): void {
    this.#step({ kind: "config", outcome });
    this.#options.state?.report(outcome);
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
    const { logger } = this.#options;
    if ("note" in command) return this.#recordAbout(command);
    switch (command.kind) {
      case "writeStatus":
        this.#writes.add(command);
        return;
      case "log":
        logger[command.level](command.fields);
        return;
      case "count":
      case "gauge":
      case "countProbe":
        this.#measure(command);
        return;
      case "poolUsage":
        this.#onUsage(command);
        return;
      case "wakeAfter":
        this.#timers.set("wake", command.ms);
        return;
      case "probe":
        void this.#probe(command.address, command.pool);
        return;
      case "prepareProbe":
        this.#options.prober?.prepare(command.address, command.pool);
        return;
      default:
        command satisfies never;
    }
  }

  #measure(command: Extract<ReconcilerCommand, { kind: "count" | "gauge" | "countProbe" }>): void {
    const { metrics, probes } = this.#options;
    if (command.kind === "count") metrics[command.what].inc();
    else if (command.kind === "gauge") metrics[command.what].set(command.value);
    else probes?.inc(1, { answer: command.answer });
  }

  async #probe(address: string, pool: string): Promise<void> {
    const answer = (await this.#options.prober?.ask(address, pool)) ?? nobodyAsks;
    this.#step({ kind: "probed", address, answer });
  }

  #recordAbout(command: RecordCommand): void {
    const { kind, note } = command;
    if (kind === "recordOnService") this.#record("Service", command.service, note);
    else if (kind === "recordOnConfig") this.#record("ConfigMap", this.#config.configMap, note);
    else this.#record("IPAddressPool", this.#pools.objectOf(command.pool), note);
  }

  #record(kind: string, object: KubeObject | undefined, note: RecordCommand["note"]): void {
    if (object === undefined) return;
    this.#waitingEvents.push({ object: referenceTo(kind, object), ...note });
    if (this.#writes.isIdle) this.#sendEvents();
  }

  #sendEvents(): void {
    for (const event of this.#waitingEvents.splice(0)) this.#events.record(event);
  }

  #onAnswer(answer: ReconcilerEvent): void {
    this.#sendEvents();
    this.#step(answer);
  }

  #onUsage(change: PoolUsageChange): void {
    this.#pools.setUsage(change);
    this.#awaitQuiet();
  }

  /** Before all services are known, numbers would be too low. */
  #awaitQuiet(): void {
    if (!this.#isListed) return;
    const nowMs = monotonicMs();
    this.#burstBeganMs ??= nowMs;
    const leftMs = Math.max(0, this.#burstBeganMs + longestBurstMs - nowMs);
    this.#timers.set("pools", Math.min(quietMs, leftMs));
  }

  #writePools(): void {
    this.#burstBeganMs = undefined;
    this.#pools.release();
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

/** Waits for the end and gives the exit status: 0 after a signal; after a failure 1, in v0.9.5 0 too (FL-2, LC-43). */
export async function untilStopped(
  loop: Pick<ControllerLoop, "failed">,
  signal: Promise<string>,
  { logger, processInterface }: { logger: Logger; processInterface: ProcessInterface },
): Promise<number> {
  try {
    logger.info({ op: "shutdown", msg: `stopped by ${await Promise.race([signal, loop.failed])}` });
    return 0;
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined;
    logger.error({ op: "run", error, stack, msg: "the main loop failed" });
    return processInterface === "legacy" ? 0 : 1;
  }
}
