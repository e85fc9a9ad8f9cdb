/** What users ask for beside MetalLB's order: owners that keep their addresses. Inert without our annotations. */
import {
  type L2Advertisement,
  type Pool,
  preempt,
  preemptAnnotation,
  settingProblem,
} from "../config/index.ts";
import type { ServiceView } from "../kube/index.ts";
import { isShared } from "./layer2-advertisements.ts";

export interface Ownership {
  /** A node that returns takes nothing back (`metallb-ts/preempt: "false"`). */
  readonly keeps: boolean;
  /** Shares of addresses are even (`metallb-ts/spread: bounded`). */
  readonly spreads: boolean;
}

export function ownershipOf(
  pool: Pool,
  advertisements: readonly L2Advertisement[],
  service: Pick<ServiceView, "annotations">,
): Ownership {
  const asked = advertisements.some(({ preempt }) => preempt === false);
  const own = preemptOf(service);
  const spreads =
    pool.spread === "bounded" || advertisements.some(({ spread }) => spread !== undefined);
  return { keeps: own === undefined ? asked : !own, spreads };
}

/** Why the annotation of this Service is not followed; undefined: it is, or there is none. */
export function preemptProblem(service: Pick<ServiceView, "annotations">): string | undefined {
  const value = service.annotations[preemptAnnotation];
  if (value === undefined) return undefined;
  const what = `the annotation ${preemptAnnotation}=${JSON.stringify(value)} has no effect`;
  if (isShared(service)) {
    return `${what}: Services that share an address have one owner; annotate the L2Advertisement`;
  }
  const problem = settingProblem(preempt, value);
  return problem && `${what}, and the L2Advertisement decides: ${problem.fix}`;
}

/** What the Service asks for by itself. */
function preemptOf(service: Pick<ServiceView, "annotations">): boolean | undefined {
  const value = service.annotations[preemptAnnotation];
  if (value === undefined || isShared(service)) return undefined;
  return settingProblem(preempt, value) === undefined ? value === "true" : undefined;
}
