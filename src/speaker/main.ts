/** Program 2: announces addresses from one node. This file reads flags, opens what is needed, and waits for the end. */

import type { KubeObject } from "../kube/index.ts";
import {
  EventRecorder,
  type KubeClient,
  type Logger,
  Metrics,
  keepHeapSmall,
  modernFlags,
  openCluster,
  type Output,
  type ProcessInterface,
  processOutput,
  startProgram,
  stopSignal,
} from "../platform/index.ts";
import type { ClaimNews } from "../ring/index.ts";
import { openPages, readOwnPod } from "../program/index.ts";
import { readExcludedInterfaces } from "./excluded-interfaces.ts";
import { gossipSettings } from "./gossip-settings.ts";
import { findBadValue, modernSpeakerFlags, parseSpeakerFlags, type SpeakerFlags } from "./flags.ts";
import { Layer2Announcer } from "./layer2-announcer.ts";
import { showLayer2Counts } from "./layer2-counts.ts";
import { readMemberlistSecret } from "./memberlist-secret.ts";
import { MoveLog } from "./move-log.ts";
import { type RingMembers, RingProgram } from "./ring-program.ts";
import { SpeakerProgram } from "./speaker-program.ts";
import { readTimingsFile } from "./timings-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs until a signal asks to stop; the result is the exit status (LC-43, FL-2). */
export function runSpeaker(
  argv: string[],
  env: Environment,
  output: Output = processOutput,
): Promise<number> {
  return startProgram({
    name: "speaker",
    parsed: parseSpeakerFlags(argv, env),
    withoutEffect: { ...modernFlags, ...modernSpeakerFlags },
    env,
    output,
    run: (flags, logger, looks) => run({ flags, env, logger, looks }),
  });
}

interface SpeakerStart {
  readonly flags: SpeakerFlags;
  readonly env: Environment;
  readonly logger: Logger;
  readonly looks: ProcessInterface;
}

/** Opens everything, in order of dependence, and waits. Whatever throws here prevents the start. */
async function run(start: SpeakerStart): Promise<number> {
  keepHeapSmall();
  const { flags, env, logger, looks } = start;
  const bgpType = env["METALLB_BGP_TYPE"] ?? "native";
  const bad = findBadValue(flags, bgpType);
  if (bad !== undefined) throw new Error(bad);
  const secret = readSecret(start);
  const exclusion = looks === "modern" ? readExcludedInterfaces() : undefined;
  const { client, namespace } = openCluster(flags, env, "speaker");
  const gossip = readGossipSettings(start, namespace, secret);
  const pod = await ownPod(start, client, namespace);
  const metrics = new Metrics();
  const logsRequests = ["all", "debug"].includes(flags["log-level"]);
  const announcer = new Layer2Announcer({ logger, logsRequests, exclusion });
  const speakerMetrics = metrics.speaker();
  metrics.onScrape(() => showLayer2Counts(speakerMetrics, announcer));
  const moves = new MoveLog();
  const source = { component: "metallb-speaker", host: flags["node-name"] };
  const stories = new EventRecorder(client, source, logger);
  const ring = await openRing(start, {
    gossip,
    client,
    metrics,
    moves,
    stories,
    onMembers: (members) => program.setMembers(members),
    onClaims: (claims) => program.setClaims(claims),
  });
  const program = new SpeakerProgram({
    namespace,
    client,
    logger,
    announcer,
    moves,
    stories,
    bgpType,
    pod,
    nodeName: flags["node-name"],
    configName: flags.config,
    lbClass: flags["lb-class"],
    ignoresExcludeLabel: flags["ignore-exclude-lb"],
    passesSecrets: flags["frrk8s-secret-passthrough"],
    metrics: { ...metrics.client(), ...speakerMetrics },
    awaitsMembers: ring !== undefined,
    onUse: (use) => ring?.use(use),
    onOwnNode: () => ring?.nodeChanged(),
    // Whoever joins is elected at once, so it joins when it can serve.
    onReady: () => ring?.start(),
  });
  const stopped = stopSignal();
  program.start();
  // Announcing does not wait for pages about it.
  const pages = await openPages({
    processInterface: looks,
    flags,
    metrics,
    client,
    logger,
    metricsHost: flags.host,
    healthHost: "127.0.0.1",
    morePages: {
      "/members": () => ring?.members() ?? { off: "off" in gossip ? gossip.off : "" },
    },
  });
  const signal = await stopped;
  logger.info({ op: "shutdown", signal, msg: "stopping" });
  await stop({ ring, program, stories, pages, client });
  return 0;
}

interface Running {
  readonly ring: RingProgram | undefined;
  readonly program: SpeakerProgram;
  readonly stories: EventRecorder;
  readonly pages: Awaited<ReturnType<typeof openPages>>;
  readonly client: KubeClient;
}

/** The goodbye comes first, while everything still answers: others take over before we stop (L2-161, L2-162). */
async function stop({ ring, program, stories, pages, client }: Running): Promise<void> {
  await ring?.leave();
  program.stop();
  stories.stop();
  ring?.close();
  await pages.close();
  await client.close();
}

function readGossipSettings(
  { flags, looks }: SpeakerStart,
  namespace: string,
  secret: string,
): ReturnType<typeof gossipSettings> {
  const isModern = looks === "modern";
  const fileTimings = isModern ? readTimingsFile() : undefined;
  return gossipSettings({ flags, isModern, namespace, secret, fileTimings });
}

/** v0.9.5 never asked for its pod, and its role does not allow it. */
async function ownPod(
  { flags, looks }: SpeakerStart,
  client: KubeClient,
  namespace: string,
): Promise<KubeObject | undefined> {
  return looks === "modern" ? readOwnPod(client, namespace, flags["pod-name"]) : undefined;
}

/** The text of the secret, and a line in the log where it protects little (INS-15). */
function readSecret({ flags, logger, looks }: SpeakerStart): string {
  const { secret, weakness } = readMemberlistSecret(flags, looks === "modern");
  if (weakness !== undefined) logger.warn({ op: "startup", msg: weakness });
  return secret;
}

interface RingStart {
  readonly gossip: ReturnType<typeof gossipSettings>;
  readonly client: KubeClient;
  readonly metrics: Metrics;
  readonly moves: MoveLog;
  readonly stories: EventRecorder;
  readonly onMembers: (members: RingMembers) => void;
  readonly onClaims: (claims: ClaimNews) => void;
}

/** Undefined where gossip is off; elections then count on every node that the API calls ready (ML-150, L2-22). */
async function openRing(
  { flags, logger }: SpeakerStart,
  { gossip, metrics, ...rest }: RingStart,
): Promise<RingProgram | undefined> {
  if ("off" in gossip) {
    const msg = `${gossip.off}: no gossip between speakers, a dead node is noticed through the API only`;
    logger.info({ op: "startup", msg });
    return undefined;
  }
  const { settings } = gossip;
  const nodeName = flags["node-name"];
  return RingProgram.open({ ...rest, settings, nodeName, logger, metrics: metrics.ring() });
}
