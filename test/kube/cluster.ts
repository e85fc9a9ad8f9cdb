/** An API server with the accounts and rights of our manifests, and our programs beside it as pods run them. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import {
  freePort,
  realkubeBinaries,
  startDaemon,
  type Daemon,
} from "../../tools/realkube/index.ts";
import { ApiClient, succeeded, trustingAgent, type Json } from "../kube-api/api-client.ts";
import {
  auditLogOf,
  startServer,
  type ClusterServer,
  type ServerName,
  type ServerPlace,
} from "./servers.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export const systemNamespace = "metallb-system";

/** What v0.9.5's manifest has and no server of today knows, or nobody here runs. */
const oldKinds = ["PodSecurityPolicy", "Deployment", "DaemonSet"];

/** Why there is no real API server here, or undefined. Never an excuse when REQUIRE_REALKUBE=1. */
export async function reasonToSkip(): Promise<string | undefined> {
  const answer = await realkubeBinaries({ components: ["etcd", "kube-apiserver"] });
  if (!answer.ok && process.env["REQUIRE_REALKUBE"] === "1") throw new Error(answer.reason);
  return answer.ok ? undefined : answer.reason;
}

export interface ClusterOptions {
  readonly server?: ServerName;
  /** The address to listen on; by default 127.0.0.1. */
  readonly address?: string;
  /** Of cluster IPs; by default IPv4 only. */
  readonly serviceRange?: string;
  /** Files of manifests/ that say which objects and rights there are; by default v0.9.5's. */
  readonly manifests?: readonly string[];
  /** Kinds of these files that are left out. */
  readonly without?: readonly string[];
}

export class TestCluster {
  readonly scratch: string;
  readonly #serverName: ServerName;
  readonly #place: ServerPlace;
  #server: ClusterServer;
  api: ApiClient;
  #accounts = 0;
  #logs = 0;

  private constructor(
    scratch: string,
    { name, place }: { name: ServerName; place: ServerPlace },
    server: ClusterServer,
  ) {
    this.scratch = scratch;
    this.#serverName = name;
    this.#place = place;
    this.#server = server;
    const agent = trustingAgent(readFileSync(server.caFile));
    this.api = new ApiClient(server.url, agent, server.adminToken);
  }

  /** Starts the server and applies the manifests. */
  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const { server: name = "real", address = "127.0.0.1" } = options;
    const { serviceRange = "10.96.0.0/12" } = options;
    const scratch = mkdtempSync(join(tmpdir(), "kube-"));
    const place = { folder: join(scratch, "state"), address, port: await freePort(), serviceRange };
    const server = await startServer(name, place);
    const cluster = new TestCluster(scratch, { name, place }, server);
    const { manifests = ["namespace.yaml", "metallb.yaml"], without = oldKinds } = options;
    try {
      for (const file of manifests) await cluster.#apply(file, without);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  async #apply(file: string, without: readonly string[]): Promise<void> {
    const text = readFileSync(join(root, "manifests", file), "utf8");
    for (const document of parseAllDocuments(text)) {
      const object: Json = document.toJS();
      if (object === null || without.includes(object.kind)) continue;
      const plural = `${object.kind.toLowerCase()}s`;
      const group = object.apiVersion.includes("/") ? `/apis/${object.apiVersion}` : "/api/v1";
      const { namespace } = object.metadata;
      const place = namespace === undefined ? group : `${group}/namespaces/${namespace}`;
      await this.create(`${place}/${plural}`, object);
    }
  }

  get url(): string {
    return this.#server.url;
  }

  get caFile(): string {
    return this.#server.caFile;
  }

  /** A user without any rights but those of everybody. */
  get nobodyToken(): string {
    return this.#server.nobodyToken;
  }

  /** Ends the API server by SIGKILL and starts it again on the same data and port. */
  async restartApiServer(): Promise<void> {
    await this.#server.stop();
    this.#server = await startServer(this.#serverName, this.#place);
  }

  /** Creates an object as the administrator; anything but 201 fails the test. */
  async create(path: string, body: object): Promise<Json> {
    return succeeded(await this.api.post(path, body), 201);
  }

  /** Merges into an object or its status as the administrator; a refusal fails the test. */
  async merge(path: string, body: object): Promise<void> {
    const reply = await this.api.patch(path, "merge", body);
    assert.ok(reply.status < 300, JSON.stringify(reply.body));
  }

