/** Stores the status of Services, several at a time, and tells the machine what came of it. */

import type { ReconcilerEvent } from "../assignment/index.ts";
import type { Service } from "../kube/index.ts";
import type { KubeClient, ResourceRef } from "../platform/index.ts";

export interface StatusWrite {
  readonly key: string;
  readonly service: Service;
  /** The Service shows no address yet. */
  readonly isAwaited: boolean;
}

const services: ResourceRef = { group: "", version: "v1", plural: "services" };
/** More at once would only queue up in the API server. */
const writesAtOnce = 16;

/**
 * Starts awaited writes first, such as those for newcomers while thousands of holders are brought up to date, and else
 * in the order of asking; the machine never asks for a second write of one Service before the answer.
 */
export class StatusWrites {
  readonly #client: KubeClient;
  readonly #onAnswer: (answer: ReconcilerEvent) => void;
  readonly #awaited: StatusWrite[] = [];
  readonly #others: StatusWrite[] = [];
  #underWay = 0;

  constructor(client: KubeClient, onAnswer: (answer: ReconcilerEvent) => void) {
    this.#client = client;
    this.#onAnswer = onAnswer;
  }

  get isIdle(): boolean {
    return this.#underWay === 0;
  }

  add(write: StatusWrite): void {
    if (this.#underWay < writesAtOnce) void this.#run(write);
    else (write.isAwaited ? this.#awaited : this.#others).push(write);
  }

  async #run(write: StatusWrite): Promise<void> {
    this.#underWay++;
    const answer = await this.#store(write);
    this.#underWay--;
    const next = this.#awaited.shift() ?? this.#others.shift();
    if (next !== undefined) void this.#run(next);
    this.#onAnswer(answer);
  }

  /** LC-30, CTL-6: only the status subresource, under the version that was decided on (CTL-8). */
  async #store({ key, service }: StatusWrite): Promise<ReconcilerEvent> {
    const { name, namespace = "" } = service.metadata;
    const body = { apiVersion: "v1", kind: "Service", ...service };
    try {
      const ref = { ...services, namespace };
      const stored = await this.#client.update<Service>(ref, name, body, "status");
      delete (stored.metadata as { managedFields?: unknown }).managedFields;
      return { kind: "written", key, service: stored };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return { kind: "writeFailed", key, error: text };
    }
  }
}
