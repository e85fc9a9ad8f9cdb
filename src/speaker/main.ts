/** The speaker program: reads its environment, connects the machine with the world, and stops cleanly. */

import packageJson from "../../package.json" with { type: "json" };
import { formatAddress } from "../ip/index.ts";
import type { AddressCounters } from "../layer2/index.ts";
import {
  type ClientMetrics,
  createLogger,
  EventRecorder,
  type HttpServer,
  KubeClient,
  type Logger,
  Metrics,
  serveMetrics,
  type SpeakerMetrics,
  stopSignal,
  watchNetworkInterfaces,
} from "../platform/index.ts";
import { ClusterWatch } from "./cluster-watch.ts";
import { parseSpeakerFlags } from "./flags.ts";
import { Layer2Announcer } from "./layer2-announcer.ts";
import { weaknessOfSecret } from "./memberlist-secret.ts";
import { Speaker, type SpeakerCommand } from "./speaker.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Runs until a signal asks to stop; the result is the exit status (LC-43). */
export async function runSpeaker(argv: string[], env: Env): Promise<number> {
  const flags = parseSpeakerFlags(argv, env);
  if (!flags.ok) {
    (flags.exitCode === 0 ? process.stdout : process.stderr).write(flags.text);
    return flags.exitCode;
  }
  const { values } = flags;
  const logger = createLogger({ form: "legacy" });
  const stopped = stopSignal();
  logger.info({
    version: packageJson.version,
    node: process.version,
    msg: "MetalLB speaker starting",
  });
  const nodeName = values["node-name"];
  if (nodeName === "") {
    const error = "no node name: set METALLB_NODE_NAME (from spec.nodeName) or --node-name";
    logger.error({ op: "startup", error, msg: "missing configuration" });
    return 1;
  }
  const weakness = weaknessOfSecret(values["ml-secret-key"]);
  if (weakness !== undefined) logger.warn({ op: "startup", msg: weakness });

  let client: KubeClient;
  let server: HttpServer;
  const metrics = new Metrics();
  const announcer = new Layer2Announcer({ logger });
  const speakerMetrics = metrics.speaker();
  metrics.onScrape(() => showCounters(speakerMetrics, announcer.addresses.counters()));
  try {
    client = KubeClient.fromEnvironment({ kubeconfig: values.kubeconfig, env });
    server = await serveMetrics(metrics, { host: values.host, port: values.port });
  } catch (error) {
    logger.error({ op: "startup", error, msg: "failed to start" });
    return 1;
  }
  const program = new SpeakerProgram({
    nodeName,
    namespace: values.namespace || (client.connection.namespace ?? "metallb-system"),
    configName: values.config,
    client,
    logger,
    announcer,
    metrics: { ...metrics.client(), ...speakerMetrics },
  });
  program.start();
  const signal = await stopped;
  logger.info({ op: "shutdown", signal, msg: "stopping" });
  program.stop();
  await server.close();
  await client.close();
  return 0;
}

/** The responder counts; the metrics take its numbers when they are scraped. */
function showCounters(
  metrics: SpeakerMetrics,
  counters: ReadonlyMap<string, Readonly<AddressCounters>>,
): void {
  const { requestsReceived, responsesSent, gratuitousSent } = metrics;
  for (const metric of [requestsReceived, responsesSent, gratuitousSent]) metric.reset();
  for (const [ip, count] of counters) {
    requestsReceived.inc({ ip }, count.requestsReceived);
    responsesSent.inc({ ip }, count.responsesSent);
    gratuitousSent.inc({ ip }, count.gratuitousSent);
  }
}

interface ProgramParts {
  readonly nodeName: string;
  readonly namespace: string;
  readonly configName: string;
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly announcer: Layer2Announcer;
  readonly metrics: ClientMetrics & SpeakerMetrics;
}

/** The machine and the parts that carry out its commands. Events come in one at a time (L2-16). */
class SpeakerProgram {
  readonly #parts: ProgramParts;
  readonly #speaker: Speaker;
  readonly #watch: ClusterWatch;
  readonly #recorder: EventRecorder;
  #interfaces: { close(): void } | undefined;

  constructor(parts: ProgramParts) {
    const { nodeName, namespace, configName, client, logger } = parts;
    this.#parts = parts;
    this.#speaker = new Speaker(nodeName, `${namespace}/${configName}`);
    this.#recorder = new EventRecorder(
      client,
      { component: "metallb-speaker", host: nodeName },
      logger,
    );
    this.#watch = new ClusterWatch({
      client,
      logger,
      namespace,
      configName,
      onEvent: (event) => {
        for (const command of this.#speaker.step(event)) this.#run(command);
      },
    });
  }

  start(): void {
    const { announcer, logger } = this.#parts;
    this.#interfaces = watchNetworkInterfaces({
      onChange: (interfaces) => announcer.setInterfaces(interfaces),
      onFallback: (error) => {
        const msg = "no events about interfaces, looking every 10 s";
        logger.warn({ op: "watchInterfaces", error, msg });
      },
    });
    this.#watch.start();
  }

  /** Nothing is sent to clients; the next owner's burst repairs their tables (L2-161). */
  stop(): void {
    this.#watch.stop();
    this.#recorder.stop();
    this.#interfaces?.close();
    this.#parts.announcer.close();
  }

  #run(command: SpeakerCommand): void {
    const { announcer, logger, metrics, nodeName: node } = this.#parts;
    switch (command.kind) {
      case "announce":
      case "withdraw": {
        const { service, announcement } = command;
        const { ip, protocol } = announcement;
        const labels = { service, protocol, node, ip: formatAddress(ip) };
        if (command.kind === "announce") {
          announcer.announce(service, ip);
          metrics.announced.set(labels, 1);
        } else {
          announcer.withdraw(service);
          metrics.announced.remove(labels);
        }
        return;
      }
      case "record-event":
        this.#recorder.record(command.note);
        return;
      case "config-state":
        metrics.configStale.set(command.isStale ? 1 : 0);
        if (!command.isStale) metrics.configLoaded.set(1);
        return;
      case "count-updates":
        metrics.updates.inc(command.count);
        return;
      default:
        logger[command.level](command.fields);
    }
  }
}
