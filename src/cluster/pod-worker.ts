/** The life of one pod on a lab node, from its first sight to its last container's end. */
import { join } from "node:path";
import { mkdirSync, rmSync } from "node:fs";
import type { ConfigMap, Secret } from "../kube/index.ts";
import { hasStatus, referenceTo, type EventRecorder, type KubeClient } from "../platform/index.ts";
import { refOf } from "./actions.ts";
import { containerCommand } from "./container-command.ts";
import {
  ContainerConfigError,
  containerEnvironment,
  expand,
  type References,
} from "./container-environment.ts";
import { type Launch, RunningContainer } from "./container.ts";
import type { Condition, Container, Pod } from "./objects.ts";
import type { PodNetwork, PodNetworks } from "./pod-network.ts";
import { logName, podFolder } from "./pod-log.ts";
import { prepareMounts } from "./pod-volumes.ts";

export interface NodeContext {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly nodeName: string;
  readonly hostIP: string;
  readonly apiServer: { readonly host: string; readonly port: string };
  readonly podsFolder: string;
  /** What each image stands for. */
  readonly images: Readonly<Record<string, readonly string[]>>;
  readonly networks: PodNetworks;
  readonly hasOtherUsers: boolean;
}

export class PodWorker {
  readonly #context: NodeContext;
  readonly #folder: string;
  readonly #network: PodNetwork | undefined;
  readonly #podIP: string;
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
    this.#podIP = this.#network?.address ?? context.hostIP;
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
  }

  start(): void {
    this.#report();
    for (const container of this.#containers) void container.start();
  }

  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined && !this.#isEnding) void this.end();
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
    const { images, nodeName, hostIP, apiServer } = this.#context;
    const pod = this.#pod;
    const program = images[container.image] ?? images[container.image.replace(/:[^/]*$/, "")];
    if (program === undefined) {
      const known = Object.keys(images).join(", ");
      const message = `the lab has no program for image "${container.image}"; it has: ${known}`;
      throw new ContainerConfigError(message, "ErrImageNeverPull");
    }
    const references = await this.#references();
    const facts = { nodeName, hostIP, podIP: this.#podIP };
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
      mounts: prepareMounts(pod, container, { folder: this.#folder, references }),
      hasOtherUsers: this.#context.hasOtherUsers,
      ...(this.#network ? { netns: this.#network.netns } : {}),
    });
    return { argv, env, podIP: this.#podIP, logFile: join(this.#folder, logName(container.name)) };
  }

  /** All secrets and ConfigMaps of the pod's namespace, as they are now. */
  async #references(): Promise<References> {
    const { client } = this.#context;
    const { namespace } = this.#pod.metadata;
    const [secrets, configMaps] = await Promise.all([
      client.list<Secret>(refOf("secrets", namespace)),
      client.list<ConfigMap>(refOf("configmaps", namespace)),
    ]);
    const named = <T extends Secret | ConfigMap>(items: T[], name: string) =>
      items.find(({ metadata }) => metadata.name === name);
    return {
      secret: (_, name) => named(secrets.items, name),
      configMap: (_, name) => named(configMaps.items, name),
    };
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
    const isReady = statuses.every(({ ready }) => ready);
    const started = statuses.every(({ state }) => state.running !== undefined);
    const ended = statuses.every(({ state }) => state.terminated !== undefined);
    const hasFailed = statuses.some(({ state }) => state.terminated?.exitCode);
    const wasRunning = statuses.some(({ restartCount }) => restartCount > 0);
    const phase = ended && !this.#isEnding ? (hasFailed ? "Failed" : "Succeeded") : undefined;
    const is = (type: string, value: boolean): Condition => ({
      type,
      status: value ? "True" : "False",
      lastTransitionTime: new Date().toISOString(),
    });
    return {
      phase: phase ?? (started || wasRunning ? "Running" : "Pending"),
      hostIP: this.#context.hostIP,
      podIP: this.#podIP,
      podIPs: [{ ip: this.#podIP }],
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
