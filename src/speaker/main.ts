/** Program 2: announces addresses from one node. This file reads flags, opens what is needed, and waits for the end. */

import type { AddressCounters } from "../layer2/index.ts";
import {
  buildInfo,
  createLogger,
  KubeClient,
  logLevels,
  type Logger,
  Metrics,
  modernFlags,
  modernOnly,
  serveMetrics,
  type SpeakerMetrics,
  stopSignal,
} from "../platform/index.ts";
import { findBadValue, modernSpeakerFlags, parseSpeakerFlags, type SpeakerFlags } from "./flags.ts";
import { Layer2Announcer } from "./layer2-announcer.ts";
import { weaknessOfSecret } from "./memberlist-secret.ts";
import { SpeakerProgram } from "./speaker-program.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs until a signal asks to stop; the result is the exit status (LC-43, FL-2). */
export async function runSpeaker(argv: string[], env: Environment): Promise<number> {
  const parsed = parseSpeakerFlags(argv, env);
  if (!parsed.ok) {
    (parsed.exitCode === 0 ? process.stdout : process.stderr).write(parsed.text);
    return parsed.exitCode;
  }
  const flags = parsed.values;
  const level = logLevels.find((known) => known === flags["log-level"]);
  if (level === undefined) {
    const wanted = logLevels.join(", ");
    process.stdout.write(`--log-level=${flags["log-level"]}: it must be one of ${wanted}\n`);
    return 1;
  }
  const logger = createLogger({ form: "legacy", level });
  sayHello(logger, env);
  const later = modernOnly(parsed.given, { ...modernFlags, ...modernSpeakerFlags });
  if (later.length > 0) {
    const msg = "these flags are accepted, but have no effect with a ConfigMap configuration";
    logger.info({ op: "startup", flags: later, msg });
  }
  try {
    return await run(flags, env, logger);
  } catch (error) {
    logger.error({ op: "startup", error, msg: "the speaker cannot start" });
    return 1;
  }
}

function sayHello(logger: Logger, env: Environment): void {
  const { version, commit, branch } = buildInfo;
  const msg = `MetalLB speaker starting version ${version} (commit ${commit}, branch ${branch})`;
  logger.info({ ...buildInfo, msg });
  if (env["METALLB_BGP_TYPE"] === "frr") {
    const advice = "METALLB_BGP_TYPE=frr is deprecated: use frr-k8s or native";
    logger.warn({ op: "startup", msg: advice });
  }
}

/** Opens everything, in order of dependence, and waits. Whatever throws here prevents the start. */
async function run(flags: SpeakerFlags, env: Environment, logger: Logger): Promise<number> {
  const bad = findBadValue(flags);
  if (bad !== undefined) throw new Error(bad);
  const weakness = weaknessOfSecret(flags["ml-secret-key"]);
  if (weakness !== undefined) logger.warn({ op: "startup", msg: weakness });
  const client = KubeClient.fromEnvironment({ kubeconfig: flags.kubeconfig, env });
  const namespace = flags.namespace || flags["config-ns"] || client.connection.namespace;
  if (namespace === undefined) {
    throw new Error("the namespace of the ConfigMap is unknown: give --namespace");
  }
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
