/** Watches what a speaker needs of the cluster and turns it into the speaker's events. */

import { endpointsOfObject } from "../election/index.ts";
import type { Endpoints, EndpointSlice, KubeObject, Node, Service } from "../kube/index.ts";
import {
  Informer,
  type InformerOptions,
  type KubeClient,
  type Logger,
  type ResourceRef,
} from "../platform/index.ts";
import type { ConfigWatch } from "../program/index.ts";
import { EndpointIndex } from "./endpoint-index.ts";
import { projectService } from "./projections.ts";
import type { SpeakerEvent } from "./speaker-messages.ts";

const SERVICES: ResourceRef = { group: "", version: "v1", plural: "services" };
const NODES: ResourceRef = { group: "", version: "v1", plural: "nodes" };
const ENDPOINTS: ResourceRef = { group: "", version: "v1", plural: "endpoints" };
const SLICES: ResourceRef = {
  group: "discovery.k8s.io",
  version: "v1",
  plural: "endpointslices",
};

export interface ClusterWatchOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** Configurations select nodes too; it takes only what it needs of them. */
  readonly config: Pick<ConfigWatch, "setNode" | "nodesListed">;
  readonly onEvent: (event: SpeakerEvent) => void;
}

type Source = "services" | "endpoints" | "nodes";

export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #informers = new Set<{ stop(): void }>();
  readonly #awaited = new Set<Source>(["services", "endpoints", "nodes"]);

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#watchServices();
    this.#watchNodes();
    this.#watchSlices();
  }

  stop(): void {
    for (const informer of this.#informers) informer.stop();
    this.#informers.clear();
  }

  #watchServices(): void {
    this.#watch<Service>(SERVICES, {
      project: projectService,
      onChange: (key, service) => this.#tell({ kind: "service", key, service }),
      onSynced: () => this.#synced("services"),
    });
  }

  /** Heartbeats change nodes all the time: whoever hears of it compares what matters to them (K8S-3). */
  #watchNodes(): void {
    const { config } = this.#options;
    this.#watch<Node>(NODES, {
      onChange: (name, node) => {
        this.#tell({ kind: "node", name, node });
        config.setNode(name, node && (node.metadata.labels ?? {}));
      },
      onSynced: () => {
        config.nodesListed();
        this.#synced("nodes");
      },
    });
  }

  /** Slices where our role allows them, else the Endpoints objects (INS-13: the v0.9.5 role grants only those). */
  #watchSlices(): void {
    const index = new EndpointIndex();
    const slices = this.#watch<EndpointSlice>(SLICES, {
      onChange: (sliceKey, slice) => {
        for (const change of index.apply(sliceKey, slice)) {
          this.#tell({ kind: "endpoints", ...change });
        }
      },
      onSynced: () => this.#synced("endpoints"),
      onTrouble: ({ status, message }) => {
        if (status !== 403 && status !== 404) return this.#warn(SLICES, message);
        if (!this.#awaited.has("endpoints")) return this.#warn(SLICES, message);
        slices.stop();
        this.#informers.delete(slices);
        this.#options.logger.info({
          op: "watch",
          msg: "endpointslices are not readable for this service account, watching endpoints",
        });
        this.#watchEndpoints();
      },
    });
  }

  #watchEndpoints(): void {
    this.#watch<Endpoints>(ENDPOINTS, {
      onChange: (key, object) => {
        this.#tell({ kind: "endpoints", key, endpoints: object && endpointsOfObject(object) });
      },
      onSynced: () => this.#synced("endpoints"),
    });
  }

  #watch<T extends KubeObject>(ref: ResourceRef, options: InformerOptions<T>): Informer<T> {
    const informer = new Informer<T>(this.#options.client, ref, {
      onTrouble: ({ message }) => this.#warn(ref, message),
      onRecovered: () => {
        this.#options.logger.info({ op: "watch", resource: ref.plural, msg: "watching again" });
      },
      ...options,
    });
    this.#informers.add(informer);
    informer.start();
    return informer;
  }

  #warn({ plural }: ResourceRef, error: string): void {
    const msg = "cannot list or watch, trying again; announcements stay as they are";
    this.#options.logger.warn({ op: "watch", resource: plural, error, msg });
  }

  /** Announcing begins when everything that an election looks at has been seen once. */
  #synced(source: Source): void {
    this.#awaited.delete(source);
    if (this.#awaited.size === 0) this.#tell({ kind: "synced" });
  }

  #tell(event: SpeakerEvent): void {
    this.#options.onEvent(event);
  }
}
