/** The API server below a test cluster: the real one, or the embedded one as a process with TLS and roles. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  logTail,
  makeAuthority,
  makeServerCertificate,
  realkubeBinaries,
  startDaemon,
  startRealApiServer,
} from "../../tools/realkube/index.ts";

export type ServerName = "real" | "embedded";

export interface ClusterServer {
  readonly url: string;
  readonly caFile: string;
  /** A member of system:masters. */
  readonly adminToken: string;
  readonly nobodyToken: string;
  /** Ends every process of it by SIGKILL. */
  stop(): Promise<void>;
}

export interface ServerPlace {
  /** Data and keys; a second start in the same folder goes on with them. */
  readonly folder: string;
  readonly address: string;
  readonly port: number;
  /** Of cluster IPs; two by a comma make the cluster dual-stack. */
  readonly serviceRange: string;
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

/** Where the real server writes what changed. */
export function auditLogOf(folder: string): string {
  return join(folder, "audit.log");
}

export function startServer(name: ServerName, place: ServerPlace): Promise<ClusterServer> {
  return name === "real" ? startReal(place) : startEmbedded(place);
}

async function startReal(place: ServerPlace): Promise<ClusterServer> {
  const { folder, address, port, serviceRange } = place;
  const found = await realkubeBinaries({ components: ["etcd", "kube-apiserver"] });
  if (!found.ok) throw new Error(found.reason);
  mkdirSync(folder, { recursive: true });
  const policy = join(folder, "audit-policy.yaml");
  writeFileSync(policy, auditPolicy);
  const apiServerFlags = [
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${auditLogOf(folder)}`,
    `--service-cluster-ip-range=${serviceRange}`,
  ];
  const stateDir = join(folder, "server");
  const server = await startRealApiServer({
    binaries: found.dir,
    stateDir,
    port,
    address,
    apiServerFlags,
  });
  return {
    url: server.url,
    caFile: server.caFile,
    adminToken: server.tokens.admin.token,
    nobodyToken: server.tokens.nobody.token,
    stop: () => server.stop(),
  };
}

async function startEmbedded(place: ServerPlace): Promise<ClusterServer> {
  const { folder, address, port, serviceRange } = place;
  const caFile = join(folder, "ca.crt");
  const isNew = mkdirSync(folder, { recursive: true }) !== undefined;
  if (isNew) {
    const authority = await makeAuthority(folder);
    await makeServerCertificate(authority, folder, "apiserver", [`IP:${address}`]);
  }
  const program = fileURLToPath(new URL("embedded-server.ts", import.meta.url));
  const logFile = join(folder, "log");
  const daemon = startDaemon(
    process.execPath,
    [program, folder, address, String(port), serviceRange],
    {
      logFile,
    },
  );
  let failure: string | undefined;
  void daemon.ended.then((how) => (failure = `the embedded server ended: ${how}`));
  const url = `https://${address}:${port}`;
  while (!(await isReady(url, readFileSync(caFile)))) {
    if (failure !== undefined) throw new Error(`${failure}:\n${logTail(logFile)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    caFile,
    adminToken: "admin-token",
    nobodyToken: "nobody-token",
    stop: () => daemon.kill(),
  };
}

function isReady(url: string, ca: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = get(`${url}/readyz`, { ca, agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode === 200);
    });
    probe.on("error", () => resolve(false));
  });
}
