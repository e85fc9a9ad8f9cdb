/** Program 2: announces addresses from one node. This file reads flags, opens what is needed, and waits for the end. */

import type { KubeObject } from "../kube/index.ts";
import {
  EventRecorder,
  type JsonPages,
  type KubeClient,
  type Logger,
  Metrics,
  keepHeapSmall,
  keepReturningMemory,
  modernFlags,
  openCluster,
  type Output,
  type ProcessInterface,
  processOutput,
  startProgram,
  stopSignal,
} from "../platform/index.ts";
import type { ClaimNews } from "../ring/index.ts";
import { openPages, probeKey, readOwnPod } from "../program/index.ts";
import { ConditionWriter } from "./condition-writer.ts";
import { readExcludedInterfaces } from "./excluded-interfaces.ts";
import { gossipSettings } from "./gossip-settings.ts";
import { findBadValue, modernSpeakerFlags, parseSpeakerFlags, type SpeakerFlags } from "./flags.ts";
import { Layer2Announcer } from "./layer2-announcer.ts";
import { showLayer2Counts } from "./layer2-counts.ts";
import { chooseWay } from "./layer2-way.ts";
import { LinkReport } from "./link-report.ts";
import { macWord } from "./member-macs.ts";
import { abilityWord } from "./member-abilities.ts";
import { readMemberlistSecret } from "./memberlist-secret.ts";
import { MoveLog } from "./move-log.ts";
import { probePage } from "./probe-page.ts";
import { ProbeProgram } from "./probe-program.ts";
import { type RingMembers, RingProgram } from "./ring-program.ts";
import { SpeakerProgram } from "./speaker-program.ts";
import { speakerStatus } from "./speaker-status.ts";
import { readTimingsFile } from "./timings-file.ts";
import { WireProgram } from "./wire-program.ts";

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
    run: (flags, logger, looks) => {
      keepHeapSmall();
      keepReturningMemory();
      return run({ flags, env, logger, looks });
    },
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
  const { flags, env, logger, looks } = start;
  const bgpType = env["METALLB_BGP_TYPE"] ?? "native";
  const bad = findBadValue(flags, bgpType);
  if (bad !== undefined) throw new Error(bad);
  const secret = readSecret(start);
  let ring: RingProgram | undefined;
  const exclusion = looks === "modern" ? readExcludedInterfaces() : undefined;
  const announcer = openAnnouncer(start, () => ring?.watchersPatienceMs);
  const { client, namespace } = openCluster(flags, env, "speaker");
  const gossip = readGossipSettings(start, namespace, secret);
  const pod = await ownPod(start, client, namespace);
  const metrics = new Metrics();
  const speakerMetrics = metrics.speaker();
  metrics.onScrape(() => showLayer2Counts(speakerMetrics, announcer));
  const moves = new MoveLog();
  const source = { component: "metallb-speaker", host: flags["node-name"] };
  const stories = new EventRecorder(client, source, logger);
  ring = await openRing(start, {
    gossip,
    client,
    metrics,
    moves,
    stories,
    onMembers: (members) => program.setMembers(members),
    onTurn: () => announcer.isAwake(),
    onClaims: (claims) => program.setClaims(claims),
  });
  const links = ring && reportLinks(start, ring);
  const hasRing = ring !== undefined;
  const wire = openWire(start, { client, namespace, pod, metrics, stories, hasRing });
  const probes = looks === "modern" ? openProbes(start, announcer, metrics) : undefined;
  const program = new SpeakerProgram({
    namespace,
    client,
    logger,
    announcer,
    moves,
    stories,
    wire,
    probes,
    bgpType,
    pod,
    nodeName: flags["node-name"],
    configName: flags.config,
    lbClass: flags["lb-class"],
    ignoresExcludeLabel: flags["ignore-exclude-lb"],
    passesSecrets: flags["frrk8s-secret-passthrough"],
    metrics: { ...metrics.client(), ...speakerMetrics },
    awaitsMembers: hasRing,
    onUse: (use) => ring?.use(use),
    onOwnNode: () => ring?.nodeChanged(),
    exclusion,
    onInterfaces: (plan) => {
      links?.setInterfaces(plan);
      ring?.setInterfaces(plan.all);
    },
    // Whoever joins is elected at once, so it joins when it can serve.
    onReady: () => ring?.start(),
  });
  const stopped = stopSignal();
  program.start();
  // Announcing does not wait for pages about it.
  const shown = pagesAbout(flags["node-name"], { announcer, wire, ring: ring ?? gossip });
  const probePage = probes && openProbePage(flags["node-name"], probes, secret);
  const pages = await openSpeakerPages(start, { metrics, client, morePages: shown, probePage });
  const signal = await stopped;
  logger.info({ op: "shutdown", signal, msg: "stopping" });
  await stopAll({ ring, links, program, stories, pages, client });
  return 0;
}

