/** Asks one member after the other whether it is there: directly, through others, over TCP (ML-80 to ML-89). */

import { probeStream } from "./exchanges.ts";
import type { GossipCommand } from "./gossip-messages.ts";
import { logLine, setTimer } from "./gossip-messages.ts";
import { type Member, type Place, protocolMax } from "./member.ts";
import { ProbeOrder, type Random } from "./probe-order.ts";
import type { Timings } from "./timings.ts";

/** What the prober needs of the machine around it. */
export interface ProbeTools {
  readonly timings: Timings;
  readonly random: Random;
  readonly selfName: string;
  member(name: string): Member | undefined;
  names(): Iterable<string>;
  forgetGone(nowMs: number): void;
  nextSeqNo(): number;
  ping(member: Member, seqNo: number): GossipCommand;
  /** A ping and our suspicion in one packet, so that the suspect can refute at once (ML-82). */
  pingSuspect(member: Member, seqNo: number): GossipCommand;
  askOthers(member: Member, seqNo: number): readonly AskedMember[];
  tcpPing(member: Member, stream: string, seqNo: number, timeoutMs: number): GossipCommand;
  accuse(member: Member, nowMs: number): GossipCommand[];
}

export interface AskedMember {
  readonly command: GossipCommand;
  /** Whether it says so when it could not reach the member either. */
  readonly saysNack: boolean;
}

interface Probe {
  readonly member: Member;
  readonly seqNo: number;
  readonly startedMs: number;
  readonly deadlineMs: number;
  readonly stream: string;
  hasAskedOthers: boolean;
  /** A timer of it came late: we did not run, and the answer may lie unread. */
  hasSlept: boolean;
  nacksExpected: number;
  nacks: number;
  isReachableByTcp: boolean;
}

const tick = "probe";
const noAnswer = "probe-no-answer";
const deadline = "probe-deadline";

export class Prober {
  readonly #tools: ProbeTools;
  readonly #order: ProbeOrder;
  #probe: Probe | undefined;
  /** A tick came while a probe was under way; more than one are lost (ML-80). */
  #isDue = false;
  /** 0: we see well; up to the multiplier less one: the fault may be ours, so we look more slowly (ML-89). */
  #awareness = 0;
  /** Members of whom it was said that UDP does not reach them; each once until it does. */
  readonly #tcpOnly = new Set<string>();

  constructor(tools: ProbeTools) {
    this.#tools = tools;
    this.#order = new ProbeOrder(tools.random);
  }

  get awareness(): number {
    return this.#awareness;
  }

  start(): GossipCommand[] {
    const { random, timings } = this.#tools;
    return [setTimer(tick, random() * timings.probeIntervalMs)];
  }

  addCandidate(name: string): void {
    this.#order.add(name);
  }

  addAwareness(delta: number): void {
    const most = this.#tools.timings.awarenessMaxMultiplier - 1;
    this.#awareness = Math.max(0, Math.min(most, this.#awareness + delta));
  }

  /** Undefined for timers of others. */
  onTimer(name: string, nowMs: number): GossipCommand[] | undefined {
    switch (name) {
      case tick:
        return this.#onTick(nowMs);
      case noAnswer:
        this.#noteSleep(
          (this.#probe?.startedMs ?? nowMs) + this.#tools.timings.probeTimeoutMs,
          nowMs,
        );
        return this.#askOthers();
      case deadline:
        return this.#onDeadline(nowMs);
      default:
        return undefined;
    }
  }

  /** Undefined where the number is not that of our probe. */
  onAck(seqNo: number, nowMs: number): GossipCommand[] | undefined {
    const probe = this.#probe;
    if (probe?.seqNo !== seqNo) return undefined;
    const { member, startedMs, hasAskedOthers } = probe;
    this.#tcpOnly.delete(member.name);
    const commands = this.#end(-1, nowMs);
    if (hasAskedOthers) return commands;
    return [{ kind: "ack-time", name: member.name, ms: nowMs - startedMs }, ...commands];
  }

