/** What a Service asks for when custom resources are in force: addresses, a pool, or nothing special (IPAM-12, IPAM-35). */
import type { Holding, Refusal } from "../allocator/index.ts";
import { compareAddresses, type IpAddress } from "../ip/index.ts";
import type { ServiceView } from "../kube/index.ts";
import { readAddresses } from "./address-families.ts";
import { readAnnotation, type Annotation } from "./service-annotations.ts";

export interface ServiceWish {
  /** Why the addresses asked for make no sense. */
  readonly malformed?: Refusal;
  /** In the order of the annotation; none at all if none are asked for. */
  readonly addresses: readonly IpAddress[];
  /** Where they are asked for. */
  readonly addressField: string;
  /** Its value is empty if no pool is asked for. */
  readonly pool: Annotation;
}

export function readWish(view: ServiceView): ServiceWish {
  const pool = readAnnotation(view, "address-pool");
  const listed = readAnnotation(view, "loadBalancerIPs");
  const isListed = listed.value !== "";
  const addressField = isListed ? `annotation ${listed.key}` : "spec.loadBalancerIP";
  const nothing = { addresses: [], addressField, pool };
  if (!isListed && view.loadBalancerIp === "") return nothing;
  if (isListed && view.loadBalancerIp !== "") {
    const problem = `service can not have both ${listed.key} and spec.loadBalancerIP`;
    return { ...nothing, malformed: unfit(problem, "remove one of them") };
  }
  const texts = isListed
    ? listed.value.split(",").map((text) => text.trim())
    : [view.loadBalancerIp];
  const read = readAddresses(texts);
  if (read.ok) return { ...nothing, addresses: read.addresses };
  const fix = "use one address of a pool, or one of each family";
  return { ...nothing, malformed: unfit(`${addressField}: ${read.problem}`, fix) };
}

function unfit(problem: string, fix: string): Refusal {
  return { reason: "unfit-addresses", problem, fix };
}

/** Whether the service asks for something else than it holds, in the words of the log. */
export function wishToMove(
  { pool, addresses }: ServiceWish,
  holding: Holding,
): "differentPoolRequested" | "differentIPRequested" | undefined {
  if (pool.value !== "" && pool.value !== holding.pool) return "differentPoolRequested";
  const isAsked = addresses.length > 0;
  return isAsked && !isSameSet(addresses, holding.addresses) ? "differentIPRequested" : undefined;
}

/** IPAM-34: the order of two addresses says nothing. */
function isSameSet(a: readonly IpAddress[], b: readonly IpAddress[]): boolean {
  return (
    a.length === b.length && a.every((one) => b.some((other) => compareAddresses(one, other) === 0))
  );
}
