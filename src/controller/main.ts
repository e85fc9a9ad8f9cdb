/** Program 1: gives addresses to Services. This file reads flags, opens what is needed, and waits for the end. */

import { randomBytes } from "node:crypto";
import { Reconciler } from "../assignment/index.ts";
import {
  keepHeapSmall,
  Metrics,
  modernFlags,
  openCluster,
  parseTlsFlags,
  processOutput,
  startProgram,
  stopSignal,
  TlsPoster,
  type KubeClient,
  type Logger,
  type Output,
  type ProcessInterface,
} from "../platform/index.ts";
import { ConfigurationStateWriter, openPages, readOwnPod } from "../program/index.ts";
import { ControllerLoop, untilStopped } from "./controller-loop.ts";
import { findBadValue, parseControllerFlags, webhookFlags, type ControllerFlags } from "./flags.ts";
import { findSpeakers } from "./speaker-directory.ts";
import { SpeakerProber } from "./speaker-prober.ts";
import { ensureMemberlistSecret } from "./memberlist-secret.ts";
import { startWebhooks, type Webhooks } from "./webhook-server.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Of MetalLB's manifests. */
const defaultSecretName = "memberlist";

interface Setting {
  readonly flags: ControllerFlags;
  readonly env: Environment;
  readonly logger: Logger;
  readonly processInterface: ProcessInterface;
  readonly client: KubeClient;
  readonly namespace: string;
}

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
    run: async (flags, logger, processInterface) => {
      const bad = findBadValue(flags);
      if (bad !== undefined) throw new Error(bad);
      const cluster = openCluster(flags, env, "controller");
      try {
        return await run({ flags, env, logger, processInterface, ...cluster });
      } finally {
        await cluster.client.close();
      }
    },
  });
}

/** Opens everything, in order of dependence, and waits. Whatever throws here prevents the start. */
async function run(setting: Setting): Promise<number> {
  keepHeapSmall();
  const { flags, logger, processInterface, client } = setting;
  const isModern = processInterface === "modern";
  await makeMemberlistSecret(setting);
  const state = isModern ? { state: await openState(setting) } : {};
  const machine = new Reconciler({ loadBalancerClass: flags["lb-class"] });
  const metrics = new Metrics();
  metrics.allocator(() => machine.usage(), isModern);
  const loop = new ControllerLoop(machine, {
    client,
    logger,
    metrics: metrics.client(),
    namespace: setting.namespace,
    configName: flags.config,
    bgpType: bgpTypeOf(setting.env),
    ...state,
    ...(isModern && {
      probes: metrics.assignmentProbes(() => machine.withheld()),
      prober: openProber(setting),
    }),
  });
  if (!isModern || flags["webhook-mode"] !== "onlywebhook") loop.start();
  // ST-10: each process has its object, also one that looks at no pool.
  else state.state?.start();
  const pages = await openPages({ processInterface, flags, metrics, client, logger });
  const webhooks = isModern ? openWebhooks(setting) : undefined;
  const status = await untilStopped(loop, stopSignal(), { logger, processInterface });
  loop.stop();
  await webhooks?.close();
  await pages.close();
  return status;
}

/** Costs nothing before a pool asks for it (`metallb-ts/probe`). */
function openProber({ flags, client, namespace }: Setting): SpeakerProber {
  const secretName = flags["ml-secret-name"] || defaultSecretName;
  const poster = new TlsPoster();
  return new SpeakerProber({
    findSpeakers: () => findSpeakers({ client, namespace, secretName }),
    post: (url, body, timeoutMs) => poster.post(url, body, timeoutMs),
    stop: () => poster.close(),
    wallMs: Date.now,
  });
}

/** WH-11: unless they are disabled. */
function openWebhooks(setting: Setting): Webhooks | undefined {
  const { flags, client, logger, namespace, env } = setting;
  const tls = parseTlsFlags(flags);
  if (flags["webhook-mode"] === "disabled" || !tls.ok) return undefined;
  const bgpType = bgpTypeOf(env);
  return startWebhooks({ client, logger, namespace, flags, tls: tls.options, bgpType });
}

function bgpTypeOf(env: Environment): string {
  return env["METALLB_BGP_TYPE"] ?? "native";
}

async function makeMemberlistSecret({ flags, client, namespace, logger }: Setting): Promise<void> {
  const { "ml-secret-name": name, deployment } = flags;
  if (name === "") return;
  const wish = { namespace, name, deployment };
  const outcome = await ensureMemberlistSecret(client, wish, randomBytes(16));
  logger.info({ op: "CreateMlSecret", msg: `secret ${namespace}/${name}: ${outcome}` });
}

async function openState(setting: Setting): Promise<ConfigurationStateWriter> {
  const { client, namespace, logger, flags } = setting;
  const pod = await readOwnPod(client, namespace, flags["pod-name"]);
  const owner = { component: "controller" } as const;
  return new ConfigurationStateWriter({ client, logger, namespace, owner, pod });
}
