/** The speaker's machine with the parts that carry out its commands. */

import { type ConfigOutcome, ConfigSource } from "../config/index.ts";
import { formatAddress } from "../ip/index.ts";
import type { KubeObject } from "../kube/index.ts";
import {
  type InterfacePlan,
  type NetworkInterface,
  planInterfaces,
  strictArpAdvice,
} from "../layer2/index.ts";
import {
  type ClientMetrics,
  EventRecorder,
  type KubeClient,
  type Logger,
  monotonicMs,
  NamedTimers,
  readArpIgnore,
  type SpeakerMetrics,
  timestamp,
  watchNetworkInterfaces,
} from "../platform/index.ts";
import type { AddressUse, ClaimNews } from "../ring/index.ts";
import { ConfigurationStateWriter, ConfigWatch } from "../program/index.ts";
import { serviceBgpStatuses, serviceL2Statuses } from "../status/index.ts";
import { ClusterWatch } from "./cluster-watch.ts";
import type { Layer2Announcer } from "./layer2-announcer.ts";
import { addressesIn, MoveEvents } from "./move-events.ts";
import type { MoveGroup, MoveLog, ToldMove } from "./move-log.ts";
import type { ProbeProgram } from "./probe-program.ts";
import type { RingMembers } from "./ring-program.ts";
import { ServiceStatusWriter } from "./service-status-writer.ts";
import { Speaker, type SpeakerOptions } from "./speaker.ts";
import type { SpeakerCommand, SpeakerEvent } from "./speaker-messages.ts";
import type { WireProgram } from "./wire-program.ts";

export interface ProgramParts extends Omit<SpeakerOptions, "configName"> {
  /** Where the configuration is, and the name of the ConfigMap. */
  readonly namespace: string;
  readonly configName: string;
  readonly bgpType: string;
  /** Our own pod, where the process interface of v0.16 asks for objects that report (ST-10, ST-20). */
  readonly pod: KubeObject | undefined;
  readonly passesSecrets: boolean;
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly announcer: Layer2Announcer;
  readonly moves: MoveLog;
  /** For events of our own kind: apart from MetalLB's, of which there may be one for each Service to write first. */
  readonly stories: Pick<EventRecorder, "record">;
  /** Undefined where `--wire-check` is off. */
  readonly wire: WireProgram | undefined;
  /** Undefined in v0.9.5's interface. */
  readonly probes: ProbeProgram | undefined;
  readonly metrics: ClientMetrics & SpeakerMetrics;
  /** What this node does with an address whose owner is claimed. */
  readonly onUse: (use: AddressUse) => void;
  /** Our own Node object came or changed. */
  readonly onOwnNode: () => void;
  /** Interfaces whose names it matches take no part (L2-85). */
  readonly exclusion: RegExp | undefined;
  /** This machine's interfaces, at first and after each change. */
  readonly onInterfaces: (plan: InterfacePlan) => void;
  /** All lists and a first look at the configuration are there: from now on we could serve what is ours. */
  readonly onReady: () => void;
}

/** Objects in which the speaker reports. */
interface Reports {
  readonly configuration: ConfigurationStateWriter;
  readonly layer2: ServiceStatusWriter;
  /** Nothing is advertised over BGP yet, so it only clears away. */
  readonly bgp: ServiceStatusWriter;
}

/** Events come in one at a time, and their commands are carried out before the next (L2-16). */
export class SpeakerProgram {
  readonly #parts: ProgramParts;
  readonly #speaker: Speaker;
  readonly #config: ConfigWatch;
  readonly #watch: ClusterWatch;
  readonly #recorder: EventRecorder;
  readonly #moveEvents: MoveEvents;
  readonly #reports: Reports | undefined;
  #interfaces: { close(): void } | undefined;
  #nextTurn: NodeJS.Immediate | undefined;
  /** Services that another node owns now, which we still answer for until it has surely begun. */
  readonly #handedOver = new NamedTimers((service) => this.#stopAnswering(service));
  readonly #timers = new NamedTimers<"moves">(() => this.#movesAreDue());
  readonly #awaited = new Set(["synced", "config"]);
  #isStrictArpTold = false;

