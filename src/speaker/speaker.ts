/** The speaker as a machine: what the API server tells goes in, what to announce, withdraw and say comes out. */

import {
  type Config,
  type ConfigOutcome,
  type HeldAddress,
  spreadsAddresses,
} from "../config/index.ts";
import {
  AddressClaims,
  type ElectionSubject,
  Electorate,
  LegacyElection,
  ModernElection,
  type ServiceEndpoint,
} from "../election/index.ts";
import type { Node, Service } from "../kube/index.ts";
import type { ClaimNews } from "../ring/index.ts";
import { AddressOwners, type PassCause } from "./address-owners.ts";
import { AgreedOwners } from "./agreed-owners.ts";
import { logFields, notSupportedLog } from "./announcement-log.ts";
import {
  type Announcement,
  announcedSubject,
  decideAnnouncement,
  type Decision,
  type KnownService,
  knownService,
  type WithdrawReason,
} from "./announcements.ts";
import { reportOutcome } from "./config-report.ts";
import { Ownerships } from "./ownerships.ts";
import {
  announcedOutsideSubnet,
  announceFailed,
  nodeAssigned,
  preemptIgnored,
} from "./service-events.ts";
import type { SpeakerCommand, SpeakerEvent } from "./speaker-messages.ts";

export interface SpeakerOptions {
  readonly nodeName: string;
  /** The ConfigMap's `namespace/name`, for messages. */
  readonly configName: string;
  /** `--lb-class`; empty: services without a class. */
  readonly lbClass: string;
  /** `--ignore-exclude-lb` */
  readonly ignoresExcludeLabel: boolean;
  /** Gossip is on: nothing is decided before it told who is there, or this node would take all for its own. */
  readonly awaitsMembers: boolean;
}

/** Bounds how long ARP requests must wait while thousands of services are gone through: each may cost a digest a node. */
const SERVICES_PER_STEP = 20;
const DIGESTS_PER_STEP = 4000;

export class Speaker {
  readonly #options: SpeakerOptions;
  readonly #services = new Map<string, KnownService>();
  readonly #endpoints = new Map<string, readonly ServiceEndpoint[]>();
  readonly #announced = new Map<string, Announcement>();
  readonly #electorate: Electorate;
  readonly #elections: { readonly legacy: LegacyElection; readonly modern: ModernElection };
  readonly #owners: AddressOwners;
  readonly #ownerships: Ownerships;
  readonly #agreed: AgreedOwners;
  /** What the pass over all services has not come to yet, and what asks for it: the ring only where nothing else does. */
  readonly #toPass = new Map<string, PassCause>();
  #config: Config | undefined;
  /** Undefined before the first look at them. */
  #interfaces: ReadonlySet<string> | undefined;
  #isPassingAll = false;
  #isSynced = false;
  #areMembersKnown: boolean;

  constructor(options: SpeakerOptions) {
    this.#options = options;
    this.#areMembersKnown = !options.awaitsMembers;
    this.#owners = new AddressOwners(options.nodeName);
    this.#ownerships = new Ownerships(options.nodeName);
    this.#electorate = new Electorate(options.ignoresExcludeLabel);
    const claims = new AddressClaims();
    const modern = new ModernElection(this.#electorate, claims);
    const { nodeName, awaitsMembers: hasGossip } = options;
    this.#agreed = new AgreedOwners({ nodeName, hasGossip, claims, election: modern });
    this.#elections = { legacy: new LegacyElection(), modern };
  }

  /** What this node announces now, by service key. */
  get announced(): ReadonlyMap<string, Announcement> {
    return this.#announced;
  }

  /** The same, for who must not take a pool away from under an address in use (LC-29, CFG-53). */
  *held(): IterableIterator<HeldAddress> {
    for (const [service, { ips, pool }] of this.#announced) {
      for (const address of ips) yield { service, address, pool };
    }
  }

  step(event: SpeakerEvent): SpeakerCommand[] {
    const commands = this.#take(event);
    const last = commands.at(-1);
    const told = this.#agreed.report();
    if (told.length === 0) return commands;
    return last?.kind === "continue" ? [...told, ...commands] : [...commands, ...told];
  }

  #take(event: SpeakerEvent): SpeakerCommand[] {
    switch (event.kind) {
      case "service":
        return this.#takeService(event.key, event.service);
      case "endpoints":
        return this.#takeEndpoints(event.key, event.endpoints);
      case "node":
        return this.#takeNode(event.name, event.node);
      case "members":
        return this.#takeMembers(event);
      case "claims":
        return this.#takeClaims(event.claims);
      case "config":
        return this.#takeConfig(event.outcome);
      case "interfaces":
        return this.#takeInterfaces(event.names);
      case "synced":
        this.#isSynced = true;
        return this.#passAll("configuration");
      default:
        return this.#passSome();
    }
  }

