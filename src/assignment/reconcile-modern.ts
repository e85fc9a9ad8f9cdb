/** The evaluation of one service under custom resources: keep its addresses, or give it some, and say why (CTL-4). */
import {
  refusalText,
  type Allocator,
  type Assignment,
  type Claim,
  type Holding,
  type Refusal,
} from "../allocator/index.ts";
import { formatAddress, type IpAddress } from "../ip/index.ts";
import { viewService, type Service, type ServiceView } from "../kube/index.ts";
import {
  familyWishes,
  fitFamilies,
  haveSameFamilies,
  lacksClusterIp,
  prefersBoth,
  quoteList,
  readAddresses,
} from "./address-families.ts";
import type { JudgeOptions } from "./reconciler-messages.ts";
import { deprecatedKeys, readAnnotation } from "./service-annotations.ts";
import { claimOf, nameField } from "./service-claim.ts";
import { Journal, type ServiceOutcome } from "./service-outcome.ts";
import { readWish, wishToMove, type ServiceWish } from "./service-wish.ts";
import { showAddresses, showPool } from "./shown-addresses.ts";

/** One service on its way through the steps. */
interface Evaluation {
  readonly view: ServiceView;
  readonly claim: Claim;
  readonly allocator: Allocator;
  readonly journal: Journal;
}

/**
 * Applies the steps of CTL-4. The allocator is brought up to date, and what the Service shall show is
 * what the allocator says it holds. Evaluating the stored outcome again changes nothing (CTL-13).
 */
export function reconcileModern(
  service: Service,
  allocator: Allocator,
  { mayAllocate, loadBalancerClass }: JudgeOptions,
): ServiceOutcome {
  const view = viewService(service);
  const journal = new Journal();
  const claim = claimOf(view, readAnnotation(view, "allow-shared-ip").value);
  const evaluation = { view, claim, allocator, journal };
  if ((view.loadBalancerClass ?? "") !== loadBalancerClass) {
    // IPAM-62: not ours. Whatever it still holds of ours, from before its type or class changed, is free.
    const isFreed = allocator.unassign(view.key) !== undefined;
    if (isFreed) tellCleared(evaluation, "notOurClass");
    if (!isFreed || view.type === "LoadBalancer") return journal.done(service, service);
  }
  if (!mayAllocate) {
    adopt(evaluation);
    return journal.done(service, service);
  }
  journal.log("debug", { event: "startUpdate", msg: "start of service update" });
  const isLeftAlone = converge(evaluation) === "left alone";
  const wanted = isLeftAlone ? service : showHolding(service, allocator.holdingOf(view.key));
  if (wanted === service) journal.log("debug", { event: "noChange", msg: "no change" });
  else tellDeprecated(evaluation);
  journal.log("debug", { event: "endUpdate", msg: "end of service update" });
  return journal.done(service, wanted);
}

/** CTL-6: addresses and annotation travel together. */
function showHolding(service: Service, holding: Holding | undefined): Service {
  return showPool(showAddresses(service, holding?.addresses ?? []), holding?.pool);
}

/** IPAM-53: holds what the status shows, if the service may go on showing it; nothing new, and nothing is told. */
function adopt({ view, claim, allocator }: Evaluation): void {
  const shown = readAddresses(shownTexts(view));
  const own = readAddresses(view.clusterIps);
  const isServable = view.type === "LoadBalancer" && view.clusterIps.length > 0;
  // With junk as cluster IP it goes on showing what it shows (step 7).
  const isFit = shown.ok && (!own.ok || fitFamilies(shown.addresses, own.addresses, view));
  const isHolder = isServable && !lacksClusterIp(view) && isFit;
  if (!isHolder || !allocator.assign(claim, shown.addresses).ok) allocator.unassign(view.key);
}

/** IPAM-38: entries with a host name alone do not count. */
function shownTexts({ ingress }: ServiceView): readonly string[] {
  return ingress.map(({ ip = "" }) => ip).filter((ip) => ip !== "");
}

/** All the steps; "left alone": the Service is to be stored as it is, whatever it holds. */
function converge(evaluation: Evaluation): "left alone" | "settled" {
  const { view, journal } = evaluation;
  const obstacle = view.type === "LoadBalancer" ? findObstacle(evaluation) : "notLoadBalancer";
  if (obstacle !== undefined) {
    if (view.type === "LoadBalancer") journal.fail();
    release(evaluation, obstacle);
    return "settled";
  }
  const texts = shownTexts(view);
  const own = readAddresses(view.clusterIps);
  const shown = readAddresses(texts);
  if (texts.length > 0 && !shown.ok) {
    const what = `Failed to retrieve LBIPs IPFamily for ${quoteList(texts)}`;
    tellFamilyTrouble(evaluation, "nolbIPsIPFamily", `${what}: ${shown.problem}`);
  }
  if (!own.ok) return refuseFamily(evaluation, own.problem);
  const isKeepable = shown.ok && fitFamilies(shown.addresses, own.addresses, view);
  if (isKeepable) keepOrMove(evaluation, shown.addresses, own.addresses);
  else giveAnew(evaluation, own.addresses);
  return "settled";
}

