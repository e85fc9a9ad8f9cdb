/** Watches what a speaker needs of the cluster and turns it into the speaker's events. */

import { endpointsOfObject, isNotReady } from "../election/index.ts";
import type {
  ConfigMap,
  Endpoints,
  EndpointSlice,
  KubeObject,
  Node,
  Service,
} from "../kube/index.ts";
import {
  Informer,
  type InformerOptions,
  type KubeClient,
  type Logger,
  type ResourceRef,
} from "../platform/index.ts";
import { EndpointIndex } from "./endpoint-index.ts";
import { projectEndpoints, projectNode, projectService, projectSlice } from "./projections.ts";
import type { SpeakerEvent } from "./speaker.ts";

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
  /** Where the ConfigMap is. */
  readonly namespace: string;
  readonly configName: string;
  readonly onEvent: (event: SpeakerEvent) => void;
}

type Source = "services" | "endpoints" | "nodes";

export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #informers = new Set<{ stop(): void }>();
  readonly #awaited = new Set<Source>(["services", "endpoints", "nodes"]);
  readonly #deadNodes = new Set<string>();

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#watchConfig();
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

  #watchConfig(): void {
    const { namespace, configName } = this.#options;
    let text: string | undefined;
    let isSynced = false;
    const tell = (): void => {
      if (isSynced) this.#tell({ kind: "config", text });
    };
    const ref = { group: "", version: "v1", plural: "configmaps", namespace };
    this.#watch<ConfigMap>(ref, {
      fieldSelector: `metadata.name=${configName}`,
      onChange: (_key, configMap) => {
        // A missing key is an empty document, a missing ConfigMap is none (LC-1).
        text = configMap && (configMap.data?.["config"] ?? "");
        tell();
      },
      onSynced: () => {
        isSynced = true;
        tell();
      },
    });
  }

  /**
   * Heartbeats change nodes all the time; told is only who died or came back. A node that was deleted is dead, one
   * that was never seen is not: without gossip v0.9.5 trusts the endpoints (L2-22).
   */
  #watchNodes(): void {
    this.#watch<Node>(NODES, {
      project: projectNode,
      onChange: (name, node) => {
        const isDead = node === undefined || isNotReady(node);
        if (isDead === this.#deadNodes.has(name)) return;
        if (isDead) this.#deadNodes.add(name);
        else this.#deadNodes.delete(name);
        this.#tell({ kind: "dead-nodes", nodes: new Set(this.#deadNodes) });
      },
      onSynced: () => this.#synced("nodes"),
    });
  }

  /** Slices where our role allows them, else the Endpoints objects (INS-13: the v0.9.5 role grants only those). */
  #watchSlices(): void {
    const index = new EndpointIndex();
    const slices = this.#watch<EndpointSlice>(SLICES, {
      project: projectSlice,
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
      project: projectEndpoints,
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
