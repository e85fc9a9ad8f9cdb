/** Whether this node announces a service, and if not, why not: the rules of each generation in their order (L2-1..L2-11). */

import { type Config, type Generation, type Pool, poolContaining } from "../config/index.ts";
import {
  type ElectionRefusal,
  type ElectionSubject,
  interfacesOn,
  notReadyBy,
  objectionOf,
  refusalOf,
  type LegacyElection,
  type ModernElection,
  type NodeObjection,
  type OwnerStanding,
  type ServiceEndpoint,
  type ServiceObjection,
} from "../election/index.ts";
import { type IpAddress, parseAddress } from "../ip/index.ts";
import type { AnsweringAbility } from "../layer2/index.ts";
import {
  type ObjectReference,
  type Service,
  type ServiceView,
  viewService,
} from "../kube/index.ts";

/** The words that stand in the log as `reason`. */
export type WithdrawReason =
  | "serviceDeleted"
  | "notLoadBalancer"
  | "noIPAllocated"
  | "invalidIP"
  | "ipNotAllowed"
  | "protocolChanged"
  | "loadBalancerIPChanged"
  | ElectionRefusal
  /** Ours: it belongs to another load balancer now. */
  | "otherLoadBalancerClass"
  /** Ours: the pool asks for something that this speaker does not do yet. */
  | "notSupported";

/** What this node announces for a service. */
export interface Announcement {
  /** In the order of the service's status; later releases elect by the first (L2-41). */
  readonly ips: readonly IpAddress[];
  readonly pool: string;
  readonly protocol: "layer2";
  /** Names that the advertisements list, also of interfaces that this node does not have; undefined: all. */
  readonly interfaces: ReadonlySet<string> | undefined;
}

export type Decision =
  /** Nothing may be decided before there is a configuration. */
  | { readonly kind: "wait" }
  /** `owner`: the node that is elected instead; absent: nobody, or the Service has nothing to announce. */
  | ({
      readonly kind: "withdraw";
      readonly reason: WithdrawReason;
      /** The interfaces of this node cannot answer, or have been able to only for a moment. */
      readonly isUnable?: boolean;
      /** The shares of addresses are even once this node claims it. */
      readonly isToClaim?: boolean;
    } & OtherOwner &
      ClaimedAddress)
  /** `replaces`: the announcement in force must be withdrawn first, for this reason. */
  | ({
      readonly kind: "announce";
      readonly announcement: Announcement;
      readonly replaces?: WithdrawReason;
      /** What speaks against the former owner now; absent where nothing does, or there was none. */
      readonly objection?: Objection;
    } & ClaimedAddress &
      Standing);

/** The address whose owner our speakers claim, in canonical text; absent where MetalLB's order alone decides. */
interface ClaimedAddress {
  readonly claimed?: string;
}

interface Standing {
  /** What besides MetalLB's order makes the owner, this node or another, the owner; absent: nothing. */
  readonly standing?: OwnerStanding;
}

interface OtherOwner extends Standing {
  readonly owner?: string;
  /** Names that the advertisements by which it announces list; absent: all. */
  readonly interfaces?: ReadonlySet<string>;
}

export type Objection = NodeObjection | ServiceObjection;

/** What is kept of a service, for events and for what the rules read: made once for each version. */
export interface KnownService {
  readonly reference: ObjectReference;
  readonly view: ServiceView;
  /** Of the status; undefined where one does not parse, or is only a host name (L2-5). */
  readonly ips: readonly IpAddress[] | undefined;
}

export function knownService(object: Service): KnownService {
  const view = viewService(object);
  const ips = view.ingress.map(({ ip = "" }) => parseAddress(ip));
  const { namespace = "", name, uid } = object.metadata;
  const reference = { kind: "Service", apiVersion: "v1", namespace, name, ...(uid && { uid }) };
  return { reference, view, ips: ips.every((ip) => ip !== undefined) ? ips : undefined };
}

