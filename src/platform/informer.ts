/** Runs the list/watch machine of `kube/reflector` against a real server and the real clock. */

import { Reflector, type Failure, type KubeObject, type ReflectorCommand } from "../kube/index.ts";
import { monotonicMs, NamedTimers } from "./clock.ts";
import { KubeApiError } from "./kube-api-error.ts";
import type { KubeClient, Reading, ResourceRef, Selectors } from "./kube-client.ts";

export interface InformerOptions<T> extends Selectors, Reading {
  /** An object is new or different (undefined: gone). Called in the order of the changes, never for the same version twice. */
  readonly onChange: (key: string, object: T | undefined) => void;
  /** The first whole list has gone through `onChange`. */
  readonly onSynced?: () => void;
  /** Listing or watching fails; told once per kind of failure, retried on our own. */
  readonly onTrouble?: (failure: Failure) => void;
  readonly onRecovered?: () => void;
  /** Makes of an object what is needed of it; default: all but `managedFields`. */
  readonly project?: (object: T) => T;
  readonly pageSize?: number;
  readonly timeoutSeconds?: number;
}

type News<T> = Extract<
  ReflectorCommand<T>,
  { kind: "changed" | "synced" | "report" | "recovered" }
>;

/** Tells all changes of one kind of object. It survives everything but `stop()`, which is for good. */
export class Informer<T extends KubeObject> {
  readonly #client: KubeClient;
  readonly #ref: ResourceRef;
  readonly #options: InformerOptions<T>;
  readonly #reflector: Reflector<T>;
  readonly #timers: NamedTimers<"retry" | "watchdog">;
  #watch: AbortController | undefined;
  #isRunning = false;

  constructor(client: KubeClient, ref: ResourceRef, options: InformerOptions<T>) {
    this.#client = client;
    this.#ref = ref;
    this.#options = options;
    this.#reflector = new Reflector<T>({
      random: Math.random,
      ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
      ...(options.timeoutSeconds === undefined ? {} : { timeoutSeconds: options.timeoutSeconds }),
    });
    this.#timers = new NamedTimers((name) => this.#step({ kind: "timer", name }));
  }

  get isSynced(): boolean {
    return this.#reflector.isSynced;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#step({ kind: "start" });
  }

  stop(): void {
    this.#isRunning = false;
    this.#timers.cancelAll();
    this.#watch?.abort();
  }

  #step(event: Parameters<Reflector<T>["step"]>[0]): void {
    if (!this.#isRunning) return;
    for (const command of this.#reflector.step(event)) {
      this.#run(command);
      // A listener may have stopped us.
      if (!this.#isRunning) return;
    }
  }

  #run(command: ReflectorCommand<T>): void {
    switch (command.kind) {
      case "list":
        void this.#list(command.limit, command.continue);
        return;
      case "watch":
        void this.#follow(command.resourceVersion, command.timeoutSeconds);
        return;
      case "cancelWatch":
        this.#watch?.abort();
        return;
      case "setTimer":
        this.#timers.set(command.name, command.ms);
        return;
      case "cancelTimer":
        this.#timers.cancel(command.name);
        return;
      default:
        this.#tell(command);
    }
  }

  #tell(news: News<T>): void {
    switch (news.kind) {
      case "changed":
        this.#options.onChange(news.key, news.object);
        return;
      case "synced":
        this.#options.onSynced?.();
        return;
      case "report":
        this.#options.onTrouble?.(news.failure);
        return;
      case "recovered":
        this.#options.onRecovered?.();
    }
  }

  async #list(limit: number | undefined, continueToken: string | undefined): Promise<void> {
    let page;
    try {
      page = await this.#client.list<T>(this.#ref, {
        ...this.#selectors(),
        ...(limit === undefined ? {} : { limit }),
        ...(continueToken === undefined ? {} : { continue: continueToken }),
      });
    } catch (error) {
      this.#step({ kind: "listFailed", failure: failureOf(error) });
      return;
    }
    this.#step({ kind: "page", ...page, items: page.items.map((item) => this.#project(item)) });
  }

  async #follow(resourceVersion: string, timeoutSeconds: number): Promise<void> {
    const watch = new AbortController();
    this.#watch = watch;
    const beganMs = monotonicMs();
    let failure: Failure | undefined;
    try {
      const onOpen = (): void => this.#step({ kind: "watchOpened" });
      const options = { ...this.#selectors(), resourceVersion, timeoutSeconds, onOpen };
      for await (const event of this.#client.watch<T>(this.#ref, options, watch.signal)) {
        if (event.type === "ERROR" || event.type === "BOOKMARK") {
          this.#step({ kind: "watched", event });
        } else {
          const object = this.#project(event.object);
          this.#step({ kind: "watched", event: { type: event.type, object } });
        }
        if (watch.signal.aborted) return;
      }
    } catch (error) {
      if (watch.signal.aborted) return;
      failure = failureOf(error);
    }
    const lastedMs = monotonicMs() - beganMs;
    this.#step({ kind: "watchEnded", lastedMs, ...(failure ? { failure } : {}) });
  }

  /** Nobody reads `managedFields`, and they are often the larger half of an object. */
  #project(object: T): T {
    delete (object.metadata as { managedFields?: unknown }).managedFields;
    return this.#options.project?.(object) ?? object;
  }

  #selectors(): Selectors & Reading {
    const { labelSelector, fieldSelector, exactKeys } = this.#options;
    return {
      ...(exactKeys === undefined ? {} : { exactKeys }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }
}

/** What the machine should hear of an error; one that the client did not make is a bug and ends the process. */
function failureOf(error: unknown): Failure {
  if (error instanceof KubeApiError) return error.toFailure();
  throw error;
}