  /** A ready Node, and on it a speaker's running pod by which others find it. */
  async addSpeakerNode(name: string, address: string): Promise<void> {
    const conditions = [{ type: "Ready", status: "True" }];
    const addresses = [{ type: "InternalIP", address }];
    await this.create("/api/v1/nodes", { metadata: { name }, status: { addresses, conditions } });
    const pods = `/api/v1/namespaces/${systemNamespace}/pods`;
    const labels = { app: "metallb", component: "speaker" };
    const containers = [{ name: "speaker", image: "none" }];
    const spec = { nodeName: name, serviceAccountName: "speaker", containers };
    await this.create(pods, { metadata: { name: `speaker-${name}`, labels }, spec });
    const ips = { podIP: address, podIPs: [{ ip: address }] };
    const status = { phase: "Running", ...ips, conditions };
    await this.merge(`${pods}/speaker-${name}/status`, { status });
  }

  /** A token of one of the manifests' service accounts. */
  async token(account: string): Promise<string> {
    const path = `/api/v1/namespaces/${systemNamespace}/serviceaccounts/${account}/token`;
    return (await this.create(path, { spec: {} })).status.token;
  }

  /** The folder that a pod of `account` finds at /var/run/secrets/kubernetes.io/serviceaccount. */
  async accountFolder(account: string): Promise<string> {
    const folder = join(this.scratch, `${account}-${++this.#accounts}`);
    mkdirSync(folder);
    writeFileSync(join(folder, "token"), await this.token(account));
    writeFileSync(join(folder, "ca.crt"), readFileSync(this.caFile));
    writeFileSync(join(folder, "namespace"), systemNamespace);
    return folder;
  }

  /** Starts one of our programs with the environment of its pod; `before` is a command to run it by. */
  run(
    words: string[],
    accountFolder: string,
    env: Record<string, string> = {},
    before: string[] = [],
  ): Daemon & { log(): string } {
    const command = [...before, process.execPath, join(root, "src/cli/main.ts"), ...words];
    const own = { METALLB_SERVICE_ACCOUNT_DIR: accountFolder };
    return this.#start(`${words[0]}`, command, { ...own, ...env });
  }

  /** Starts somebody else's program; it finds the account where each pod does. */
  runForeign(
    command: string[],
    accountFolder: string,
    env: Record<string, string>,
    before: string[],
  ): Daemon & { log(): string } {
    const mount = "/run/secrets/kubernetes.io/serviceaccount";
    // A fresh /run in a mount namespace of its own.
    const inside =
      `mount --make-rprivate / && mount -t tmpfs none /run && mkdir -p ${mount} && ` +
      `mount --bind "$0" ${mount} && exec "$@"`;
    const wrapped = [...before, "unshare", "--mount", "sh", "-c", inside, accountFolder];
    return this.#start("foreign", [...wrapped, ...command], env);
  }

  #start(name: string, command: string[], env: Record<string, string>): Daemon & { log(): string } {
    const { hostname, port } = new URL(this.#server.url);
    const logFile = join(this.scratch, `${name}-${++this.#logs}.log`);
    const daemon = startDaemon("env", command, {
      logFile,
      environment: {
        PATH: process.env["PATH"],
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        ...env,
      },
    });
    return { ...daemon, log: () => readFileSync(logFile, "utf8") };
  }

  /**
   * What a service account of ours has written so far, as "VERB RESOURCE NAMESPACE/NAME"; the real server's audit log
   * tells, so ask for it only there.
   */
  writesOf(account: string): string[] {
    const file = auditLogOf(join(this.scratch, "state"));
    if (!existsSync(file)) return [];
    const user = `system:serviceaccount:${systemNamespace}:${account}`;
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.includes(user))
      .map((line) => JSON.parse(line))
      .map(({ verb, objectRef: ref }: Json) => {
        const resource = [ref.resource, ref.subresource].filter(Boolean).join("/");
        return `${verb} ${resource} ${ref.namespace}/${ref.name}`;
      });
  }

  /** Writes a kubeconfig of the administrator and tells its path. */
  kubeconfig(): string {
    const file = join(this.scratch, "admin.kubeconfig");
    const cluster = { server: this.url, "certificate-authority": this.caFile };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster }],
      users: [{ name: "admin", user: { token: this.#server.adminToken } }],
      contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
      "current-context": "test",
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  /** A number that grows with each write of anybody. */
  async revision(): Promise<number> {
    const { body } = await this.api.get("/api/v1/namespaces?limit=1");
    return Number(body.metadata.resourceVersion);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.scratch, { recursive: true });
  }
}