export interface AnnouncementInput {
  readonly serviceKey: string;
  readonly service: KnownService | undefined;
  /** Undefined: the service has no Endpoints object and no slices. */
  readonly endpoints: readonly ServiceEndpoint[] | undefined;
  readonly config: Config | undefined;
  readonly announced: Announcement | undefined;
  /** Another node that owned the address until now, as far as we know. */
  readonly formerOwner: string | undefined;
  readonly nodeName: string;
  /** `--lb-class`; empty: only services without a class are ours (L2-13). */
  readonly lbClass: string;
  /** v0.9.5: may the speaker of a node be counted on? */
  readonly isAlive: (nodeName: string) => boolean;
  /** What the interfaces of a node can answer; undefined for stock speakers. */
  readonly abilityOf: (nodeName: string) => AnsweringAbility | undefined;
  /** What speaks against a node, whatever the service. */
  readonly nodeObjection: (nodeName: string) => NodeObjection | undefined;
  readonly elections: { readonly legacy: LegacyElection; readonly modern: ModernElection };
}

/** Decides about one service from one view of the cluster. */
export function decideAnnouncement(input: AnnouncementInput): Decision {
  const { service, endpoints, config } = input;
  if (service === undefined) return withdraw("serviceDeleted");
  // For v0.9.5 a service without Endpoints counts as deleted (L2-11, K8S-8).
  const isForgotten = endpoints === undefined && config?.generation === "legacy";
  if (isForgotten) return withdraw("serviceDeleted");
  if (service.view.type !== "LoadBalancer") return withdraw("notLoadBalancer");
  return config === undefined ? { kind: "wait" } : decideWith(config, { ...input, service });
}

type ServiceInput = AnnouncementInput & { readonly service: KnownService };

/** What later releases elect about, where the service has addresses that are ours to announce. */
export function announcedSubject(
  config: Config,
  input: Pick<AnnouncementInput, "endpoints" | "lbClass"> & { readonly service: KnownService },
): ElectionSubject | undefined {
  const { service, lbClass } = input;
  const { loadBalancerClass = "", type } = service.view;
  if (type !== "LoadBalancer" || loadBalancerClass !== lbClass) return undefined;
  if (refusalOfIngress(service, config.generation) !== undefined) return undefined;
  const ips = service.ips ?? [];
  const pool = commonPool(config, ips);
  return pool === undefined || pool.protocol === "bgp" ? undefined : subjectOf(input, ips, pool);
}

/** The decision about a service of type LoadBalancer. */
function decideWith(config: Config, input: ServiceInput): Decision {
  const { service, lbClass } = input;
  const { generation } = config;
  const { loadBalancerClass = "" } = service.view;
  const isOurs = generation === "legacy" || loadBalancerClass === lbClass;
  const refusal = isOurs ? refusalOfIngress(service, generation) : "otherLoadBalancerClass";
  if (refusal !== undefined) return withdraw(refusal);
  const ips = service.ips ?? [];
  const pool = commonPool(config, ips);
  return pool === undefined ? withdraw("ipNotAllowed") : decideOwner(input, ips, pool, generation);
}

/** v0.9.5 serves one address, later releases any number (L2-4, L2-5). */
function refusalOfIngress(
  { view, ips }: KnownService,
  generation: Generation,
): WithdrawReason | undefined {
  const { length } = view.ingress;
  const isCountRight = generation === "legacy" ? length === 1 : length > 0;
  if (!isCountRight) return "noIPAllocated";
  return ips === undefined ? "invalidIP" : undefined;
}

/** The one pool that contains all addresses (L2-6). */
function commonPool(config: Config, ips: readonly IpAddress[]): Pool | undefined {
  const [pool, ...others] = ips.map((ip) => poolContaining(config, ip));
  return others.every((other) => other === pool) ? pool : undefined;
}

/** The rest of the decision, about addresses that are ours to announce. */
function decideOwner(
  input: ServiceInput,
  ips: readonly IpAddress[],
  pool: Pool,
  generation: Generation,
): Decision {
  const changed = changeOf(input.announced, ips, pool);
  if (pool.protocol === "bgp") return withdraw(changed ?? "notSupported");
  const elected =
    generation === "legacy"
      ? electLegacy(input, ips, pool)
      : electModern(input, subjectOf(input, ips, pool));
  if ("reason" in elected)
    return { ...elected, kind: "withdraw", reason: changed ?? elected.reason };
  const { interfaces, objection, claimed, standing } = elected;
  return {
    kind: "announce",
    ...(claimed !== undefined && { claimed }),
    announcement: { ips, pool: pool.name, protocol: "layer2", interfaces },
    ...(changed !== undefined && { replaces: changed }),
    ...(objection !== undefined && { objection }),
    ...(standing !== undefined && { standing }),
  };
}

