/** Asks on the wire for addresses that the controller is about to give: sockets, timers and group memberships. */

import type { Config } from "../config/index.ts";
import { formatAddress, type IpAddress, type MacAddress } from "../ip/index.ts";
import {
  type AskingInterface,
  type InterfacePlan,
  planInterfaces,
  type Sighting,
} from "../layer2/index.ts";
import {
  type Logger,
  type Metric,
  monotonicMs,
  MulticastMemberships,
  NamedTimers,
} from "../platform/index.ts";
import type { SpeakerAnswer } from "../program/index.ts";
import { type ProbeStep, type ProbeVerdict, WireProbes } from "../wire/index.ts";
import { KnownMacs } from "./known-macs.ts";
import { ownInterface, probePlace } from "./probe-places.ts";
import { type GroupMemberships, SolicitedNodeGroups } from "./solicited-node-groups.ts";
import { watchedRanges } from "./watched-ranges.ts";
import { WireSockets, type WireSocketsOptions } from "./wire-sockets.ts";

export interface ProbeProgramOptions {
  readonly nodeName: string;
  readonly logger: Logger;
  /** Whether this node announces the address. */
  readonly isAnnounced: (ip: IpAddress) => boolean;
  /** Counts what was found. */
  readonly found: Metric;
  /** Default: a packet socket of the kernel. */
  readonly openSocket?: WireSocketsOptions["openSocket"];
  /** Default: memberships of this host. */
  readonly openMemberships?: (interfaceIndex: number) => GroupMemberships;
}

type Waiter = (answer: SpeakerAnswer) => void;

const whyNot = {
  unsent: "its speaker could send no question",
  unheard: "its speaker could not look at all frames, because there are too many",
};

/** Sockets stay open for a burst of Services; else this costs nothing. */
const idleMs = 10_000;