  constructor(parts: ProgramParts) {
    const { nodeName, namespace, configName, client, logger } = parts;
    this.#parts = parts;
    this.#speaker = new Speaker({ ...parts, configName: `${namespace}/${configName}` });
    this.#recorder = new EventRecorder(
      client,
      { component: "metallb-speaker", host: nodeName },
      logger,
    );
    this.#moveEvents = new MoveEvents(nodeName, monotonicMs());
    const source = new ConfigSource({
      ...parts,
      scope: { nodeName },
      held: () => this.#speaker.held(),
    });
    this.#config = new ConfigWatch({
      client,
      logger,
      namespace,
      configName,
      source,
      watcher: "speaker",
      onOutcome: (outcome) => this.#takeOutcome(outcome),
    });
    this.#watch = new ClusterWatch({
      client,
      logger,
      config: this.#config,
      onEvent: (event) => {
        this.#step(event);
        if (event.kind === "node") parts.wire?.setNode(event.name, event.node);
        if (event.kind === "node" && event.name === nodeName) parts.onOwnNode();
      },
    });
    this.#reports = parts.pod && makeReports(parts, parts.pod);
  }

  /** The interfaces are followed at once, announcing begins with the first configuration and pass (L2-160). */
  start(): void {
    const { logger } = this.#parts;
    this.#interfaces = watchNetworkInterfaces({
      onChange: (interfaces) => this.#takeInterfaces(interfaces),
      onFallback: (error) => {
        const msg = "no events about network interfaces, looking every 10 s";
        logger.warn({ op: "watchInterfaces", error, msg });
      },
    });
    this.#config.start();
    this.#watch.start();
    this.#reports?.configuration.start();
  }

  /** Nothing is sent to clients; the next owner's burst repairs their tables (L2-161). */
  stop(): void {
    this.#watch.stop();
    this.#config.stop();
    for (const report of Object.values(this.#reports ?? {})) report.stop();
    clearImmediate(this.#nextTurn);
    this.#handedOver.cancelAll();
    this.#timers.cancelAll();
    this.#recorder.stop();
    this.#interfaces?.close();
    this.#parts.wire?.close();
    this.#parts.probes?.close();
    this.#parts.announcer.close();
  }

  /** Who is alive in the ring now. */
  setMembers(members: RingMembers): void {
    const { macs, ...rest } = members;
    const { alive, stock, abilities } = rest;
    this.#parts.wire?.setMemberMacs(macs);
    this.#parts.probes?.setMemberMacs(macs);
    this.#parts.wire?.setSpeakers(
      new Set([...alive].filter((name) => !stock.has(name))),
      abilities,
    );
    this.#step({ kind: "members", ...rest });
  }

  /** What other speakers claim. */
  setClaims(claims: ClaimNews): void {
    this.#step({ kind: "claims", claims });
  }

  #takeOutcome(outcome: ConfigOutcome): void {
    this.#reports?.configuration.report(outcome);
    if (outcome.kind === "accepted") {
      this.#parts.probes?.setConfig(outcome.config);
      this.#parts.wire?.setConfig(outcome.config);
    }
    this.#step({ kind: "config", outcome });
  }

  #takeInterfaces(interfaces: readonly NetworkInterface[]): void {
    const { announcer, exclusion, onInterfaces, wire, probes } = this.#parts;
    const plan = planInterfaces(interfaces, exclusion);
    announcer.setInterfaces(plan);
    onInterfaces(plan);
    wire?.setInterfaces(plan);
    probes?.setInterfaces(plan);
    this.#checkStrictArp(interfaces);
    this.#step({ kind: "interfaces", names: new Set(plan.localNames) });
  }

  /** Said once: it is the operator's to mend (L2-198). */
  #checkStrictArp(interfaces: readonly NetworkInterface[]): void {
    if (this.#isStrictArpTold) return;
    const msg = strictArpAdvice(interfaces, readArpIgnore);
    if (msg === undefined) return;
    this.#isStrictArpTold = true;
    this.#parts.logger.warn({ op: "checkSetup", msg });
  }

  #step(event: SpeakerEvent): void {
    for (const command of this.#speaker.step(event)) this.#run(command);
    if (this.#awaited.delete(event.kind) && this.#awaited.size === 0) this.#parts.onReady();
  }

  #continue(): void {
    this.#nextTurn = undefined;
    this.#step({ kind: "continue" });
  }

  #run(command: SpeakerCommand): void {
    switch (command.kind) {
      case "announce":
        this.#announce(command);
        return;
      case "withdraw":
        this.#withdraw(command);
        return;
      case "passed-all":
        // Earlier, objects of services that are yet to be announced would seem needless.
        this.#reports?.layer2.start();
        this.#reports?.bgp.start();
        this.#parts.wire?.passedAll();
        this.#tellMoves();
        return;
      case "continue":
        this.#nextTurn ??= setImmediate(() => this.#continue());
        return;
      default:
        this.#say(command);
    }
  }

  #say(command: Exclude<SpeakerCommand, { kind: "announce" | "withdraw" }>): void {
    const { logger, metrics } = this.#parts;
    if (command.kind === "moved") this.#moved(command);
    if (command.kind === "owned") this.#parts.wire?.owned(command);
    if (command.kind === "use") this.#parts.onUse(command.use);
    if (command.kind === "record-event") this.#recorder.record(command.note);
    if (command.kind === "log") logger[command.level](command.fields);
    if (command.kind === "count-update") {
      metrics.updates.inc();
      if (command.hasFailed) metrics.updateErrors.inc();
    }
    if (command.kind === "config-state") {
      metrics.configStale.set(command.isStale ? 1 : 0);
      if (!command.isStale) metrics.configLoaded.set(1);
    }
  }

  /** Responders keep to the interfaces by themselves, so one that comes later is served at once. */
  #announce(command: Extract<SpeakerCommand, { kind: "announce" }>): void {
    const { announcer, metrics, nodeName: node } = this.#parts;
    const { service, announcement, isReachable } = command;
    const { ips, protocol, interfaces } = announcement;
    this.#handedOver.cancel(service);
    for (const ip of ips) {
      announcer.announce(service, ip, interfaces ?? "all");
      metrics.announced.set(1, { service, protocol, node, ip: formatAddress(ip) });
    }
    this.#reports?.layer2.set(service, isReachable ? { interfaces } : undefined);
  }

  #moved(told: ToldMove): void {
    this.#parts.moves.moved(told, { nowMs: monotonicMs(), at: timestamp() });
    this.#timers.setOnce("moves", gatherMs);
  }

  /** Endpoints change one Service at a time; a pass tells at its end, when all addresses are announced. */
  #movesAreDue(): void {
    if (this.#nextTurn === undefined) this.#tellMoves();
    else this.#timers.set("moves", gatherMs);
  }

  #tellMoves(): void {
    this.#timers.cancel("moves");
    const groups = this.#parts.moves.takeUntold();
    for (const group of groups) this.#logMoves(group);
    const notes = this.#moveEvents.notes(groups, monotonicMs());
    for (const note of notes) this.#parts.stories.record(note);
  }

  /** One line for all addresses that moved at once. */
  #logMoves(group: MoveGroup): void {
    const { at: _, service: __, ips: ___, announcedMs, ...why } = group[0].move;
    const last = group.at(-1)?.move.announcedMs;
    const times = announcedMs === undefined ? {} : { announcedMs, lastAnnouncedMs: last };
    const isOurs = why.to === this.#parts.nodeName;
    const event = isOurs ? "takeover" : "handover";
    const msg = isOurs ? "took over addresses of another node" : "handed addresses over";
    this.#parts.logger.info({ event, ...why, addresses: addressesIn(group), ...times, msg });
  }

  #stopAnswering(service: string): void {
    this.#parts.announcer.withdraw(service);
  }

  #withdraw(command: Extract<SpeakerCommand, { kind: "withdraw" }>): void {
    const { announcer, metrics, nodeName: node } = this.#parts;
    const { service, announcement, isHandedOver } = command;
    this.#handedOver.cancel(service);
    // Make before break: for a moment two answer, rather than nobody.
    if (isHandedOver) this.#handedOver.set(service, handOverMs);
    else announcer.withdraw(service);
    for (const ip of announcement.ips) {
      const { protocol } = announcement;
      metrics.announced.remove({ service, protocol, node, ip: formatAddress(ip) });
    }
    this.#reports?.layer2.set(service, undefined);
    this.#config.heldChanged();
  }
}

/** Moves of so long are told together, where no pass tells them. */
const gatherMs = 1000;
/** So long a new owner may take to its first answer, from joining the ring or from an event of the API. */
const handOverMs = 300;

function makeReports(parts: ProgramParts, pod: KubeObject): Reports {
  const { client, logger, namespace, nodeName: node, wire } = parts;
  const writer = { node, namespace, pod };
  const owner = { component: "speaker", node } as const;
  return {
    configuration: new ConfigurationStateWriter({ client, logger, namespace, owner, pod }),
    layer2: new ServiceStatusWriter({
      client,
      logger,
      writer,
      kind: serviceL2Statuses,
      firstConditions: (service) => wire?.firstConditions(service) ?? [],
    }),
    bgp: new ServiceStatusWriter({ client, logger, writer, kind: serviceBgpStatuses }),
  };
}
