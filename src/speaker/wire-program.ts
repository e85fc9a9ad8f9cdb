/** The wire check and the conflict watch with what carries out their commands: sockets, timers, events, conditions. */

import type { Config } from "../config/index.ts";
import {
  formatAddress,
  type IpAddress,
  type MacAddress,
  parseAddress,
  type Prefix,
} from "../ip/index.ts";
import type { Node, ObjectReference } from "../kube/index.ts";
import { isNotReady } from "../election/index.ts";
import {
  type AnsweringAbility,
  type AskingInterface,
  canAnswerNow,
  canAsk,
  type InterfacePlan,
  type Sighting,
} from "../layer2/index.ts";
import {
  type EventRecorder,
  type Logger,
  monotonicMs,
  NamedTimers,
  type WireMetrics,
} from "../platform/index.ts";
import {
  type Claim,
  type Conflict,
  type ConflictNews,
  Conflicts,
  type Finding,
  isTrouble,
  announcedBy,
  periodMs,
  type Subject,
  WireCheck,
  type WireCommand,
  type WireCondition,
  type WireEvent,
} from "../wire/index.ts";
import { type ConditionWriter, noConflict } from "./condition-writer.ts";
import { KnownMacs } from "./known-macs.ts";
import type { SpeakerCommand } from "./speaker-messages.ts";
import { watchedRanges } from "./watched-ranges.ts";
import { WireConditions } from "./wire-conditions.ts";
import {
  conflictOverStory,
  conflictStory,
  findingStory,
  WireEvents,
  type WireStory,
} from "./wire-events.ts";
import { WireSockets, type WireSocketsOptions } from "./wire-sockets.ts";

export interface WireProgramOptions {
  readonly nodeName: string;
  readonly logger: Logger;
  readonly metrics: WireMetrics;
  readonly stories: Pick<EventRecorder, "record">;
  /** Gossip tells which speakers can ask; without it every node that is ready has one. */
  readonly hasRing: boolean;
  /** Absent where there are no status objects (v0.9.5). */
  readonly conditions: Pick<ConditionWriter, "set" | "forget" | "readBefore" | "stop"> | undefined;
  /** Default: a packet socket of the kernel. */
  readonly openSocket?: WireSocketsOptions["openSocket"];
}

type Unstamped<E> = E extends WireEvent ? Omit<E, "nowMs"> : never;
type Owned = Extract<SpeakerCommand, { kind: "owned" }>;

/** So often conflicts are looked at, while there are any. */
const watchMs = 500;
/** Addresses that the page lists, and of trouble in metrics; those with trouble come first. */
const mostShown = 1000;

