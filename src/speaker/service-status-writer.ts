/** Keeps the objects that say which node announces a service as they should be (ST-20, ST-21). */

import { WorkQueue } from "../kube/index.ts";
import {
  hasStatus,
  Informer,
  type KubeClient,
  type Logger,
  monotonicMs,
  NamedTimers,
  type ResourceRef,
  timestampOfSecond,
} from "../platform/index.ts";
import {
  mergeConditions,
  nextStatusAction,
  type ServiceAnnouncement,
  type ServiceStatus,
  type ServiceStatusKind,
  serviceOfStatus,
  type StatusAction,
  statusesOfNode,
  statusesOfOthers,
  type StatusWriter,
} from "../status/index.ts";
import type { WireCondition } from "../wire/index.ts";
import { OwnStatuses } from "./own-statuses.ts";
import { projectServiceStatus } from "./projections.ts";

/** How many services are worked on at once: a burst must not take the API server from others. */
const CONCURRENCY = 4;
/** More services than this in one burst are not asked for by name. */
const NAMES_PER_LIST = 50;
/** Time for the speakers that announced before to delete their objects themselves. */
const CLEAR_AFTER_MS = 1000;
/** One service never needs more in a row, unless somebody works against us. */
const ACTIONS_IN_A_ROW = 20;

export interface ServiceStatusOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly kind: ServiceStatusKind;
  readonly writer: StatusWriter;
  /** What can be said of a service together with its first status. Default: nothing. */
  readonly firstConditions?: (service: string) => readonly WireCondition[];
}

