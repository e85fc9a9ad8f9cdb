/** What the evaluation of one service asks for: the Service to store, events, log lines. */
import { formatAddress, type IpAddress } from "../ip/index.ts";
import type { EventNote, Service } from "../kube/index.ts";

export interface ServiceOutcome {
  /**
   * `done`: nothing more until something changes; `waiting`: nor before an address becomes free;
   * `retry`: come back with back-off.
   */
  readonly result: "done" | "waiting" | "retry";
  /** The Service to store through its status subresource; absent if it is as it should be. */
  readonly changed?: Service;
  readonly notes: readonly ServiceNote[];
  readonly logs: readonly ServiceLog[];
}

export type ServiceNote = Omit<EventNote, "object">;

export interface ServiceLog {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Collects what happened while the rules were applied to one service. */
export class Journal {
  readonly #notes: ServiceNote[] = [];
  readonly #logs: ServiceLog[] = [];
  #isWaiting = false;

  note(type: ServiceNote["type"], reason: string, message: string): void {
    this.#notes.push({ type, reason, message });
  }

  log(level: ServiceLog["level"], fields: ServiceLog["fields"]): void {
    this.#logs.push({ level, fields });
  }

  /** The service asks for an address that it cannot have now. */
  wait(): void {
    this.#isWaiting = true;
  }

  /** The status shall show exactly this address, or none. */
  done(service: Service, address: IpAddress | undefined): ServiceOutcome {
    const changed = address === undefined ? withoutIngress(service) : withIngress(service, address);
    const result = this.#isWaiting ? "waiting" : "done";
    const outcome = { result, notes: this.#notes, logs: this.#logs } as const;
    return changed === service ? outcome : { ...outcome, changed };
  }

  /** Nothing is stored; the next evaluation starts from the same Service. */
  retry(): ServiceOutcome {
    return { result: "retry", notes: this.#notes, logs: this.#logs };
  }
}

/** The Service itself if its status shows just this address, whatever else the server adds there. */
function withIngress(service: Service, address: IpAddress): Service {
  const ip = formatAddress(address);
  const shown = service.status?.loadBalancer?.ingress ?? [];
  if (shown.length === 1 && shown[0]?.ip === ip && !shown[0].hostname) return service;
  return { ...service, status: { ...service.status, loadBalancer: { ingress: [{ ip }] } } };
}

function withoutIngress(service: Service): Service {
  if (!service.status?.loadBalancer?.ingress?.length) return service;
  return { ...service, status: { ...service.status, loadBalancer: {} } };
}