  onNack(seqNo: number): void {
    // ML-88: it does not end the probe, it only speaks for us.
    if (this.#probe?.seqNo === seqNo) this.#probe.nacks++;
  }

  onTcp(stream: string): void {
    if (this.#probe?.stream === stream) this.#probe.isReachableByTcp = true;
  }

  /** This process did not run for a while: the answer to the probe under way may lie unread. */
  slept(): void {
    if (this.#probe !== undefined) this.#probe.hasSlept = true;
  }

  /** ML-85: there is nothing to wait for. */
  onSendFailed({ address, port }: Place): GossipCommand[] {
    const probe = this.#probe;
    if (probe === undefined || probe.hasAskedOthers) return [];
    if (probe.member.address !== address || probe.member.port !== port) return [];
    return [{ kind: "cancel-timer", name: noAnswer }, ...this.#askOthers()];
  }

  #onTick(nowMs: number): GossipCommand[] {
    const next = setTimer(tick, this.#tools.timings.probeIntervalMs);
    this.#isDue = this.#probe !== undefined;
    return this.#isDue ? [next] : [next, ...this.#begin(nowMs)];
  }

  #begin(nowMs: number): GossipCommand[] {
    const tools = this.#tools;
    const { timings } = tools;
    const isCandidate = (name: string): boolean => {
      const state = tools.member(name)?.state;
      return name !== tools.selfName && (state === "alive" || state === "suspect");
    };
    const name = this.#order.next(isCandidate, () => {
      tools.forgetGone(nowMs);
      for (const known of this.#tcpOnly) {
        if (tools.member(known) === undefined) this.#tcpOnly.delete(known);
      }
      return tools.names();
    });
    const member = name === undefined ? undefined : tools.member(name);
    if (member === undefined) return [];
    const seqNo = tools.nextSeqNo();
    const intervalMs = timings.probeIntervalMs * (this.#awareness + 1);
    this.#probe = {
      member,
      seqNo,
      startedMs: nowMs,
      deadlineMs: nowMs + intervalMs,
      stream: probeStream(seqNo),
      hasAskedOthers: false,
      hasSlept: false,
      nacksExpected: 0,
      nacks: 0,
      isReachableByTcp: false,
    };
    return [
      setTimer(noAnswer, timings.probeTimeoutMs),
      setTimer(deadline, intervalMs),
      member.state === "alive" ? tools.ping(member, seqNo) : tools.pingSuspect(member, seqNo),
    ];
  }

  /** ML-83 */
  #askOthers(): GossipCommand[] {
    const probe = this.#probe;
    if (probe === undefined) return [];
    const { member, seqNo, stream } = probe;
    const asked = this.#tools.askOthers(member, seqNo);
    probe.hasAskedOthers = true;
    probe.nacksExpected = asked.filter(({ saysNack }) => saysNack).length;
    const commands = asked.map(({ command }) => command);
    if (this.#tools.timings.disableTcpPings || protocolMax(member) < 3) return commands;
    const timeoutMs = probe.deadlineMs - probe.startedMs - this.#tools.timings.probeTimeoutMs;
    return [...commands, this.#tools.tcpPing(member, stream, seqNo, Math.max(1, timeoutMs))];
  }

  #onDeadline(nowMs: number): GossipCommand[] {
    const probe = this.#probe;
    if (probe === undefined) return [];
    const { member, nacks, nacksExpected } = probe;
    if (probe.isReachableByTcp) return [...this.#tcpOnlyLine(member), ...this.#end(-1, nowMs)];
    this.#noteSleep(probe.deadlineMs, nowMs);
    if (probe.hasSlept) return this.#end(1, nowMs);
    const delta = nacksExpected > 0 ? Math.max(0, nacksExpected - nacks) : 1;
    return [...this.#tools.accuse(member, nowMs), ...this.#end(delta, nowMs)];
  }

  #noteSleep(dueMs: number, nowMs: number): void {
    const isLate = nowMs - dueMs > this.#tools.timings.probeTimeoutMs / 4;
    if (isLate) this.slept();
  }

  #tcpOnlyLine({ name, port }: Member): GossipCommand[] {
    if (this.#tcpOnly.has(name)) return [];
    this.#tcpOnly.add(name);
    const msg = `member ${name} answers over TCP only; let UDP port ${port} through`;
    return [logLine("warn", { op: "memberlist", member: name, msg })];
  }

  #end(awarenessDelta: number, nowMs: number): GossipCommand[] {
    this.addAwareness(awarenessDelta);
    this.#probe = undefined;
    const over: GossipCommand[] = [
      { kind: "cancel-timer", name: noAnswer },
      { kind: "cancel-timer", name: deadline },
    ];
    if (!this.#isDue) return over;
    this.#isDue = false;
    return [...over, ...this.#begin(nowMs)];
  }
}
