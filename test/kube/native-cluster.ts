/** A test cluster with manifests/metallb-native.yaml, the controller as its pod would run, and words for the tests. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Daemon } from "../../tools/realkube/index.ts";
import { eventually, succeeded, type ApiClient, type Json } from "../kube-api/api-client.ts";
import { serverName } from "../kube-api/servers.ts";
import { systemNamespace, TestCluster } from "./cluster.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export const resources = `/apis/metallb.io/v1beta1/namespaces/${systemNamespace}`;
export const services = "/api/v1/namespaces/default/services";
export const inSystem = `/api/v1/namespaces/${systemNamespace}`;

export class NativeCluster {
  readonly cluster: TestCluster;
  readonly #folder: string;
  #controller: (Daemon & { log(): string }) | undefined;

  private constructor(cluster: TestCluster, folder: string) {
    this.cluster = cluster;
    this.#folder = folder;
  }

  /** `without`: kinds of the manifest that are left out. */
  static async start(without: readonly string[]): Promise<NativeCluster> {
    const manifests = ["metallb-native.yaml"];
    const cluster = await TestCluster.start({ server: serverName, manifests, without });
    try {
      await established(cluster.api);
      const containers = [{ name: "controller", image: "none" }];
      const spec = { serviceAccountName: "controller", containers };
      const pod = { metadata: { name: "controller-0" }, spec };
      succeeded(await cluster.api.post(`${inSystem}/pods`, pod), 201);
      return new NativeCluster(cluster, await cluster.accountFolder("controller"));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get api(): ApiClient {
    return this.cluster.api;
  }

  /** With the environment of the manifest's Deployment. */
  startController(...flags: string[]): void {
    this.#controller = this.cluster.run(["controller", ...flags], this.#folder, {
      METALLB_POD_NAME: "controller-0",
      METALLB_ML_SECRET_NAME: "memberlist",
      METALLB_DEPLOYMENT: "controller",
    });
  }

  /** By SIGKILL: a controller has nothing to tidy up. */
  async killController(): Promise<void> {
    await this.#controller?.kill();
  }

  log(): string {
    return this.#controller?.log() ?? "";
  }

  async stop(): Promise<void> {
    await this.killController();
    await this.cluster.stop();
  }

  /** The object at `path` once it fits; else an error with what the controller said. */
  until(path: string, fits: (body: Json) => boolean): Promise<Json> {
    return this.eventually(
      async () => (await this.api.get(path)).body,
      (body) => fits(body),
    );
  }

  async eventually<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
    try {
      return await eventually(ask, fits);
    } catch (error) {
      throw new Error(`the controller says:\n${this.log()}`, { cause: error });
    }
  }

  /** Server-side apply of one of MetalLB's kinds, answered as the server does. */
  apply(kind: string, name: string, spec: object): Promise<{ status: number; body: Json }> {
    const plural = kind === "Community" ? "communities" : `${kind.toLowerCase()}s`;
    const path = `${resources}/${plural}/${name}?fieldManager=test&force=true`;
    const apiVersion = "metallb.io/v1beta1";
    return this.api.patch(path, "apply", { apiVersion, kind, metadata: { name }, spec });
  }

  async pool(name: string, addresses: string[], rest: object = {}): Promise<void> {
    const { status, body } = await this.apply("IPAddressPool", name, { addresses, ...rest });
    assert.ok(status < 300, JSON.stringify(body));
  }

  async service(name: string, rest: { annotations?: object; spec?: object } = {}): Promise<void> {
    const { annotations = {}, spec = {} } = rest;
    const object = {
      metadata: { name, annotations },
      spec: { type: "LoadBalancer", ports: [{ port: 80 }], ...spec },
    };
    succeeded(await this.api.post(services, object), 201);
  }

  /** Waits until the service shows an address. */
  async addressOf(name: string): Promise<string[]> {
    return ingress(await this.until(`${services}/${name}`, (body) => ingress(body).length > 0));
  }

  /** Waits until the controller's ConfigurationState has this result. */
  configurationState(result: string): Promise<Json> {
    const path = `${resources}/configurationstates/controller`;
    return this.until(path, (body) => body.status?.result === result);
  }

  /** Runs `metallb VERB ...` as a user would, as administrator; the exit status is part of the answer. */
  async metallb(words: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
    const program = join(root, "src/cli/main.ts");
    const options = { maxBuffer: 64 << 20, env: { ...process.env, KUBECONFIG: this.kubeconfig() } };
    try {
      const done = await promisify(execFile)(process.execPath, [program, ...words], options);
      return { status: 0, ...done };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { status: code, stdout, stderr };
    }
  }

  /** Path of the administrator's kubeconfig. */
  kubeconfig(): string {
    return this.cluster.kubeconfig();
  }
}

export function ingress(service: Json): string[] {
  return (service.status?.loadBalancer?.ingress ?? []).map((one: Json) => one.ip);
}

async function established(api: ApiClient): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const isEstablished = ({ status }: Json): boolean =>
    status?.conditions?.some((one: Json) => one.type === "Established" && one.status === "True");
  await eventually(
    () => api.get(path),
    ({ body }) => body.items.every(isEstablished),
  );
}