  #takeService(key: string, service: Service | undefined): SpeakerCommand[] {
    const before = this.#services.get(key)?.ips?.[0];
    const known = service && knownService(service);
    setOrDelete(this.#services, key, known);
    const now = known?.ips?.[0];
    // Elections go by the first address: another one has another owner, without having moved.
    if (before?.value !== now?.value) this.#owners.forget(key);
    return this.#handleOne(key, "service");
  }

  /** Objects are written for many reasons; only a change that an election can see is one for us. */
  #takeEndpoints(key: string, endpoints: readonly ServiceEndpoint[] | undefined): SpeakerCommand[] {
    const before = this.#endpoints.get(key);
    if (JSON.stringify(before) === JSON.stringify(endpoints)) return [];
    setOrDelete(this.#endpoints, key, endpoints);
    return this.#handleOne(key, "endpoints");
  }

  /** L2-58, L2-60: heartbeats pass nobody; a node that may announce now, or not any more, passes everybody. */
  #takeNode(name: string, node: Node | undefined): SpeakerCommand[] {
    const effect = this.#electorate.setNode(name, node);
    if (!this.#mayDecide() || this.#config === undefined) return [];
    if (!effect[this.#config.generation]) return [];
    const fields = { event: "nodeChanged", msg: "node event - forcing sync" };
    return [{ kind: "log", level: "info", fields }, countUpdate, ...this.#passAll("node")];
  }

  /**
   * L2-57: every event of the ring passes all services, whether or not it changes an election: after a partition the
   * bursts of the owners are what repairs clients (L2-138). What others announced until now comes first.
   */
  #takeMembers({ alive, stock = nobody, abilities = new Map() }: Members): SpeakerCommand[] {
    const { isOnlyOfLinks } = this.#electorate.setMembers(alive, abilities);
    const isOfClaims = this.#agreed.setMembers(alive, stock);
    const cause = isOfClaims ? "order" : isOnlyOfLinks ? "link" : "ring";
    this.#owners.setMembers(alive);
    this.#areMembersKnown = true;
    const keys = [...this.#services.keys()];
    const isOthers = (key: string): boolean => !this.#announced.has(key);
    this.#passSoon(keys.filter(isOthers), cause);
    this.#passSoon(keys, cause);
    return this.#passAll(cause);
  }

  /** Only Services of those addresses can notice. */
  #takeClaims(claims: ClaimNews): SpeakerCommand[] {
    this.#passSoon(this.#agreed.take(claims), "claims");
    return this.#mayDecide() ? this.#passSome() : [];
  }

  #mayDecide(): boolean {
    return this.#isSynced && this.#areMembersKnown;
  }

  #takeConfig(outcome: ConfigOutcome): SpeakerCommand[] {
    const report = reportOutcome(outcome, this.#options.configName);
    if (outcome.kind !== "accepted") return report;
    this.#config = outcome.config;
    return [...report, ...this.#passAll("configuration")];
  }

  /** Only services that ask for certain interfaces can notice. */
  #takeInterfaces(names: ReadonlySet<string>): SpeakerCommand[] {
    const before = this.#interfaces;
    this.#interfaces = names;
    if (before?.size === names.size && [...names].every((name) => before.has(name))) return [];
    for (const [key, { interfaces }] of this.#announced) {
      if (interfaces !== undefined) this.#toPass.set(key, "node");
    }
    return this.#passSome();
  }

  /** All services without a rate limit (L2-59), those with the most addresses first (L2-15), though not all in one step. */
  #passAll(cause: PassCause): SpeakerCommand[] {
    this.#agreed.touch();
    if (this.#config === undefined || !this.#mayDecide()) return [];
    const isOfRing = cause === "ring" || cause === "link";
    const isNews = (key: string): boolean => !isOfRing || !this.#toPass.has(key);
    const count = (key: string): number => this.#services.get(key)?.view.ingress.length ?? 0;
    const keys = [...this.#services.keys()].filter(isNews).sort((a, b) => count(b) - count(a));
    for (const key of keys) this.#toPass.set(key, cause);
    this.#isPassingAll = true;
    return this.#passSome();
  }

  /** A service of a pass counts as an update in v0.9.5 only. */
  #passSome(): SpeakerCommand[] {
    this.#spread();
    const commands: SpeakerCommand[] = [];
    const isCounted = this.#config?.generation === "legacy";
    const digests = Math.max(1, this.#electorate.names.size);
    let left = Math.max(1, Math.min(SERVICES_PER_STEP, Math.floor(DIGESTS_PER_STEP / digests)));
    for (const [key, cause] of this.#toPass) {
      if (left-- === 0) return [...commands, { kind: "continue" }];
      if (isCounted) commands.push(countUpdate);
      commands.push(...this.#passOne(key, cause));
    }
    if (this.#isPassingAll) commands.push({ kind: "passed-all" });
    this.#isPassingAll = false;
    return commands;
  }

  /** Where addresses are spread all are looked at, so once for all events that come together. */
  #handleOne(key: string, cause: PassCause): SpeakerCommand[] {
    this.#agreed.touch();
    if (!this.#mayDecide()) return [];
    if (!spreadsAddresses(this.#config)) return [countUpdate, ...this.#passOne(key, cause)];
    this.#toPass.set(key, cause);
    return [countUpdate, { kind: "continue" }];
  }

  /** Finds the owners of all addresses that are spread, and has a look at those that are to go elsewhere. */
  #spread(): void {
    const config = this.#config;
    if (config === undefined || !this.#mayDecide()) return;
    const subjects = () => (spreadsAddresses(config) ? this.#subjects(config) : []);
    this.#passSoon(this.#agreed.spread(subjects), "claims");
  }

  /** Whatever asked for them before goes first. */
  #passSoon(keys: Iterable<string>, cause: PassCause): void {
    for (const key of keys) if (!this.#toPass.has(key)) this.#toPass.set(key, cause);
  }

  *#subjects(config: Config): IterableIterator<ElectionSubject> {
    const { lbClass } = this.#options;
    for (const [key, service] of this.#services) {
      const endpoints = this.#endpoints.get(key);
      const subject = announcedSubject(config, { service, endpoints, lbClass });
      if (subject !== undefined) yield subject;
    }
  }

  #passOne(key: string, cause: PassCause): SpeakerCommand[] {
    this.#toPass.delete(key);
    const service = this.#services.get(key);
    if (service === undefined) {
      this.#elections.legacy.forget(key);
      this.#elections.modern.forget(key);
    }
    const { nodeName, lbClass } = this.#options;
    const announced = this.#announced.get(key);
    const config = this.#config;
    const decision = decideAnnouncement({
      serviceKey: key,
      service,
      endpoints: this.#endpoints.get(key),
      config,
      announced,
      formerOwner: this.#owners.former(key),
      nodeName,
      lbClass,
      isAlive: (name) => this.#electorate.isAlive(name),
      abilityOf: (name) => this.#electorate.abilityOf(name),
      nodeObjection: (name) => config && this.#electorate.objection(name, config.generation),
      elections: this.#elections,
    });
    const told = [
      ...this.#ownerships.follow(key, decision, service),
      ...this.#agreed.follow(key, decision),
    ];
    const move = this.#owners.follow(key, { decision, announced, cause });
    // Links of others are no reason to tell clients anew what did not change.
    if (cause === "link" && isRepeated(decision, announced)) return told;
    if (move === undefined || service === undefined)
      return [...this.#carryOut(key, decision, { cause }), ...told];
    const moved = { kind: "moved", move, object: service.reference } as const;
    return [...this.#carryOut(key, decision, { cause, moved }), ...told];
  }

  #carryOut(key: string, decision: Decision, { cause, moved }: Occasion): SpeakerCommand[] {
    switch (decision.kind) {
      case "wait":
        return [];
      case "withdraw": {
        const { reason, owner } = decision;
        const isHandedOver = owner !== undefined && !this.#cannotServe(key, cause);
        const told = moved === undefined ? [] : [moved];
        const withdrawn = [...this.#withdraw(key, reason, isHandedOver), ...told];
        return reason === "notSupported" ? [...withdrawn, notSupportedLog(key)] : withdrawn;
      }
      default: {
        const withdrawn = decision.replaces ? this.#withdraw(key, decision.replaces) : [];
        return [...withdrawn, ...this.#announce(key, decision, moved)];
      }
    }
  }

  /** Its endpoint here is gone: whoever comes to this node would not be served. */
  #cannotServe(key: string, cause: PassCause): boolean {
    const policy = this.#services.get(key)?.view.externalTrafficPolicy;
    return cause === "endpoints" && policy === "Local";
  }

  #announce(key: string, decision: Announced, moved: Moved | undefined): SpeakerCommand[] {
    const { announcement } = decision;
    this.#announced.set(key, announcement);
    const fields = { event: "serviceAnnounced", msg: "service has IP, announcing" };
    const isReachable = this.#isReachable(announcement);
    return [
      { kind: "announce", service: key, announcement, isReachable },
      // Right behind the announcement: its time counts until here.
      ...(moved === undefined ? [] : [moved]),
      { kind: "log", level: "info", fields: { ...fields, ...logFields(key, announcement) } },
      ...this.#announceEvents(key, decision, isReachable),
    ];
  }

  /** L2-86: until the interfaces are known, nothing is said against them. */
  #isReachable({ interfaces }: Announcement): boolean {
    const local = this.#interfaces;
    if (interfaces === undefined || local === undefined) return true;
    return [...interfaces].some((name) => local.has(name));
  }

  /** Said at every successful pass; the recorder folds repetitions (L2-150). */
  #announceEvents(key: string, decision: Announced, isReachable: boolean): SpeakerCommand[] {
    const { announcement, standing } = decision;
    const service = this.#services.get(key);
    if (service === undefined || this.#config === undefined) return [];
    const { nodeName } = this.#options;
    const assigned = nodeAssigned(service.reference, nodeName, this.#config.generation);
    const failed = isReachable ? [] : announceFailed(service.reference, nodeName, announcement);
    const outside =
      standing === "outside-subnets"
        ? [announcedOutsideSubnet(service.reference, nodeName, announcement)]
        : [];
    const ignored = preemptIgnored(service, this.#config.generation);
    return [...failed, ...outside, ...ignored, assigned].map((note) => ({
      kind: "record-event",
      note,
    }));
  }

  #withdraw(key: string, reason: WithdrawReason, isHandedOver = false): SpeakerCommand[] {
    const announcement = this.#announced.get(key);
    if (announcement === undefined) return [];
    this.#announced.delete(key);
    const fields = { event: "serviceWithdrawn", reason, msg: "withdrawing service announcement" };
    return [
      { kind: "withdraw", service: key, announcement, isHandedOver },
      { kind: "log", level: "info", fields: { ...fields, ...logFields(key, announcement) } },
    ];
  }
}

type Members = Extract<SpeakerEvent, { kind: "members" }>;
type Announced = Extract<Decision, { kind: "announce" }>;
type Moved = Extract<SpeakerCommand, { kind: "moved" }>;

interface Occasion {
  readonly cause: PassCause;
  readonly moved?: Moved;
}

function isRepeated(decision: Decision, announced: Announcement | undefined): boolean {
  return decision.kind === "announce" && !decision.replaces && announced !== undefined;
}

const nobody: ReadonlySet<string> = new Set();

const countUpdate: SpeakerCommand = { kind: "count-update", hasFailed: false };

function setOrDelete<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
