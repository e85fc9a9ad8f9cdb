/** A real API server with the manifests' accounts and rights, and our programs beside it as pods run them. */
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
  startRealApiServer,
  type Daemon,
  type RealApiServer,
} from "../../tools/realkube/index.ts";
import { ApiClient, succeeded, trustingAgent, type Json } from "../kube-api/api-client.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export const systemNamespace = "metallb-system";

/** Why there is no real API server here, or undefined. Never an excuse when REQUIRE_REALKUBE=1. */
export async function reasonToSkip(): Promise<string | undefined> {
  const answer = await realkubeBinaries({ components: ["etcd", "kube-apiserver"] });
  if (!answer.ok && process.env["REQUIRE_REALKUBE"] === "1") throw new Error(answer.reason);
  return answer.ok ? undefined : answer.reason;
}

/** Writes only: who changed what, when. Reads would drown it. */
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    verbs: [create, update, patch, delete]
  - level: None
`;

export class TestCluster {
  readonly scratch: string;
  readonly #binaries: string;
  #server: RealApiServer;
  api: ApiClient;
  #accounts = 0;

  private constructor(scratch: string, binaries: string, server: RealApiServer) {
    this.scratch = scratch;
    this.#binaries = binaries;
    this.#server = server;
    const agent = trustingAgent(readFileSync(server.caFile));
    this.api = new ApiClient(server.url, agent, server.tokens.admin.token);
  }

  /** Starts the server, on `address` when given, and applies what the manifests say about rights. */
  static async start(address?: string): Promise<TestCluster> {
    const answer = await realkubeBinaries({ components: ["etcd", "kube-apiserver"] });
    assert.ok(answer.ok);
    const scratch = mkdtempSync(join(tmpdir(), "kube-"));
    const server = await startServer(scratch, answer.dir, { address, port: await freePort() });
    const cluster = new TestCluster(scratch, answer.dir, server);
    await cluster.#applyManifests();
    return cluster;
  }

  async #applyManifests(): Promise<void> {
    const paths: Record<string, string> = {
      Namespace: "/api/v1/namespaces",
      ServiceAccount: `/api/v1/namespaces/${systemNamespace}/serviceaccounts`,
      ClusterRole: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
      ClusterRoleBinding: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
      Role: `/apis/rbac.authorization.k8s.io/v1/namespaces/${systemNamespace}/roles`,
      RoleBinding: `/apis/rbac.authorization.k8s.io/v1/namespaces/${systemNamespace}/rolebindings`,
    };
    for (const file of ["namespace.yaml", "metallb.yaml"]) {
      const text = readFileSync(join(root, "manifests", file), "utf8");
      for (const document of parseAllDocuments(text)) {
        const object: Json = document.toJS();
        const path = paths[object.kind];
        if (path !== undefined) succeeded(await this.api.post(path, object), 201);
      }
    }
  }

  /** Ends the API server and etcd by SIGKILL and starts them again on the same data and port. */
  async restartApiServer(): Promise<void> {
    const { port, url } = this.#server;
    await this.#server.stop();
    const address = new URL(url).hostname;
    this.#server = await startServer(this.scratch, this.#binaries, { address, port });
  }

  /** A token of one of the manifests' service accounts. */
  async token(account: string): Promise<string> {
    const path = `/api/v1/namespaces/${systemNamespace}/serviceaccounts/${account}/token`;
    return succeeded(await this.api.post(path, { spec: {} }), 201).status.token;
  }

  /** The folder that a pod of `account` finds at /var/run/secrets/kubernetes.io/serviceaccount. */
  async accountFolder(account: string): Promise<string> {
    const folder = join(this.scratch, `${account}-${++this.#accounts}`);
    mkdirSync(folder);
    writeFileSync(join(folder, "token"), await this.token(account));
    writeFileSync(join(folder, "ca.crt"), readFileSync(this.#server.caFile));
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
    const { hostname, port } = new URL(this.#server.url);
    const logFile = join(this.scratch, `${words[0]}-${Date.now()}.log`);
    const [program = process.execPath, ...args] = [
      ...before,
      process.execPath,
      join(root, "src/cli/main.ts"),
      ...words,
    ];
    const daemon = startDaemon(program, args, {
      logFile,
      environment: {
        PATH: process.env["PATH"],
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        METALLB_SERVICE_ACCOUNT_DIR: accountFolder,
        ...env,
      },
    });
    return { ...daemon, log: () => readFileSync(logFile, "utf8") };
  }

  /** What a service account of ours has written so far, as "VERB RESOURCE NAMESPACE/NAME". */
  writesOf(account: string): string[] {
    const file = join(this.scratch, "audit.log");
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

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.scratch, { recursive: true });
  }
}

async function startServer(
  scratch: string,
  binaries: string,
  where: { address?: string | undefined; port: number },
): Promise<RealApiServer> {
  const policy = join(scratch, "audit-policy.yaml");
  writeFileSync(policy, auditPolicy);
  return startRealApiServer({
    binaries,
    stateDir: join(scratch, "server"),
    port: where.port,
    ...(where.address === undefined ? {} : { address: where.address }),
    apiServerFlags: [
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${join(scratch, "audit.log")}`,
    ],
  });
}