/** Steps 2 to 4: why the service can have no address at all, in the words of the log. */
function findObstacle({ view, allocator, journal }: Evaluation): string | undefined {
  if (!allocator.hasPools) return "noConfig";
  if (view.clusterIps.length === 0) return "noClusterIPs";
  if (!lacksClusterIp(view)) return undefined;
  const what = "Service requires dual stack but not enough clusterips";
  journal.note("Warning", "not enough clusterips", `${what} [${view.clusterIps.join(" ")}]`);
  return "requires dual stack but clusterips are not dual stack";
}

/** Step 7, CTL-12: nothing is taken from a service whose cluster IPs make no sense, nor given to it. */
function refuseFamily(evaluation: Evaluation, problem: string): "left alone" | "settled" {
  const { view, claim, allocator, journal } = evaluation;
  const texts = shownTexts(view);
  if (texts.length === 0) {
    allocator.unassign(view.key);
    failAllocation(evaluation, `cluster IP ${problem}`);
    return "settled";
  }
  const ips = `${quoteList(view.clusterIps)} ${view.clusterIps[0]}`;
  const message = `Failed to retrieve ClusterIPs IPFamily for ${ips}: ${problem}`;
  tellFamilyTrouble(evaluation, "noclusterIPsIPFamily", message);
  journal.fail();
  // What it goes on showing must be given to nobody else.
  const shown = readAddresses(texts);
  if (shown.ok) allocator.assign(claim, shown.addresses);
  return "left alone";
}

/** Steps 9 to 13: a service that shows addresses which it may have by its families. */
function keepOrMove(
  evaluation: Evaluation,
  shown: readonly IpAddress[],
  own: readonly IpAddress[],
): void {
  const { view, claim, allocator, journal } = evaluation;
  const wish = readWish(view);
  const kept = allocator.assign(claim, shown);
  if (!kept.ok) clearRefused(evaluation, kept.refusal);
  if (wish.malformed !== undefined) {
    const error = refusalText(wish.malformed);
    const msg = "invalid requested loadbalancer IPs";
    journal.note("Warning", "LoadBalancerFailed", `${msg}: ${error}`);
    journal.log("error", { event: "loadbalancerIP", error, msg });
    return journal.fail();
  }
  if (!kept.ok) return giveAnew(evaluation, own);
  const reason = wishToMove(wish, kept.holding);
  if (reason !== undefined) return move(evaluation, { wish, own, reason, kept: kept.holding });
  // Whoever asks for one address and has it wants no second.
  if (wish.addresses.length === 0) complete(evaluation, kept.holding, own);
  return undefined;
}

/** Step 9. */
function clearRefused(evaluation: Evaluation, refusal: Refusal): void {
  const { view, allocator, journal } = evaluation;
  const error = refusalText(refusal);
  const what = `current IP for "${view.key}" not allowed by config`;
  const message = `${what}, will attempt for new IP assignment: ${error}`;
  journal.note("Normal", "ClearAssignment", message);
  tellCleared(evaluation, "notAllowedByConfig", error);
  allocator.unassign(view.key);
}

interface Move {
  readonly wish: ServiceWish;
  readonly own: readonly IpAddress[];
  readonly reason: string;
  readonly kept: Holding;
}

/** Steps 10 and 12, but nothing that works is taken away for a wish that cannot be met. */
function move(evaluation: Evaluation, { wish, own, reason, kept }: Move): void {
  const given = give(evaluation, wish, own);
  if (!given.ok) {
    const keeps = `; it keeps ${kept.addresses.map(formatAddress).join(" ")}`;
    return failAllocation(evaluation, refusalText(given.refusal) + keeps);
  }
  tellCleared(evaluation, reason);
  tellGiven(evaluation, given.holding);
  return complete(evaluation, given.holding, own);
}