export class ProbeProgram {
  readonly #options: ProbeProgramOptions;
  readonly #probes = new WireProbes();
  readonly #sockets: WireSockets;
  readonly #waiters = new Map<string, Waiter[]>();
  /** By index of the interface. */
  readonly #groups = new Map<number, SolicitedNodeGroups>();
  /** By address, the groups that were joined for it. */
  readonly #joined = new Map<string, SolicitedNodeGroups[]>();
  readonly #timers = new NamedTimers<"probe" | "idle">((name) => {
    if (name === "probe") this.#step();
    else this.#rest();
  });
  #config: Config | undefined;
  #plan: InterfacePlan = planInterfaces([]);
  readonly #macs = new KnownMacs();
  #isOpen = false;

  constructor(options: ProbeProgramOptions) {
    const { logger, openSocket } = options;
    this.#options = options;
    this.#sockets = new WireSockets({
      logger,
      onSighting: (sighting, on) => this.#sighted(sighting, on),
      onFlood: ({ name }) => this.#probes.passOver(name, monotonicMs()),
      ...(openSocket !== undefined && { openSocket }),
    });
  }

  setConfig(config: Config): void {
    this.#config = config;
    this.#sockets.setRanges(watchedRanges(config));
  }

  setInterfaces(plan: InterfacePlan): void {
    this.#plan = plan;
    this.#macs.setInterfaces(plan);
    if (this.#isOpen) this.#sockets.setInterfaces(plan.asking);
  }

  /** Of living speakers of our kind: when they ask too, they do not want the address for themselves. */
  setMemberMacs(macs: ReadonlyMap<MacAddress, string>): void {
    this.#macs.setMembers(macs);
  }

  /** Whether this node could ask for the address. */
  where(ip: IpAddress): SpeakerAnswer {
    const place = probePlace(ip, this.#ground());
    return place.kind === "here" ? { kind: "here" } : place;
  }

  /** Asks, in 600 ms; who has the address is known earlier. Never rejects. */
  async ask(ip: IpAddress): Promise<SpeakerAnswer> {
    const answer = await this.#ask(ip);
    this.#options.found.inc(1, { answer: answer.kind });
    return answer;
  }

  close(): void {
    this.#timers.cancelAll();
    this.#rest();
    for (const text of this.#waiters.keys()) {
      this.#settle(text, { kind: "elsewhere", why: "its speaker stops" });
    }
  }

  #ground() {
    return { nodeName: this.#options.nodeName, config: this.#config, plan: this.#plan };
  }

  #ask(ip: IpAddress): SpeakerAnswer | Promise<SpeakerAnswer> {
    const text = formatAddress(ip);
    const place = probePlace(ip, this.#ground());
    if (place.kind === "elsewhere") return place;
    // Neither would answer us.
    const own = ownInterface(text, this.#plan.all);
    if (own !== undefined) {
      const { nodeName: whose } = this.#options;
      return { kind: "used", mac: own.mac ?? "this node", on: own.name, how: "has", whose };
    }
    if (this.#options.isAnnounced(ip)) return { kind: "ours" };
    this.#open();
    if (!this.#waiters.has(text)) {
      // What was lost before this question is no answer to it.
      this.#sockets.tellLost();
      if (!this.#probes.begin(ip, place.on, monotonicMs())) {
        return { kind: "elsewhere", why: "its speaker asks for too many addresses already" };
      }
      this.#join(ip, place.on);
    }
    const answered = new Promise<SpeakerAnswer>((resolve) => {
      this.#waiters.set(text, [...(this.#waiters.get(text) ?? []), resolve]);
    });
    this.#step();
    return answered;
  }

  #open(): void {
    this.#timers.cancel("idle");
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#sockets.setInterfaces(this.#plan.asking);
  }

  #rest(): void {
    this.#isOpen = false;
    this.#sockets.close();
    for (const groups of this.#groups.values()) groups.close();
    this.#groups.clear();
    this.#joined.clear();
  }

  #step(): void {
    // Before silence is taken for an answer.
    this.#sockets.tellLost();
    for (const step of this.#probes.step(monotonicMs())) this.#run(step);
    const nextMs = this.#probes.nextMs();
    if (nextMs < Infinity) this.#timers.set("probe", Math.max(0, nextMs - monotonicMs()));
  }

  #run(step: ProbeStep): void {
    const { ip } = step;
    if (step.kind === "send") this.#probes.sent(ip, this.#sockets.probe(ip, step.on));
    else this.#found(ip, step.verdict);
  }

  #sighted({ ip, mac, kind }: Sighting, { name: on }: AskingInterface): void {
    // Two interfaces of ours may be on one segment.
    if (this.#macs.isOwn(mac)) return;
    if (kind === "probes" && this.#macs.memberWith(mac) !== undefined) return;
    for (const step of this.#probes.hear({ ip, mac, kind, on })) this.#run(step);
  }

  #found(ip: IpAddress, verdict: ProbeVerdict): void {
    this.#leave(ip);
    this.#settle(formatAddress(ip), this.#answerOf(verdict));
    if (this.#probes.isIdle) this.#timers.set("idle", idleMs);
  }

  #answerOf(verdict: ProbeVerdict): SpeakerAnswer {
    const { kind } = verdict;
    if (kind === "unsent" || kind === "unheard") return { kind: "elsewhere", why: whyNot[kind] };
    const whose = kind === "used" ? this.#macs.memberWith(verdict.mac) : undefined;
    return { ...verdict, ...(whose !== undefined && { whose }) };
  }

  #settle(text: string, answer: SpeakerAnswer): void {
    const waiters = this.#waiters.get(text) ?? [];
    this.#waiters.delete(text);
    for (const resolve of waiters) resolve(answer);
  }

  /** RFC 4862 section 5.4.2: others that ask for the address at the same time are heard in its group. */
  #join(ip: IpAddress, on: ReadonlySet<string>): void {
    if (ip.family === 4) return;
    const { openMemberships = (index: number) => new MulticastMemberships(index) } = this.#options;
    for (const { index } of this.#plan.asking.filter(({ name }) => on.has(name))) {
      const groups = this.#groups.get(index) ?? new SolicitedNodeGroups(openMemberships(index));
      this.#groups.set(index, groups);
      groups.add(ip);
      const text = formatAddress(ip);
      this.#joined.set(text, [...(this.#joined.get(text) ?? []), groups]);
      try {
        groups.joinNext();
      } catch {
        // Answers come to all nodes: only who asks at the same time is not heard.
      }
    }
  }

  #leave(ip: IpAddress): void {
    const text = formatAddress(ip);
    for (const groups of this.#joined.get(text) ?? []) groups.remove(ip);
    this.#joined.delete(text);
  }
}
