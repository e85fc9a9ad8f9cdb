/** Program 1: gives addresses to Services. This file reads flags, opens what is needed, and waits for the end. */

import { randomBytes } from "node:crypto";
import {
  buildInfo,
  createLogger,
  KubeClient,
  logLevels,
  Metrics,
  modernFlags,
  modernOnly,
  serveMetrics,
  processOutput,
  stopSignal,
  type Logger,
  type Output,
} from "../platform/index.ts";
import { ControllerLoop, untilStopped } from "./controller-loop.ts";
import { Controller } from "./controller.ts";
import {
  findBadValue,
  parseControllerFlags,
  parseLogLevel,
  webhookFlags,
  type ControllerFlags,
} from "./flags.ts";
import { ensureMemberlistSecret } from "./memberlist-secret.ts";
import { reconcileService } from "./reconcile-service.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs until a signal asks to stop; the result is the exit status (LC-43, FL-2). */
export async function runController(
  argv: string[],
  env: Environment,
  output: Output = processOutput,
): Promise<number> {
  const parsed = parseControllerFlags(argv, env);
  if (!parsed.ok) {
    (parsed.exitCode === 0 ? output.out : output.err)(parsed.text);
    return parsed.exitCode;
  }
  const flags = parsed.values;
  const level = parseLogLevel(flags["log-level"]);
  if (level === undefined) {
    const wanted = logLevels.join(", ");
    output.out(`--log-level=${flags["log-level"]}: it must be one of ${wanted}\n`);
    return 1;
  }
  const logger = createLogger({ form: "legacy", level, write: output.out });
  sayHello(logger, env);
  const later = modernOnly(parsed.given, { ...modernFlags, ...webhookFlags });
  if (later.length > 0) {
    const msg = "these flags are accepted, but have no effect with a ConfigMap configuration";
    logger.info({ op: "startup", flags: later, msg });
  }
  try {
    return await run(flags, env, logger);
  } catch (error) {
    logger.error({ op: "startup", error, msg: "the controller cannot start" });
    return 1;
  }
}

/** Opens everything, in order of dependence, and waits. Whatever throws here prevents the start. */
async function run(flags: ControllerFlags, env: Environment, logger: Logger): Promise<number> {
  const bad = findBadValue(flags);
  if (bad !== undefined) throw new Error(bad);
  const client = KubeClient.fromEnvironment({ kubeconfig: flags.kubeconfig, env });
  const namespace = flags.namespace || flags["config-ns"] || client.connection.namespace;
  if (namespace === undefined) {
    throw new Error("the namespace of the ConfigMap is unknown: give --namespace");
  }
  const { "ml-secret-name": name, deployment } = flags;
  if (name !== "") {
    const wish = { namespace, name, deployment };
    const outcome = await ensureMemberlistSecret(client, wish, randomBytes(16));
    logger.info({ op: "CreateMlSecret", msg: `secret ${namespace}/${name}: ${outcome}` });
  }
  const machine = new Controller(reconcileService);
  const metrics = new Metrics();
  metrics.allocator(() => machine.usage());
  const loop = new ControllerLoop(machine, {
    client,
    logger,
    metrics: metrics.client(),
    namespace,
    configName: flags.config,
  });
  const page = await serveMetrics(metrics, { port: flags.port }).catch((error: unknown) => {
    // Addresses matter more than numbers about them.
    logger.error({ op: "startup", error, msg: "going on without metrics" });
  });
  loop.start();
  const status = await untilStopped(loop, stopSignal(), logger);
  loop.stop();
  await page?.close();
  await client.close();
  return status;
}

/** FL-3: the first line tells the build. */
function sayHello(logger: Logger, env: Environment): void {
  const { version, commit, branch } = buildInfo;
  const msg = `MetalLB controller starting version ${version} (commit ${commit}, branch ${branch})`;
  logger.info({ ...buildInfo, msg });
  if (env["METALLB_BGP_TYPE"] === "frr") {
    logger.warn({
      op: "startup",
      msg: "METALLB_BGP_TYPE=frr is deprecated: use frr-k8s or native",
    });
  }
}
