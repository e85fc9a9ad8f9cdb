/** The evaluation of one service as v0.9.5 does it: keep its address, or give it one, and say why. */
import { refusalText, type Allocator, type Assignment, type Refusal } from "../allocator/index.ts";
import {
  compareAddresses,
  formatAddress,
  parseAddress,
  type Family,
  type IpAddress,
} from "../ip/index.ts";
import { serviceKey, type Service } from "../kube/index.ts";
import { nameField } from "./service-claim.ts";
import { Journal, type ServiceOutcome } from "./service-outcome.ts";
import { poolAnnotation, readRequest, type ServiceRequest } from "./service-request.ts";
import { showAddresses } from "./shown-addresses.ts";

export interface ReconcileOptions {
  /** False until all holders were replayed: adopt what status shows, give nothing new (LC-20). */
  readonly mayAllocate: boolean;
}

/**
 * Applies the steps of CTL-4 with the differences of section 1. The allocator is brought up to
 * date; everything else is in the outcome. Evaluating the stored outcome again changes nothing
 * (CTL-13).
 */
export function reconcileService(
  service: Service,
  allocator: Allocator,
  { mayAllocate }: ReconcileOptions,
): ServiceOutcome {
  const journal = new Journal();
  const key = serviceKey(service.metadata);
  const request = readRequest(service);
  if (typeof request === "string") {
    // LC-25: silent for users, and nobody else is looked at anew.
    if (allocator.unassign(key) !== undefined) cleared(journal, request);
    return journal.done(service, showAddresses(service, []));
  }
  const kept = keepAddress(service, request, allocator, journal);
  if (kept !== undefined) {
    const isMoving = wishToMove(kept, request, allocator) !== undefined;
    if (isMoving && !mayAllocate) return journal.retry();
    const address = isMoving ? moveOrStay(kept, request, allocator, journal) : kept;
    return journal.done(service, showAddresses(service, [address]));
  }
  allocator.unassign(key);
  if (!mayAllocate) {
    const error = "not all services were seen yet; will be tried again";
    // Said by v0.9.5 as an error, thousands of times at the start of a big cluster; nothing is wrong.
    journal.log("debug", { op: "allocateIP", error, msg: "controller not synced" });
    return journal.retry();
  }
  const given = giveAddress(request, allocator, journal);
  return journal.done(service, showAddresses(service, given === undefined ? [] : [given]));
}

/** The address that status shows, or the one it moves to because it asks for another; none if it may not stay. */
function keepAddress(
  service: Service,
  request: ServiceRequest,
  allocator: Allocator,
  journal: Journal,
): IpAddress | undefined {
  const shown = shownAddress(service);
  if (shown === undefined) return undefined;
  if (shown.family !== request.family) return cleared(journal, "nolbIPsIPFamily");
  const assignment = allocator.assign(request.claim, [shown]);
  if (!assignment.ok) {
    const error = refusalText(assignment.refusal);
    const what = `current IP for "${request.claim.service}" not allowed by config`;
    const message = `${what}, will attempt for new IP assignment: ${error}`;
    journal.note("Normal", "ClearAssignment", message);
    return cleared(journal, "notAllowedByConfig", error);
  }
  return shown;
}

/** Whether the service asks for something else than it holds; LC-26: a wanted address beats a wanted pool. */
function wishToMove(
  shown: IpAddress,
  request: ServiceRequest,
  allocator: Allocator,
): "differentIPRequested" | "differentPoolRequested" | undefined {
  const { addressText, pool, claim } = request;
  if (addressText !== "") {
    const asked = parseAddress(addressText);
    const isSame = asked !== undefined && compareAddresses(asked, shown) === 0;
    return isSame ? undefined : "differentIPRequested";
  }
  const isThere = pool === "" || pool === allocator.holdingOf(claim.service)?.pool;
  return isThere ? undefined : "differentPoolRequested";
}

/** Moves the service, or tells why not and leaves it what it has: nothing that works is taken away for a refusal. */
function moveOrStay(
  shown: IpAddress,
  request: ServiceRequest,
  allocator: Allocator,
  journal: Journal,
): IpAddress {
  const reason = wishToMove(shown, request, allocator);
  if (reason === undefined) return shown;
  if (request.addressText !== "" && parseAddress(request.addressText) === undefined) {
    const error = refusalText(malformedAddress(request.addressText, request.family));
    journal.note("Warning", "LoadBalancerFailed", `invalid requested loadbalancer IPs: ${error}`);
    journal.log("error", { event: "loadbalancerIP", error, msg: "requested address is invalid" });
    return shown;
  }
  const moved = giveAddress(request, allocator, journal, shown);
  if (moved === undefined) return shown;
  cleared(journal, reason);
  return moved;
}

/** LC-23: exactly one entry with an address; anything else counts as none. */
function shownAddress(service: Service): IpAddress | undefined {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  return ingress.length === 1 ? parseAddress(ingress[0]?.ip ?? "") : undefined;
}

/** A new address, announced as an event; or none, with the reason as an event. `kept` is told as what remains. */
function giveAddress(
  request: ServiceRequest,
  allocator: Allocator,
  journal: Journal,
  kept?: IpAddress,
): IpAddress | undefined {
  const given = allocate(request, allocator);
  const address = given.ok ? given.holding.addresses[0] : undefined;
  if (!given.ok || address === undefined) {
    const error = given.ok ? "the pool gave no address" : refusalText(given.refusal);
    const message = `Failed to allocate IP for "${request.claim.service}": ${error}`;
    const rest = kept === undefined ? "" : `; it keeps ${formatAddress(kept)}`;
    journal.wait();
    journal.note("Warning", "AllocationFailed", message + rest);
    journal.log("error", { op: "allocateIP", error, msg: "IP allocation failed" });
    return undefined;
  }
  const ip = formatAddress(address);
  journal.note("Normal", "IPAllocated", `Assigned IP "${ip}"`);
  const fields = { event: "ipAllocated", ip, pool: given.holding.pool };
  journal.log("info", { ...fields, msg: "IP address assigned by controller" });
  return address;
}

/** LC-26: the asked address, else the asked pool, else any pool. */
function allocate(request: ServiceRequest, allocator: Allocator): Assignment {
  const { claim, family, addressText, pool } = request;
  const wishes = [[family]];
  if (addressText !== "") {
    const asked = parseAddress(addressText);
    if (asked === undefined) return { ok: false, refusal: malformedAddress(addressText, family) };
    if (asked.family !== family) return { ok: false, refusal: otherFamily(addressText, family) };
    return nameField("spec.loadBalancerIP", allocator.assignAsked(claim, [asked]));
  }
  if (pool === "") return allocator.allocate(claim, wishes);
  const field = `annotation ${poolAnnotation}`;
  return nameField(field, allocator.allocateFromPool(claim, pool, wishes));
}

function malformedAddress(text: string, family: Family): Refusal {
  const problem = `spec.loadBalancerIP: "${text}" is not an IP address`;
  const fix = `use an IPv${family} address of a pool, or remove the field`;
  return { reason: "unfit-addresses", problem, fix };
}

function otherFamily(text: string, family: Family): Refusal {
  const problem = `spec.loadBalancerIP: "${text}" is not of the family of spec.clusterIP`;
  const fix = `use an IPv${family} address of a pool, or remove the field`;
  return { reason: "unfit-addresses", problem, fix };
}

function cleared(journal: Journal, reason: string, error?: string): undefined {
  const fields = { event: "clearAssignment", reason, ...(error !== undefined && { error }) };
  journal.log("info", { ...fields, msg: "address taken back from the service" });
}
