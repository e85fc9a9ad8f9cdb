/** One trial: a calm ring, a fault on the node that announces, who answers next and when, and a calm ring again. */
import { setTimeout as pause } from "node:timers/promises";
import { type FaultName, faultOf } from "./lib-faults.ts";
import type { BenchLan, LanNode } from "./lib-lan.ts";
import { type LanProbe, monotonicNow } from "../src/testing/index.ts";
import type { SpeakerRing } from "./lib-ring.ts";

export interface TrialStage {
  readonly lan: BenchLan;
  readonly ring: SpeakerRing;
  readonly probe: LanProbe;
  /** A split goes on for up to so long after another node took over. */
  readonly outageMs: number;
}

export interface TrialResult {
  /** From the fault to the first sign of another node; for a planned end the longest time between two answers. */
  readonly ms: number;
  /** Requests without an answer; of a planned end only. */
  readonly lost?: number;
  /** Since the fault was over: the first answer of a node that came back, or the last one before one node alone answers. */
  readonly backMs: number;
}

const probeEveryMs = 10;
const fineProbeEveryMs = 1;
/** So long one node alone has answered. */
const calmMs = 250;
const takeoverLimitMs = 30_000;
const calmLimitMs = 150_000;
/** So long after a planned end late losses would show. */
const lateMs = 250;

/** Undefined where nobody took over in time. */
export async function runTrial(
  stage: TrialStage,
  name: FaultName,
  ip: string,
): Promise<TrialResult | undefined> {
  const { probe } = stage;
  const fault = faultOf(name, stage);
  const owner = await calmOwner(stage, ip);
  probe.watch(ip, name === "term" ? fineProbeEveryMs : probeEveryMs);
  // Somewhere between two beats, two probes of the ring, two requests.
  await pause(50 + Math.random() * 250);
  const began = monotonicNow();
  fault.begin(owner.name);
  const taken = await probe.firstHeard(
    ({ mac, at }) => mac !== owner.mac && at > began,
    takeoverLimitMs,
  );
  if (fault.isSplit) await pause(Math.random() * stage.outageMs);
  const end = name === "term" ? await plannedEnd(stage, owner) : undefined;
  // The burst of who took over is not the answer of who comes back.
  probe.watch(ip, probeEveryMs);
  const ended = monotonicNow();
  await fault.end(owner.name);
  const backMs = fault.isSplit
    ? await untilAlone(stage, ended)
    : await untilBack(stage, owner, ended);
  if (fault.isSplit) {
    // Ours wait until a link has been up for a while; the next trial begins after that.
    probe.watch(ip, probeEveryMs);
    await untilBack(stage, owner, ended);
  }
  if (taken === undefined) return undefined;
  return { ms: taken.at - began, ...end, backMs };
}

async function plannedEnd(
  { ring, probe }: TrialStage,
  owner: LanNode,
): Promise<{ ms: number; lost: number }> {
  await ring.speaker(owner.name).ended();
  await pause(lateMs);
  const { gapMs, lost } = await probe.report();
  return { ms: gapMs, lost };
}

/** The node that alone answers for the address, in a ring that is whole. */
export async function calmOwner(stage: TrialStage, ip: string): Promise<LanNode> {
  const { lan, ring, probe } = stage;
  const deadline = monotonicNow() + calmLimitMs;
  for (;;) {
    probe.watch(ip, probeEveryMs);
    await pause(calmMs);
    const { answerers } = await probe.report();
    const owner = lan.nodeOf(answerers[0]?.mac ?? "");
    if (owner !== undefined && answerers.length === 1 && ring.isWhole()) return owner;
    if (monotonicNow() > deadline) {
      const macs = answerers.map(({ mac }) => lan.nodeOf(mac)?.name).join(" and ") || "nobody";
      throw new Error(`${ip} is answered by ${macs}, the ring is not whole:\n${ring.describe()}`);
    }
  }
}

async function untilBack({ probe }: TrialStage, owner: LanNode, since: number): Promise<number> {
  const back = await probe.firstHeard(({ mac }) => mac === owner.mac, calmLimitMs);
  return back === undefined ? Number.NaN : back.at - since;
}

/** The last answer of the others, once one node has been alone for a while. */
async function untilAlone({ probe }: TrialStage, since: number): Promise<number> {
  const deadline = monotonicNow() + calmLimitMs;
  while (monotonicNow() < deadline) {
    await pause(50);
    const { answerers, now } = await probe.report();
    const [last = since, other = since] = answerers
      .map(({ lastAt }) => Math.max(since, lastAt))
      .sort((a, b) => b - a);
    if (last > now - calmMs / 2 && other < now - calmMs) return other - since;
  }
  return Number.NaN;
}