interface Running {
  readonly ring: RingProgram | undefined;
  readonly links: LinkReport | undefined;
  readonly program: SpeakerProgram;
  readonly stories: EventRecorder;
  readonly pages: { close(): Promise<void> };
  readonly client: KubeClient;
}

/** The goodbye comes first, while everything still answers: others take over before we stop (L2-161, L2-162). */
async function stopAll({ ring, links, program, stories, pages, client }: Running): Promise<void> {
  await ring?.leave();
  program.stop();
  links?.close();
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

interface Shown {
  readonly announcer: Layer2Announcer;
  readonly wire: WireProgram | undefined;
  readonly ring: RingProgram | ReturnType<typeof gossipSettings>;
}

/** What the speaker does, for `metallb status`, `metallb members` and `metallb explain`. */
function pagesAbout(nodeName: string, { announcer, wire, ring }: Shown): JsonPages {
  const wirePage = () => wire?.show() ?? { off: "--wire-check is false" };
  return {
    "/wire": wirePage,
    "/status": () => speakerStatus(nodeName, announcer, wirePage()),
    "/members": () =>
      ring instanceof RingProgram ? ring.members() : { off: "off" in ring ? ring.off : "" },
  };
}

/** Throws where the kernel must answer and cannot. */
function openAnnouncer(
  { flags, logger }: SpeakerStart,
  patienceMs: () => number | undefined,
): Layer2Announcer {
  const logsRequests = ["all", "debug"].includes(flags["log-level"]);
  const way = chooseWay({ choice: flags["layer2-responder"], logsRequests });
  const answer =
    way.way === "kernel"
      ? "the kernel answers, packet sockets do the rest"
      : "packet sockets answer alone";
  const msg = `ARP and NDP: ${answer}: ${way.explanation}`;
  logger.info({ op: "layer2Responder", way: way.way, reason: way.reason, msg });
  return new Layer2Announcer({ logger, logsRequests, way, patienceMs });
}

interface RingStart {
  readonly gossip: ReturnType<typeof gossipSettings>;
  readonly client: KubeClient;
  readonly metrics: Metrics;
  readonly moves: MoveLog;
  readonly stories: EventRecorder;
  readonly onMembers: (members: RingMembers) => void;
  readonly onClaims: (claims: ClaimNews) => void;
  readonly onTurn: () => void;
}

interface WireStart {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly pod: KubeObject | undefined;
  readonly metrics: Metrics;
  readonly stories: EventRecorder;
  readonly hasRing: boolean;
}

/** Undefined where it is off. */
function openWire(
  { flags, logger }: SpeakerStart,
  { client, namespace, pod, metrics, stories, hasRing }: WireStart,
): WireProgram | undefined {
  if (!flags["wire-check"]) return undefined;
  const conditions = pod && new ConditionWriter({ client, logger, namespace });
  const wire = new WireProgram({
    nodeName: flags["node-name"],
    logger,
    metrics: metrics.wire(),
    stories,
    hasRing,
    conditions,
  });
  metrics.onScrape(() => wire.showMetrics());
  return wire;
}

function openProbes(
  { flags, logger }: SpeakerStart,
  announcer: Layer2Announcer,
  metrics: Metrics,
): ProbeProgram {
  return new ProbeProgram({
    nodeName: flags["node-name"],
    logger,
    isAnnounced: (ip) => announcer.addresses.userCount(ip) > 0,
    found: metrics.probes(),
  });
}

function openProbePage(
  nodeName: string,
  probes: ProbeProgram,
  secret: string,
): (text: string) => Promise<string> {
  return probePage({ nodeName, probes, key: probeKey(secret), nowMs: Date.now });
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

function reportLinks({ flags, logger }: SpeakerStart, ring: RingProgram): LinkReport {
  const tellsLinks = flags["layer2-link-handover"];
  const onNews = (text: string): void => ring.say(abilityWord, text);
  const onMacs = (text: string): void => ring.say(macWord, text);
  return new LinkReport({ tellsLinks, logger, onNews, onMacs });
}

function openSpeakerPages(
  { flags, logger, looks }: SpeakerStart,
  parts: Pick<Parameters<typeof openPages>[0], "metrics" | "client" | "morePages" | "probePage">,
): ReturnType<typeof openPages> {
  return openPages({
    ...parts,
    processInterface: looks,
    flags,
    logger,
    metricsHost: flags.host,
    healthHost: "127.0.0.1",
  });
}
