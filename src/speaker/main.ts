/** Program 2: announces addresses from one node. This file reads flags, opens what is needed, and waits for the end. */

import type { AddressCounters } from "../layer2/index.ts";
import {
  type Logger,
  Metrics,
  modernFlags,
  openCluster,
  serveMetrics,
  type SpeakerMetrics,
  startProgram,
  stopSignal,
} from "../platform/index.ts";
import { findBadValue, modernSpeakerFlags, parseSpeakerFlags, type SpeakerFlags } from "./flags.ts";
import { Layer2Announcer } from "./layer2-announcer.ts";
import { weaknessOfSecret } from "./memberlist-secret.ts";
import { SpeakerProgram } from "./speaker-program.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs until a signal asks to stop; the result is the exit status (LC-43, FL-2). */
export function runSpeaker(argv: string[], env: Environment): Promise<number> {
  return startProgram({
    name: "speaker",
    parsed: parseSpeakerFlags(argv, env),
    withoutEffect: { ...modernFlags, ...modernSpeakerFlags },
    env,
    run: (flags, logger) => run(flags, env, logger),
  });
}

/** Opens everything, in order of dependence, and waits. Whatever throws here prevents the start. */
async function run(flags: SpeakerFlags, env: Environment, logger: Logger): Promise<number> {
  const bad = findBadValue(flags);
  if (bad !== undefined) throw new Error(bad);
  const weakness = weaknessOfSecret(flags["ml-secret-key"]);
  if (weakness !== undefined) logger.warn({ op: "startup", msg: weakness });
  const { client, namespace } = openCluster(flags, env);
  const metrics = new Metrics();
  const server = await serveMetrics(metrics, { host: flags.host, port: flags.port });
  const logsRequests = ["all", "debug"].includes(flags["log-level"]);
  const announcer = new Layer2Announcer({ logger, logsRequests });
  const speakerMetrics = metrics.speaker();
  metrics.onScrape(() => showCounters(speakerMetrics, announcer.addresses.counters()));
  const program = new SpeakerProgram({
    nodeName: flags["node-name"],
    namespace,
    configName: flags.config,
    client,
    logger,
    announcer,
    metrics: { ...metrics.client(), ...speakerMetrics },
  });
  const stopped = stopSignal();
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
  { requestsReceived, responsesSent, gratuitousSent }: SpeakerMetrics,
  counters: ReadonlyMap<string, Readonly<AddressCounters>>,
): void {
  for (const metric of [requestsReceived, responsesSent, gratuitousSent]) metric.reset();
  for (const [ip, count] of counters) {
    requestsReceived.inc(count.requestsReceived, { ip });
    responsesSent.inc(count.responsesSent, { ip });
    gratuitousSent.inc(count.gratuitousSent, { ip });
  }
}