type Elected = ClaimedAddress &
  Standing &
  (
    | ({
        readonly reason: ElectionRefusal;
        readonly isUnable?: boolean;
        readonly isToClaim?: boolean;
      } & OtherOwner)
    | {
        readonly interfaces: Announcement["interfaces"];
        readonly objection: Objection | undefined;
      }
  );

function electLegacy(input: AnnouncementInput, [ip]: readonly IpAddress[], pool: Pool): Elected {
  const { serviceKey, endpoints = noEndpoints, isAlive, abilityOf, elections } = input;
  const offer = ip && { ip, advertisements: pool.l2Advertisements };
  const owner = elections.legacy.elected(
    serviceKey,
    endpoints,
    isAlive,
    offer && { offer, abilityOf },
  );
  const linkObjection = (node: string): ServiceObjection | undefined => {
    const ability = abilityOf(node);
    const detail = ability && offer && notReadyBy(ability, offer, node);
    return detail === undefined ? undefined : { because: "link", detail };
  };
  if (owner !== input.nodeName) {
    return notOurs(input, "notOwner", { ...(owner !== undefined && { owner }), of: linkObjection });
  }
  const objection = objectionTo(input, (former) => {
    const isReady = endpoints.some((one) => one.isReady && one.nodeName === former);
    const detail = "no endpoint of the service is ready on it";
    return isReady ? linkObjection(former) : { because: "endpoints", detail };
  });
  return { interfaces: undefined, objection };
}

/** `of`: what speaks against a node, as far as the Service is concerned. */
function notOurs(
  { announced, nodeName }: AnnouncementInput,
  reason: ElectionRefusal,
  { of, ...other }: OtherOwner & { of: (node: string) => ServiceObjection | undefined },
): Elected {
  if (other.owner === undefined) return { reason };
  const isUnable = announced !== undefined && of(nodeName)?.because === "link";
  return { reason, ...other, ...(isUnable && { isUnable }) };
}

function objectionTo(
  { formerOwner, nodeObjection }: AnnouncementInput,
  ofService: (node: string) => ServiceObjection | undefined,
): Objection | undefined {
  if (formerOwner === undefined) return undefined;
  return nodeObjection(formerOwner) ?? ofService(formerOwner);
}

const noEndpoints: readonly ServiceEndpoint[] = [];

function electModern(input: ServiceInput, subject: ElectionSubject | undefined): Elected {
  if (subject === undefined) return { reason: "notOwner" };
  const { nodeName, elections, abilityOf } = input;
  const outcome = elections.modern.elect(subject);
  const { owner, standing, claimed } = outcome;
  const interfaces = owner === undefined ? undefined : interfacesOn(outcome.advertisements, owner);
  const refusal = refusalOf(outcome, nodeName);
  const of = (node: string) => objectionOf(outcome, node, abilityOf(node));
  const told = {
    ...(claimed !== undefined && { claimed }),
    ...(standing !== undefined && { standing }),
  };
  if (refusal === undefined) return { interfaces, objection: objectionTo(input, of), ...told };
  const other = {
    ...(owner !== undefined && { owner }),
    ...(interfaces !== undefined && { interfaces }),
  };
  const isToClaim = outcome.claimant === nodeName && { isToClaim: true };
  return { ...notOurs(input, refusal, { ...other, of }), ...isToClaim, ...told };
}

function subjectOf(
  { service, endpoints = noEndpoints }: Pick<ServiceInput, "service" | "endpoints">,
  [ip]: readonly IpAddress[],
  pool: Pool,
): ElectionSubject | undefined {
  return ip && { service: service.view, ip, pool, endpoints };
}

/** What makes the announcement in force wrong, whoever is elected (L2-7, L2-8). */
function changeOf(
  announced: Announcement | undefined,
  ips: readonly IpAddress[],
  pool: Pool,
): WithdrawReason | undefined {
  if (announced === undefined) return undefined;
  if (pool.protocol === "bgp") return "protocolChanged";
  return isSameSet(announced.ips, ips) ? undefined : "loadBalancerIPChanged";
}

function isSameSet(a: readonly IpAddress[], b: readonly IpAddress[]): boolean {
  const isIn = (list: readonly IpAddress[], { family, value }: IpAddress): boolean =>
    list.some((other) => other.family === family && other.value === value);
  return a === b || (a.length === b.length && a.every((ip) => isIn(b, ip)));
}

function withdraw(reason: WithdrawReason): Decision {
  return { kind: "withdraw", reason };
}
