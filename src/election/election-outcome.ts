/** What one election about a Service's address tells: the same to all nodes that know the same, and what follows for one. */
import type { L2Advertisement, Pool } from "../config/index.ts";
import type { IpAddress } from "../ip/index.ts";
import type { ServiceView } from "../kube/index.ts";
import type { AnsweringAbility } from "../layer2/index.ts";
import { notReadyBy } from "./advertised-readiness.ts";
import { isSharedButSelected, selectsNode } from "./layer2-advertisements.ts";
import type { OwnerStanding } from "./owner-standing.ts";
import { type ServiceEndpoint, servingNodes } from "./service-endpoints.ts";

/** What an election is about. The same objects again mean that nothing changed. */
export interface ElectionSubject {
  readonly service: ServiceView;
  /** The first ingress address (L2-41). */
  readonly ip: IpAddress;
  readonly pool: Pool;
  readonly endpoints: readonly ServiceEndpoint[];
}

/** Why a service is announced by no node, or not by one: words of the log. */
export type ElectionRefusal =
  | "notOwner"
  | "noMatchingAdvertisement"
  | "sharedIPWithServiceSelector";

/** Why a node may not announce one service. */
export interface ServiceObjection {
  readonly because: "configuration" | "endpoints" | "link";
  readonly detail: string;
}

export interface ElectionOutcome {
  readonly subject: ElectionSubject;
  /** Those of the pool that match the Service (L2-36). */
  readonly advertisements: readonly L2Advertisement[];
  /** Who announces the address; undefined: nobody. */
  readonly owner: string | undefined;
  /** Why no node may announce it, however many there are; undefined: the nodes decide. */
  readonly refusal: ElectionRefusal | undefined;
  /** What besides MetalLB's order makes the owner the owner; undefined: nothing, or there is none. */
  readonly standing: OwnerStanding | undefined;
  /** The node that is to claim it from an owner that lives, so that the shares are even; undefined: none is. */
  readonly claimant: string | undefined;
  /** The address, in canonical text, where its owner is claimed so that it stays; undefined: the order alone decides. */
  readonly claimed: string | undefined;
}

/** Why no node may announce it, in the order of the rules (L2-20, L2-37); undefined: the nodes decide. */
export function refusalOfAll(
  { endpoints, service }: ElectionSubject,
  advertisements: readonly L2Advertisement[],
): ElectionRefusal | undefined {
  if (!endpoints.some(({ canServe }) => canServe)) return "notOwner";
  return isSharedButSelected(advertisements, service) ? "sharedIPWithServiceSelector" : undefined;
}

/** Why `node` does not announce it (L2-20, L2-31, L2-32, L2-37); undefined: it does. */
export function refusalOf(
  { refusal, advertisements, owner }: ElectionOutcome,
  node: string,
): ElectionRefusal | undefined {
  if (refusal !== undefined) return refusal;
  if (!selectsNode(advertisements, node)) return "noMatchingAdvertisement";
  return owner === node ? undefined : "notOwner";
}

/**
 * What keeps `node` from announcing this service, where its Node object and its speaker do not; undefined: nothing.
 * `ability`: what its interfaces can answer; undefined for stock speakers.
 */
export function objectionOf(
  { subject, advertisements }: Pick<ElectionOutcome, "subject" | "advertisements">,
  node: string,
  ability: AnsweringAbility | undefined,
): ServiceObjection | undefined {
  if (!selectsNode(advertisements, node)) {
    return { because: "configuration", detail: "no matching L2Advertisement selects it" };
  }
  if (isLocal(subject) && !servingNodes(subject.endpoints).has(node)) {
    const detail = "externalTrafficPolicy is Local and no endpoint on it can serve";
    return { because: "endpoints", detail };
  }
  const detail = ability && notReadyBy(ability, { ip: subject.ip, advertisements }, node);
  return detail === undefined ? undefined : { because: "link", detail };
}

/** Only nodes with an endpoint that can serve stand (L2-23). */
export function isLocal({ service }: ElectionSubject): boolean {
  return service.externalTrafficPolicy === "Local";
}