export class WireProgram {
  readonly #options: WireProgramOptions;
  readonly #check: WireCheck;
  readonly #conflicts = new Conflicts();
  readonly #conditions: WireConditions;
  readonly #sockets: WireSockets;
  readonly #events = new WireEvents();
  readonly #objects = new Map<string, ObjectReference>();
  readonly #readyNodes = new Set<string>();
  /** Services that had their owner when we began, and of which we have told nothing yet. */
  readonly #rest = new Set<string>();
  #hasPassed = false;
  readonly #timers = new NamedTimers<"check" | "watch">((name) => {
    if (name === "check") this.#step({ kind: "timer" });
    else this.#watch();
  });
  readonly #macs = new KnownMacs();

  constructor(options: WireProgramOptions) {
    const { nodeName, logger, metrics, openSocket } = options;
    this.#options = options;
    this.#check = new WireCheck(nodeName);
    this.#conditions = new WireConditions({
      self: nodeName,
      check: this.#check,
      conflicts: this.#conflicts,
      nodeWith: (mac) => this.#nodeWith(mac),
    });
    this.#sockets = new WireSockets({
      logger,
      onSighting: (sighting, on) => this.#sighted(sighting, on),
      onFlood: (_, frames) => metrics.dropped.inc(frames, { reason: "too-many" }),
      ...(openSocket !== undefined && { openSocket }),
    });
  }

  setInterfaces(plan: InterfacePlan): void {
    const { asking } = plan;
    this.#macs.setInterfaces(plan);
    this.#sockets.setInterfaces(asking);
    const named = (family: 4 | 6) =>
      asking.filter((on) => canAsk(on, family)).map(({ name }) => name);
    this.#step({ kind: "interfaces", names: { 4: named(4), 6: named(6) } });
  }

  setConfig(config: Config): void {
    this.#sockets.setRanges(watchedRanges(config));
  }

  /** Speakers of our kind that are alive, and what each says that its interfaces can answer. Default: none says so. */
  setSpeakers(
    names: ReadonlySet<string>,
    abilities: ReadonlyMap<string, AnsweringAbility> = new Map(),
  ): void {
    const subnets = new Map([...abilities].map(([name, one]) => [name, subnetsThatAnswer(one)]));
    this.#step({ kind: "speakers", names, subnets });
  }

  /** As of `KnownMacs`. An answer is the owner's where its own speaker says so, and never another's. */
  setMemberMacs(macs: ReadonlyMap<MacAddress, string>): void {
    this.#macs.setMembers(macs);
    this.#step({ kind: "macs", macs });
  }

  setNode(name: string, node: Node | undefined): void {
    const addresses = (node?.status?.addresses ?? [])
      .filter(({ type }) => type === "InternalIP")
      .flatMap(({ address }) => parseAddress(address) ?? []);
    this.#step({ kind: "node", name, addresses });
    if (this.#options.hasRing) return;
    if (node === undefined || isNotReady(node)) this.#readyNodes.delete(name);
    else this.#readyNodes.add(name);
    this.setSpeakers(new Set([...this.#readyNodes, this.#options.nodeName]));
  }

  /** A service has another owner, other addresses, or nobody announces it any more. */
  owned(news: Owned): void {
    const { service, subject } = news;
    const before = this.#check.assignments.subjectOf(service);
    const hadConflict = before !== undefined && this.#conditions.conflictOf(before) !== undefined;
    this.#takeOwner(news);
    const isSame = isAboutSame(before, subject);
    if (!isSame) this.#options.conditions?.forget(service);
    for (const ip of ipsOf(before, subject)) this.#followOwner(ip);
    if (before?.standing !== subject?.standing) this.#reportSeen(subject);
    // The owner's object stays, and with it what it says of an address that the service had before.
    if (hadConflict && !isSame) this.#reportConflictsOf(subject);
  }

  #takeOwner({ service, subject, object }: Owned): void {
    if (subject === undefined || object === undefined) {
      this.#objects.delete(service);
      this.#step({ kind: "gone", service });
    } else {
      this.#objects.set(service, object);
      this.#step({ kind: "owned", subject });
    }
    if (subject === undefined || this.#hasPassed) this.#rest.delete(service);
    else this.#rest.add(service);
  }

  /** All is known that this node announces: what was said in an earlier life is compared with it. Again it does nothing. */
  passedAll(): void {
    if (this.#hasPassed) return;
    this.#hasPassed = true;
    void this.#options.conditions?.readBefore(this.#options.nodeName);
  }

  /** As of `WireConditions.first`. */
  firstConditions(service: string): readonly WireCondition[] {
    return this.#conditions.first(service);
  }

  /** What the pages `/wire` and `/status` show. */
  show(): object {
    const { nodeName: node } = this.#options;
    const { assignments } = this.#check;
    const owned = [...assignments.ownedBy(node)].filter(([ip]) => !assignments.isOurs(ip));
    const checks = [...this.#check.show()].sort(
      (a, b) => Number(isTrouble(b)) - Number(isTrouble(a)),
    );
    return {
      node,
      seen: this.#check.counts(),
      checks: checks.slice(0, mostShown),
      askedByOthers: owned.slice(0, mostShown).map(([ip, asker]) => ({ ip, asker })),
      conflicts: [...this.#conflicts.told()],
    };
  }

  showMetrics(): void {
    const { seen, trouble, conflicts } = this.#options.metrics;
    for (const [word, count] of Object.entries(this.#check.counts()))
      seen.set(count, { seen: word });
    trouble.reset();
    let room = mostShown;
    for (const [ip, word] of this.#check.troubles()) {
      if (room-- === 0) break;
      trouble.set(1, { ip, seen: word });
    }
    conflicts.reset();
    for (const { ip } of this.#conflicts.told()) {
      conflicts.set([...this.#conflicts.toldOf(ip)].length, { ip });
    }
  }

  close(): void {
    this.#timers.cancelAll();
    this.#sockets.close();
    this.#options.conditions?.stop();
  }

  #step(event: Unstamped<WireEvent>): void {
    const stamped = { ...event, nowMs: monotonicMs() } as WireEvent;
    for (const command of this.#check.step(stamped)) this.#run(command);
  }

  #run(command: WireCommand): void {
    const { metrics } = this.#options;
    switch (command.kind) {
      case "ask": {
        const count = this.#sockets.ask(command.ip);
        metrics.questions.inc(count, { protocol: command.ip.family === 4 ? "arp" : "ndp" });
        return;
      }
      case "set-timer":
        this.#timers.set("check", command.ms);
        return;
      case "found":
        this.#found(command.ip, command.finding, command.before);
        return;
      default: {
        const { ip, answer, isInstead, isNews } = command;
        const kind = isInstead ? "instead" : "answers";
        this.#claim({ ip, ...answer, kind, confirmed: isNews ? "anew" : "twice" });
      }
    }
  }

  #sighted({ ip, mac, kind }: Sighting, { name: on }: AskingInterface): void {
    // However it came back.
    if (this.#macs.isOwn(mac)) return;
    if (kind === "answers" || kind === "claims") this.#step({ kind: "heard", ip, on, mac });
    const text = formatAddress(ip);
    if (!this.#isOwn(text)) return;
    this.#options.metrics.claims.inc(1, { kind });
    this.#claim({ ip: text, mac, on, kind, confirmed: "no" });
  }

  #claim(claim: Omit<Claim, "nowMs" | "isMember">): void {
    const overflow = this.#conflicts.overflow;
    const isMember = this.#macs.memberWith(claim.mac) !== undefined;
    const news = this.#conflicts.claim({ ...claim, isMember, nowMs: monotonicMs() });
    this.#tell(news);
    if (this.#conflicts.overflow > overflow) {
      this.#options.metrics.dropped.inc(1, { reason: "too-many-claims" });
    }
    if (this.#conflicts.isWaiting) this.#timers.setOnce("watch", watchMs);
  }

  #watch(): void {
    const period = periodMs(this.#check.assignments.addressCount);
    this.#tell(this.#conflicts.tick(monotonicMs(), period));
    if (this.#conflicts.isWaiting) this.#timers.setOnce("watch", watchMs);
  }

  #tell(news: readonly ConflictNews[]): void {
    for (const { kind, conflict } of news) {
      if (kind === "told") this.#tellConflict(conflict);
      else this.#tellOver(conflict);
    }
  }

  #tellConflict(conflict: Conflict): void {
    const { nodeName: self, logger } = this.#options;
    const owners = this.#ownersOf(conflict.ip);
    const node = this.#nodeWith(conflict.mac);
    const { ip, mac, on, kind } = conflict;
    const story = conflictStory(conflict, { owners, node, self });
    const named = node === undefined ? {} : { node };
    logger.warn({
      event: "addressConflict",
      ip,
      mac,
      ...named,
      kind,
      interface: on,
      msg: story.message,
    });
    this.#record(ip, story);
    this.#reportConflicts(ip);
  }

  #tellOver(conflict: Conflict): void {
    const { ip, mac } = conflict;
    const story = conflictOverStory(conflict);
    this.#options.logger.info({ event: "addressConflictOver", ip, mac, msg: story.message });
    this.#record(ip, story);
    this.#reportConflicts(ip);
  }

  #found(ip: string, finding: Finding, before: Finding | undefined): void {
    const { nodeName: self, logger } = this.#options;
    const { seen, answers, strangers, why } = finding;
    const owners = this.#ownersOf(ip);
    const wasTrouble = before !== undefined && isTrouble(before);
    if (wasTrouble || isTrouble(finding)) {
      const macs = [...answers, ...strangers].map(({ mac }) => mac);
      const fields = { event: "wireCheck", ip, owners, seen, macs, ...(why && { why }) };
      const msg = "asked on the wire for an address that another node announces";
      logger[isTrouble(finding) ? "warn" : "info"]({ ...fields, msg });
      const story = findingStory(ip, owners, finding, self);
      if (story !== undefined) this.#record(ip, story);
    }
    for (const subject of this.#check.assignments.usersOf(ip)) this.#reportSeen(subject);
  }

  #record(ip: string, story: WireStory): void {
    const users = this.#check.assignments.usersOf(ip);
    const objects = users.flatMap(({ service }) => this.#objects.get(service) ?? []);
    const notes = this.#events.notes(story, objects, monotonicMs());
    for (const note of notes) this.#options.stories.record(note);
  }

  #reportSeen(subject: Subject | undefined): void {
    const seen = subject && this.#conditions.seenOf(subject);
    if (subject === undefined || seen === undefined) return;
    const { service, owner } = subject;
    const hurry = this.#rest.delete(service) ? "rest" : "news";
    for (const one of [announcedBy(subject), seen]) {
      this.#options.conditions?.set(service, owner, one, hurry);
    }
  }

  #reportConflicts(ip: string): void {
    for (const subject of this.#check.assignments.usersOf(ip)) this.#reportConflictsOf(subject);
  }

  /** Of what this node announces; who asks tells of the rest in the condition `Seen`. */
  #reportConflictsOf(subject: Subject | undefined): void {
    const { conditions, nodeName } = this.#options;
    if (subject?.owner !== nodeName) return;
    conditions?.set(subject.service, nodeName, this.#conditions.conflictOf(subject) ?? noConflict);
  }

  #followOwner(ip: IpAddress): void {
    const text = formatAddress(ip);
    const isOwn = this.#isOwn(text);
    if (isOwn) this.#conflicts.owned(text, monotonicMs());
    else this.#conflicts.notOwned(text);
    if (!isOwn && !this.#check.assignments.isOurs(text)) this.#conflicts.forget(text);
  }

  #nodeWith(mac: MacAddress): string | undefined {
    return this.#macs.memberWith(mac) ?? this.#check.nodeWith(mac);
  }

  #isOwn(ip: string): boolean {
    return this.#ownersOf(ip).includes(this.#options.nodeName);
  }

  #ownersOf(ip: string): string[] {
    return [...new Set(this.#check.assignments.usersOf(ip).map(({ owner }) => owner))];
  }
}

function subnetsThatAnswer({ interfaces }: AnsweringAbility): Prefix[] {
  return [...interfaces.values()].flatMap((one) => (canAnswerNow(one) ? one.subnets : []));
}

function isAboutSame(a: Subject | undefined, b: Subject | undefined): boolean {
  const text = (one: Subject): string => [one.owner, ...one.ips.map(formatAddress)].join();
  return a !== undefined && b !== undefined && text(a) === text(b);
}

function ipsOf(...subjects: readonly (Subject | undefined)[]): IpAddress[] {
  return subjects.flatMap((subject) => [...(subject?.ips ?? [])]);
}
