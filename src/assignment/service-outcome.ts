/** What the evaluation of one service asks for: the Service to store, events, log lines. */
import type { EventNote, Service } from "../kube/index.ts";

export interface ServiceOutcome {
  /**
   * `done`: nothing more until something changes; `waiting`: nor before an address becomes free;
   * `failed`: the same, and it is an error (CTL-5); `retry`: come back with back-off.
   */
  readonly result: "done" | "waiting" | "failed" | "retry";
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
  #result: "done" | "waiting" | "failed" = "done";

  note(type: ServiceNote["type"], reason: string, message: string): void {
    this.#notes.push({ type, reason, message });
  }

  log(level: ServiceLog["level"], fields: ServiceLog["fields"]): void {
    this.#logs.push({ level, fields });
  }

  /** The service asks for an address that it cannot have now. */
  wait(): void {
    this.#result = "waiting";
  }

  /** The same, or it asks for nothing sensible; and this counts as an error. */
  fail(): void {
    this.#result = "failed";
  }

  /** `wanted` is what shall be stored: the Service itself if it is as it should be. */
  done(service: Service, wanted: Service): ServiceOutcome {
    const outcome = { result: this.#result, notes: this.#notes, logs: this.#logs };
    return wanted === service ? outcome : { ...outcome, changed: wanted };
  }

  /** Nothing is stored; the next evaluation starts from the same Service. */
  retry(): ServiceOutcome {
    return { result: "retry", notes: this.#notes, logs: this.#logs };
  }
}
