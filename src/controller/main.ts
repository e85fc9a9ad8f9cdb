/** Program 1: gives addresses to Services. This file reads flags, opens what is needed, and waits for the end. */

import { randomBytes } from "node:crypto";
import {
  Metrics,
  modernFlags,
  openCluster,
  serveMetrics,
  processOutput,
  startProgram,
  stopSignal,
  type Logger,
  type Output,
} from "../platform/index.ts";
import { ControllerLoop, untilStopped } from "./controller-loop.ts";
import { Reconciler, reconcileService } from "../assignment/index.ts";
import { findBadValue, parseControllerFlags, webhookFlags, type ControllerFlags } from "./flags.ts";
import { ensureMemberlistSecret } from "./memberlist-secret.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs until a signal asks to stop; the result is the exit status (LC-43, FL-2). */
export function runController(
  argv: string[],
  env: Environment,
  output: Output = processOutput,
): Promise<number> {
  return startProgram({
    name: "controller",
    parsed: parseControllerFlags(argv, env),
    withoutEffect: { ...modernFlags, ...webhookFlags },
    env,
    output,
    run: (flags, logger) => run(flags, env, logger),
  });
}

/** Opens everything, in order of dependence, and waits. Whatever throws here prevents the start. */
async function run(flags: ControllerFlags, env: Environment, logger: Logger): Promise<number> {
  const bad = findBadValue(flags);
  if (bad !== undefined) throw new Error(bad);
  const { client, namespace } = openCluster(flags, env);
  const { "ml-secret-name": name, deployment } = flags;
  if (name !== "") {
    const wish = { namespace, name, deployment };
    const outcome = await ensureMemberlistSecret(client, wish, randomBytes(16));
    logger.info({ op: "CreateMlSecret", msg: `secret ${namespace}/${name}: ${outcome}` });
  }
  const machine = new Reconciler(reconcileService);
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