/** Step 13, IPAM-32: a second address for a service that has one and would rather have both. */
function complete(evaluation: Evaluation, kept: Holding, own: readonly IpAddress[]): void {
  const { view, claim, allocator, journal } = evaluation;
  if (kept.addresses.length > 1 || !prefersBoth(view, own)) return;
  const family = kept.addresses[0]?.family === 4 ? 6 : 4;
  journal.log("debug", {
    event: "tryAssignAdditionalIP",
    msg: `trying to add an IPv${family} address`,
  });
  const extended = allocator.extend(claim, family);
  if (!extended.ok) {
    const error = refusalText(extended.refusal);
    const message = `cannot assign additional IP in PreferDualStack: ${error}`;
    journal.note("Normal", "AdditionalAssignFailed", message);
    return journal.wait();
  }
  const ip = extended.holding.addresses.slice(1).map(formatAddress).join();
  journal.note("Normal", "IPAllocated", `Assigned additional IP "${ip}"`);
  const fields = { event: "ipAllocated", ip, pool: extended.holding.pool };
  journal.log("info", { ...fields, msg: "additional IP address assigned by controller" });
}

/** Steps 8 and 14: whatever it held is free, also for itself. */
function giveAnew(evaluation: Evaluation, own: readonly IpAddress[]): void {
  evaluation.allocator.unassign(evaluation.view.key);
  const given = give(evaluation, readWish(evaluation.view), own);
  if (!given.ok) return failAllocation(evaluation, refusalText(given.refusal));
  tellGiven(evaluation, given.holding);
  return complete(evaluation, given.holding, own);
}

/** IPAM-12: the asked addresses, else the asked pool, else any pool; no fallback. */
function give(
  { view, claim, allocator }: Evaluation,
  wish: ServiceWish,
  own: readonly IpAddress[],
): Assignment {
  const { malformed, addresses, addressField, pool } = wish;
  if (malformed !== undefined) return { ok: false, refusal: malformed };
  if (addresses.length > 0) {
    if (!haveSameFamilies(addresses, own)) return otherFamilies(wish);
    const onlyPool = pool.value === "" ? undefined : pool.value;
    return nameField(addressField, allocator.assignAsked(claim, addresses, onlyPool));
  }
  const wishes = familyWishes(view, own);
  if (pool.value === "") return allocator.allocate(claim, wishes);
  return nameField(`annotation ${pool.key}`, allocator.allocateFromPool(claim, pool.value, wishes));
}

function otherFamilies({ addresses, addressField }: ServiceWish): Assignment {
  const asked = quoteList(addresses.map(formatAddress));
  const problem =
    `${addressField}: requested loadBalancer IP(s) ${asked} ` +
    "does not match the ipFamily of the service";
  const fix = "ask for one address of each family of spec.clusterIPs";
  return { ok: false, refusal: { reason: "unfit-addresses", problem, fix } };
}

function failAllocation({ view, journal }: Evaluation, error: string): void {
  journal.note("Warning", "AllocationFailed", `Failed to allocate IP for "${view.key}": ${error}`);
  journal.log("error", { op: "allocateIPs", error, msg: "IP allocation failed" });
  journal.fail();
}

function tellGiven({ journal }: Evaluation, { addresses, pool }: Holding): void {
  const ip = addresses.map(formatAddress);
  journal.note("Normal", "IPAllocated", `Assigned IP ${quoteList(ip)}`);
  journal.log("info", {
    event: "ipAllocated",
    ip,
    pool,
    msg: "IP address assigned by controller",
  });
}

/** Takes back what the service holds and shows. */
function release(evaluation: Evaluation, reason: string): void {
  const { view, allocator } = evaluation;
  const isHolder = allocator.unassign(view.key) !== undefined;
  if (isHolder || view.ingress.length > 0) tellCleared(evaluation, reason);
}

function tellCleared({ journal }: Evaluation, reason: string, error?: string): void {
  const fields = { event: "clearAssignment", reason, ...(error !== undefined && { error }) };
  journal.log("info", { ...fields, msg: "address taken back from the service" });
}

function tellFamilyTrouble({ journal }: Evaluation, reason: string, message: string): void {
  journal.note("Warning", reason, message);
  journal.log("error", { event: "clearAssignment", reason, msg: message });
}

/** IPAM-71: only when something is written anyway, or each pass would repeat it. */
function tellDeprecated({ view, journal }: Evaluation): void {
  for (const annotation of deprecatedKeys(view)) {
    const message = `Service uses deprecated annotation ${annotation}`;
    journal.note("Warning", "deprecatedAnnotation", message);
    const msg = "deprecated annotation; write it with the prefix metallb.io/";
    journal.log("warn", { event: "deprecatedAnnotation", annotation, msg });
  }
}
