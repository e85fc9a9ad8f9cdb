/** What goes into the controller's machine, and what comes out of it. */
import type { Allocator, PoolUsage } from "../allocator/index.ts";
import type { ConfigOutcome } from "../config/index.ts";
import type { Service } from "../kube/index.ts";
import type { ProbeAnswer } from "./probe-answer.ts";
import type { ServiceLog, ServiceNote, ServiceOutcome } from "./service-outcome.ts";

export type ReconcilerEvent =
  /** A Service as the API server has it now; undefined: it was deleted. */
  | { readonly kind: "service"; readonly key: string; readonly service: Service | undefined }
  /** The first whole list of Services has been told. */
  | { readonly kind: "servicesListed" }
  /** What came of looking at the configuration; an accepted one is in force from here on. */
  | { readonly kind: "config"; readonly outcome: ConfigOutcome }
  /** The answer to `writeStatus`: the Service as stored, or why it was not. */
  | { readonly kind: "written"; readonly key: string; readonly service: Service }
  | { readonly kind: "writeFailed"; readonly key: string; readonly error: string }
  | ProbedEvent
  | { readonly kind: "wake" };

/** The answer to `probe`. */
export interface ProbedEvent {
  readonly kind: "probed";
  readonly address: string;
  readonly answer: ProbeAnswer;
}

export type ReconcilerCommand =
  /** Store metadata and status of `service` through its status subresource; answer with `written` or `writeFailed`. */
  | {
      readonly kind: "writeStatus";
      readonly key: string;
      readonly service: Service;
      /** The Service shows no address yet: somebody waits for this write. */
      readonly isAwaited: boolean;
    }
  | { readonly kind: "recordOnService"; readonly service: Service; readonly note: ServiceNote }
  /** An event on the legacy ConfigMap. */
  | { readonly kind: "recordOnConfig"; readonly note: ServiceNote }
  | { readonly kind: "log"; readonly level: LogLevel; readonly fields: LogFields }
  | { readonly kind: "count"; readonly what: "updates" | "updateErrors" }
  | { readonly kind: "gauge"; readonly what: "configLoaded" | "configStale"; readonly value: 0 | 1 }
  | PoolUsageChange
  /** Ask on the wire who has the address, and answer with `probed` in a second or two at most, come what may. */
  | { readonly kind: "probe"; readonly address: string; readonly pool: string }
  /** Such questions may come soon. */
  | { readonly kind: "prepareProbe"; readonly address: string; readonly pool: string }
  /** An event on an IPAddressPool. */
  | { readonly kind: "recordOnPool"; readonly pool: string; readonly note: ServiceNote }
  | { readonly kind: "countProbe"; readonly answer: ProbeAnswer["kind"] }
  /** Send `wake` after so long, at the latest; a later `wakeAfter` replaces it. */
  | { readonly kind: "wakeAfter"; readonly ms: number };

/** The pools whose numbers changed, with the new ones, and the names of those that are gone (ST-1, ST-3, MET-11). */
export interface PoolUsageChange {
  readonly kind: "poolUsage";
  readonly pools: readonly PoolUsage[];
  readonly removed: readonly string[];
}

export type LogLevel = ServiceLog["level"];
export type LogFields = ServiceLog["fields"];

/** The rules of allocation of one generation. */
export type JudgeService = (
  service: Service,
  allocator: Allocator,
  options: JudgeOptions,
) => ServiceOutcome;

export interface JudgeOptions {
  /** False until all holders were replayed: adopt what the status shows, give nothing new (LC-20, IPAM-53). */
  readonly mayAllocate: boolean;
  /** Whose services are looked at; empty: those without a class (IPAM-62). */
  readonly loadBalancerClass: string;
}
