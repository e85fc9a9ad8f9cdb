/** The life of one pod on a lab node, from its first sight to its last container's end. */
import { join } from "node:path";
import { mkdirSync, rmSync } from "node:fs";
import { conditionStatus, type ConfigMap, type NodeCondition, type Secret } from "../kube/index.ts";
import { hasStatus, referenceTo, type EventRecorder, type KubeClient } from "../platform/index.ts";
import { refOf } from "./actions.ts";
import { containerCommand } from "./container-command.ts";
import { ContainerConfigError, containerEnvironment, expand } from "./container-environment.ts";
import { type Launch, RunningContainer } from "./container.ts";
import type { Container, Pod } from "./objects.ts";
import type { PodNetwork, PodNetworks } from "./pod-network.ts";
import { logName, podFolder } from "./pod-log.ts";
import { prepareMounts } from "./pod-volumes.ts";

/** Plain JSON: it comes from a file. */
export interface KubeletOptions {
  readonly nodeName: string;
  readonly address: string;
  readonly address6: string;
  /** The number of the node's pod ranges 10.244.N.0/24 and fd00:244:N::/64. */
  readonly podRange: number;
  readonly isControlPlane: boolean;
  readonly apiServer: { readonly host: string; readonly port: string };
  /** PEM text for the pods' `ca.crt`. */
  readonly ca: string;
  readonly podsFolder: string;
  /** What each image stands for. */
  readonly images: Readonly<Record<string, readonly string[]>>;
  readonly hasOtherUsers: boolean;
  readonly kubeconfig: string;
}

/** What the pods of one node share. */
export interface NodeContext extends KubeletOptions {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly networks: PodNetworks;
}

const tokenSeconds = 365 * 24 * 3600;

export class PodWorker {
  readonly #context: NodeContext;
  readonly #folder: string;
  readonly #network: PodNetwork | undefined;
  readonly #podIP: string;
  readonly #podIP6: string;
  readonly #startTime = new Date().toISOString();
  readonly #containers: RunningContainer[];
  #pod: Pod;
  #isEnding = false;
  #writing = Promise.resolve();

