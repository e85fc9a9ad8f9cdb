/** The speaker's machine with the parts that carry out its commands. */

import { formatAddress } from "../ip/index.ts";
import { type NetworkInterface, strictArpAdvice } from "../layer2/index.ts";
import {
  type ClientMetrics,
  EventRecorder,
  type KubeClient,
  type Logger,
  readArpIgnore,
  type SpeakerMetrics,
  watchNetworkInterfaces,
} from "../platform/index.ts";
import { ClusterWatch } from "./cluster-watch.ts";
import type { Layer2Announcer } from "./layer2-announcer.ts";
import { Speaker, type SpeakerCommand, type SpeakerEvent } from "./speaker.ts";

export interface ProgramParts {
  readonly nodeName: string;
  /** Where the ConfigMap is, and its name. */
  readonly namespace: string;
  readonly configName: string;
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly announcer: Layer2Announcer;
  readonly metrics: ClientMetrics & SpeakerMetrics;
}

/** Events come in one at a time, and their commands are carried out before the next (L2-16). */
export class SpeakerProgram {
  readonly #parts: ProgramParts;
  readonly #speaker: Speaker;
  readonly #watch: ClusterWatch;
  readonly #recorder: EventRecorder;
  #interfaces: { close(): void } | undefined;
  #nextTurn: NodeJS.Immediate | undefined;
  #isStrictArpTold = false;

  constructor(parts: ProgramParts) {
    const { nodeName, namespace, configName, client, logger } = parts;
    this.#parts = parts;
    this.#speaker = new Speaker(nodeName, `${namespace}/${configName}`);
    const source = { component: "metallb-speaker", host: nodeName };
    this.#recorder = new EventRecorder(client, source, logger);
    this.#watch = new ClusterWatch({
      client,
      logger,
      namespace,
      configName,
      onEvent: (event) => this.#step(event),
    });
  }

  /** The interfaces are followed at once, announcing begins with the first configuration and pass (L2-160). */
  start(): void {
    const { announcer, logger } = this.#parts;
    this.#interfaces = watchNetworkInterfaces({
      onChange: (interfaces) => {
        announcer.setInterfaces(interfaces);
        this.#checkStrictArp(interfaces);
      },
      onFallback: (error) => {
        const msg = "no events about network interfaces, looking every 10 s";
        logger.warn({ op: "watchInterfaces", error, msg });
      },
    });
    this.#watch.start();
  }

  /** Nothing is sent to clients; the next owner's burst repairs their tables (L2-161). */
  stop(): void {
    this.#watch.stop();
    clearImmediate(this.#nextTurn);
    this.#recorder.stop();
    this.#interfaces?.close();
    this.#parts.announcer.close();
  }

  /** Said once: it is the operator's to mend (L2-198). */
  #checkStrictArp(interfaces: readonly NetworkInterface[]): void {
    if (this.#isStrictArpTold) return;
    const msg = strictArpAdvice(interfaces, readArpIgnore);
    if (msg === undefined) return;
    this.#isStrictArpTold = true;
    this.#parts.logger.warn({ op: "checkSetup", msg });
  }

  #step(event: SpeakerEvent): void {
    for (const command of this.#speaker.step(event)) this.#run(command);
  }

  #continue(): void {
    this.#nextTurn = undefined;
    this.#step({ kind: "continue" });
  }

  #run(command: SpeakerCommand): void {
    const { logger, metrics } = this.#parts;
    switch (command.kind) {
      case "announce":
      case "withdraw":
        this.#change(command);
        return;
      case "record-event":
        this.#recorder.record(command.note);
        return;
      case "config-state":
        metrics.configStale.set(command.isStale ? 1 : 0);
        if (!command.isStale) metrics.configLoaded.set(1);
        return;
      case "continue":
        this.#nextTurn ??= setImmediate(() => this.#continue());
        return;
      case "count-update":
        metrics.updates.inc();
        if (command.hasFailed) metrics.updateErrors.inc();
        return;
      default:
        logger[command.level](command.fields);
    }
  }

  #change(command: Extract<SpeakerCommand, { kind: "announce" | "withdraw" }>): void {
    const { announcer, metrics, nodeName: node } = this.#parts;
    const { service, announcement } = command;
    const { ip, protocol } = announcement;
    const labels = { service, protocol, node, ip: formatAddress(ip) };
    if (command.kind === "announce") {
      announcer.announce(service, ip);
      metrics.announced.set(1, labels);
    } else {
      announcer.withdraw(service);
      metrics.announced.remove(labels);
    }
  }
}