/** One for each kind of object. At rest it only watches those of its own node. */
export class ServiceStatusWriter {
  readonly #options: ServiceStatusOptions;
  readonly #ref: ResourceRef;
  readonly #informer: Informer<ServiceStatus>;
  readonly #wanted = new Map<string, ServiceAnnouncement>();
  readonly #existing = new OwnStatuses();
  readonly #queue = new WorkQueue();
  readonly #timers = new NamedTimers<"work" | "clear">((name) => {
    if (name === "work") this.#work();
    else void this.#clear();
  });
  /** Services that we took over: objects of other nodes about them are to be deleted. */
  readonly #takenOver = new Set<string>();
  #running = 0;
  #isStopped = false;
  #isTroubleTold = false;

  constructor(options: ServiceStatusOptions) {
    const { client, kind, writer } = options;
    const { namespace, node } = writer;
    this.#options = options;
    this.#ref = { group: "metallb.io", version: "v1beta1", plural: kind.plural, namespace };
    this.#informer = new Informer<ServiceStatus>(client, this.#ref, {
      labelSelector: statusesOfNode(node),
      project: projectServiceStatus,
      onChange: (key, object) => this.#follow(key.slice(key.indexOf("/") + 1), object),
      onSynced: () => this.#work(),
      onTrouble: ({ message }) => this.#tellTrouble(message),
      onRecovered: () => (this.#isTroubleTold = false),
    });
  }

  /** To be called once all that our node announces was told by `set`; again it does nothing. */
  start(): void {
    this.#informer.start();
  }

  stop(): void {
    this.#isStopped = true;
    this.#informer.stop();
    this.#timers.cancelAll();
  }

  /** What our node does for a service from now on; undefined: nothing. */
  set(service: string, wanted: ServiceAnnouncement | undefined): void {
    if (wanted === undefined) this.#wanted.delete(service);
    else this.#want(service, wanted);
    this.#queue.add(service);
    this.#work();
  }

  #want(service: string, wanted: ServiceAnnouncement): void {
    if (this.#options.kind.isExclusive && !this.#wanted.has(service)) {
      this.#takenOver.add(service);
      this.#timers.set("clear", CLEAR_AFTER_MS);
    }
    this.#wanted.set(service, wanted);
  }

  /** An object of our node, new, different or gone (undefined); our own writes come back here, too. */
  #follow(name: string, object: ServiceStatus | undefined): void {
    for (const service of this.#existing.follow(name, object)) this.#queue.add(service);
    this.#work();
  }

  #work(): void {
    if (!this.#informer.isSynced || this.#isStopped) return;
    while (this.#running < CONCURRENCY) {
      const service = this.#queue.take(monotonicMs());
      if (service === undefined) break;
      const action = this.#next(service);
      if (action === undefined) this.#queue.done(service);
      else void this.#carryOut(service, action);
    }
    const dueMs = this.#queue.nextDueMs();
    if (dueMs !== undefined && dueMs > 0) {
      this.#timers.set("work", Math.max(1, dueMs - monotonicMs()));
    }
  }

  #next(service: string): StatusAction | undefined {
    const { kind, writer, firstConditions } = this.#options;
    const wanted = this.#wanted.get(service);
    const existing = this.#existing.of(service);
    const first = () =>
      mergeConditions([], firstConditions?.(service) ?? [], timestampOfSecond()) ?? [];
    return nextStatusAction({
      kind,
      writer,
      service,
      wanted,
      existing,
      ...(firstConditions && { firstConditions: first }),
    });
  }

  /** One action after the other until the service is as it should be. */
  async #carryOut(service: string, first: StatusAction): Promise<void> {
    this.#running++;
    let action: StatusAction | undefined = first;
    try {
      for (let count = 0; action !== undefined && !this.#isStopped; count++) {
        if (count === ACTIONS_IN_A_ROW) throw new Error("somebody else changes these objects, too");
        await this.#perform(action);
        action = this.#next(service);
      }
      this.#queue.done(service);
      this.#isTroubleTold = false;
    } catch (error) {
      this.#queue.retry(service, monotonicMs());
      this.#tellTrouble(error);
    }
    this.#running--;
    this.#work();
  }

  async #perform(action: StatusAction): Promise<void> {
    const { client } = this.#options;
    if (action.kind === "create") {
      const created = await client.create<ServiceStatus>(this.#ref, action.object);
      this.#follow(created.metadata.name, projectServiceStatus(created));
      return;
    }
    const { name } = action;
    try {
      if (action.kind === "delete") {
        await client.delete(this.#ref, name);
        this.#follow(name, undefined);
        return;
      }
      const patched = await client.patch<ServiceStatus>(this.#ref, name, action.patch, {
        type: "merge",
        ...(action.kind === "writeStatus" && { subresource: "status" }),
      });
      this.#follow(name, projectServiceStatus(patched));
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      this.#follow(name, undefined);
    }
  }

  /** ST-20: whoever announces deletes what other nodes left behind, as their speakers may be dead. */
  async #clear(): Promise<void> {
    const services = new Set(this.#takenOver);
    this.#takenOver.clear();
    try {
      for (const object of await this.#objectsOfOthers(services)) {
        const service = serviceOfStatus(object);
        if (this.#isStopped || service === undefined) continue;
        if (!services.has(service) || !this.#wanted.has(service)) continue;
        await this.#perform({ kind: "delete", name: object.metadata.name });
      }
    } catch (error) {
      this.#tellTrouble(error);
      for (const service of services) this.#takenOver.add(service);
      if (!this.#isStopped) this.#timers.set("clear", 10 * CLEAR_AFTER_MS);
    }
  }

  async #objectsOfOthers(services: ReadonlySet<string>): Promise<ServiceStatus[]> {
    const { client, writer } = this.#options;
    const names = [...services].map((service) => service.slice(service.indexOf("/") + 1));
    const labelSelector = statusesOfOthers(writer.node, names.length > NAMES_PER_LIST ? [] : names);
    return (await client.list<ServiceStatus>(this.#ref, { labelSelector })).items;
  }

  #tellTrouble(error: unknown): void {
    if (this.#isTroubleTold || this.#isStopped) return;
    this.#isTroubleTold = true;
    const msg = "service statuses cannot be read or written, trying again; announcing goes on";
    const { logger, kind } = this.#options;
    logger.warn({ op: "reportService", resource: kind.plural, error, msg });
  }
}