  constructor(pod: Pod, context: NodeContext) {
    this.#pod = pod;
    this.#context = context;
    this.#folder = join(context.podsFolder, podFolder(pod));
    mkdirSync(this.#folder, { recursive: true });
    this.#network = pod.spec.hostNetwork ? undefined : context.networks.create();
    this.#podIP = this.#network?.address ?? context.address;
    this.#podIP6 = this.#network?.address6 ?? context.address6;
    this.#containers = pod.spec.containers.map(
      (container) =>
        new RunningContainer({
          container,
          restarts: (pod.spec.restartPolicy ?? "Always") === "Always",
          prepare: () => this.#prepare(container),
          onChange: () => this.#report(),
          onEvent: (type, reason, message) =>
            context.events.record({ object: referenceTo("Pod", pod), type, reason, message }),
        }),
    );
    this.#report();
    for (const container of this.#containers) void container.start();
  }

  get uid(): string | undefined {
    return this.#pod.metadata.uid;
  }

  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined && !this.#isEnding) void this.end();
    // The node counted as silent, and its pods with it.
    const told = conditionStatus(pod, "Ready");
    if (told === "False" && this.#isReady && !this.#isEnding) this.#report();
  }

  /** SIGTERM, SIGKILL after the grace period, then the object goes (if the API still has it). */
  async end(graceSeconds = this.#pod.metadata.deletionGracePeriodSeconds ?? 1): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    for (const container of this.#containers) container.signal("SIGTERM");
    const deadline = Date.now() + graceSeconds * 1000;
    while (this.#containers.some(({ isRunning }) => isRunning)) {
      if (Date.now() >= deadline) for (const c of this.#containers) c.signal("SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.#network?.release();
    rmSync(join(this.#folder, "volumes"), { recursive: true, force: true });
    const { namespace, name, uid } = this.#pod.metadata;
    const options = { gracePeriodSeconds: 0, ...(uid === undefined ? {} : { uid }) };
    await this.#writing;
    await this.#context.client.delete(refOf("pods", namespace), name, options).catch(() => {});
  }

  async #prepare(container: Container): Promise<Launch> {
    const { client, images, nodeName, address, apiServer, hasOtherUsers } = this.#context;
    const pod = this.#pod;
    const program = images[container.image] ?? images[container.image.replace(/:[^/]*$/, "")];
    if (program === undefined) {
      const known = Object.keys(images).join(", ");
      const message = `the lab has no program for image "${container.image}"; it has: ${known}`;
      throw new ContainerConfigError(message, "ErrImageNeverPull");
    }
    const { namespace } = pod.metadata;
    const [secrets, configMaps, account] = await Promise.all([
      client.list<Secret>(refOf("secrets", namespace)),
      client.list<ConfigMap>(refOf("configmaps", namespace)),
      this.#accountFiles(),
    ]);
    const references = { secrets: secrets.items, configMaps: configMaps.items };
    const facts = { nodeName, hostIP: address, podIP: this.#podIP };
    const env = {
      PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: "/",
      HOSTNAME: pod.spec.hostNetwork ? nodeName : pod.metadata.name,
      KUBERNETES_SERVICE_HOST: apiServer.host,
      KUBERNETES_SERVICE_PORT: apiServer.port,
      ...containerEnvironment(pod, container, { references, facts }),
    };
    const argv = containerCommand({
      pod,
      container,
      program: [...program, ...(container.command ?? []).slice(1)],
      args: (container.args ?? []).map((arg) => expand(arg, env)),
      mounts: prepareMounts(pod, container, { folder: this.#folder, references, account }),
      hasOtherUsers,
      ...(this.#network ? { netns: this.#network.netns } : {}),
    });
    return { argv, env, podIP: this.#podIP, logFile: join(this.#folder, logName(container.name)) };
  }

  get #isReady(): boolean {
    return this.#containers.every(({ status }) => status.ready);
  }

  /** A token that ends with the pod; the real kubelet would renew it each hour. */
  async #accountFiles(): Promise<Record<string, string>> {
    const { metadata, spec } = this.#pod;
    const { name, namespace = "default", uid } = metadata;
    const request: { spec: object; status?: { token: string } } = {
      spec: {
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
        expirationSeconds: tokenSeconds,
      },
    };
    const account = spec.serviceAccountName ?? "default";
    const accounts = refOf("serviceaccounts", namespace);
    const { status } = await this.#context.client.post(accounts, account, "token", request);
    return { token: status?.token ?? "", "ca.crt": this.#context.ca, namespace };
  }

  /** Writes the pod's status as it is when its turn comes; a refusal is tried again with the next change. */
  #report(): void {
    const { client } = this.#context;
    const { namespace, name } = this.#pod.metadata;
    this.#writing = this.#writing.then(async () => {
      const options = { type: "merge", subresource: "status" } as const;
      const patch = { status: this.#status() };
      await client.patch(refOf("pods", namespace), name, patch, options).catch((error: unknown) => {
        if (!hasStatus(error, 404)) console.error(`status of pod ${name}: ${String(error)}`);
      });
    });
  }

  #status() {
    const statuses = this.#containers.map(({ status }) => status);
    const isReady = this.#isReady;
    const started = statuses.every(({ state }) => state.running !== undefined);
    const ended = statuses.every(({ state }) => state.terminated !== undefined);
    const hasFailed = statuses.some(({ state }) => state.terminated?.exitCode);
    const wasRunning = statuses.some(({ restartCount }) => restartCount > 0);
    const phase = ended && !this.#isEnding ? (hasFailed ? "Failed" : "Succeeded") : undefined;
    const is = (type: string, value: boolean): NodeCondition => ({
      type,
      status: value ? "True" : "False",
      lastTransitionTime: new Date().toISOString(),
    });
    return {
      phase: phase ?? (started || wasRunning ? "Running" : "Pending"),
      hostIP: this.#context.address,
      podIP: this.#podIP,
      podIPs: [this.#podIP, this.#podIP6].map((ip) => ({ ip })),
      startTime: this.#startTime,
      conditions: [
        is("PodScheduled", true),
        is("Initialized", true),
        is("ContainersReady", isReady),
        is("Ready", isReady),
      ],
      containerStatuses: statuses,
    };
  }
}
