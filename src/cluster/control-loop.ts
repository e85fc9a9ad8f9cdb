/**
 * Drives the cluster's controllers: when anything changes, lists everything and writes what is missing.
 *
 * A lab has tens of objects, so a whole pass is cheap, and fresh lists cannot be stale. Real clusters
 * need caches, queues and one loop a controller.
 */
import { randomBytes } from "node:crypto";
import type { Endpoints, EndpointSlice, KubeObject, Node, Service } from "../kube/index.ts";
import {
  hasStatus,
  Informer,
  type KubeClient,
  type Logger,
  monotonicMs,
} from "../platform/index.ts";
import { refOf, write, type Action } from "./actions.ts";
import { planEndpoints } from "./endpoints.ts";
import { NodeMonitor } from "./node-monitor.ts";
import type { Lease, Pod, Workload } from "./objects.ts";
import { planServiceAccounts } from "./service-accounts.ts";
import { planWorkloads } from "./workloads.ts";

export interface ControlLoopOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly nodeGraceMs: number;
}

const watched =
  "deployments daemonsets pods nodes services endpoints endpointslices namespaces serviceaccounts".split(
    " ",
  );
const settleMs = 15;

export class ControlLoop {
  readonly #options: ControlLoopOptions;
  readonly #informers: Informer<KubeObject>[];
  readonly #monitor: NodeMonitor;
  #isWanted = false;
  #isRunning = false;

  constructor(options: ControlLoopOptions) {
    this.#options = options;
    this.#monitor = new NodeMonitor(options.nodeGraceMs);
    this.#informers = watched.map(
      (plural) =>
        new Informer<KubeObject>(options.client, refOf(plural), { onChange: () => this.#want() }),
    );
  }

  /** For as long as the process lives. */
  start(): void {
    for (const informer of this.#informers) informer.start();
    setInterval(() => void this.#watchNodes(), 250);
  }

  #want(): void {
    this.#isWanted = true;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#isWanted) {
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      this.#isWanted = false;
      await this.#pass().catch((error: unknown) => this.#report("pass", error));
    }
    this.#isRunning = false;
  }

  async #pass(): Promise<void> {
    const lists = await Promise.all(watched.map((plural) => this.#list<KubeObject>(plural)));
    const all = <T>(plural: string) => (lists[watched.indexOf(plural)] ?? []) as unknown as T[];
    const pods = all<Pod>("pods");
    await this.#apply([
      ...planServiceAccounts({ namespaces: all("namespaces"), accounts: all("serviceaccounts") }),
      ...planWorkloads({
        deployments: all<Workload>("deployments"),
        daemonSets: all<Workload>("daemonsets"),
        nodes: all<Node>("nodes"),
        pods,
        nameSuffix: () => randomBytes(3).toString("hex").slice(0, 5),
      }),
      ...planEndpoints({
        services: all<Service>("services"),
        endpoints: all<Endpoints>("endpoints"),
        slices: all<EndpointSlice>("endpointslices"),
        pods,
      }),
    ]);
  }

  async #watchNodes(): Promise<void> {
    try {
      const [leases, nodes, pods] = await Promise.all([
        this.#list<Lease>("leases"),
        this.#list<Node>("nodes"),
        this.#list<Pod>("pods"),
      ]);
      await this.#apply(this.#monitor.plan({ leases, nodes, pods }, monotonicMs()));
    } catch (error) {
      this.#report("node monitor", error);
    }
  }

  async #list<T>(plural: string): Promise<T[]> {
    return (await this.#options.client.list<T>(refOf(plural))).items;
  }

  /** One after the other; a conflict, or an object that came or went meanwhile, is for the next pass. */
  async #apply(actions: readonly Action[]): Promise<void> {
    for (const action of actions) {
      try {
        await write(this.#options.client, action);
      } catch (error) {
        if (!hasStatus(error, 404) && !hasStatus(error, 409)) this.#report(action.verb, error);
      }
    }
  }

  #report(op: string, error: unknown): void {
    this.#options.logger.error({ op, error: String(error) });
  }
}
