/** A real kube-apiserver with its etcd on loopback: RBAC on, everything in one state folder. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { makeAuthority, makeServerCertificate, makeTokenKeys } from "./certificates.ts";
import { freePort, logTail, startDaemon, type Daemon } from "./daemon.ts";
import { etcdFlags } from "./etcd.ts";

/** Static bearer tokens of made-up users; whoever is not bound to a role has no rights. */
export const realTokens = {
  admin: { token: "admin-token", user: "admin", groups: ["system:masters"] },
  /** A second administrator, whom the audit log tells from the first. */
  program: { token: "program-token", user: "program", groups: ["system:masters"] },
  nobody: { token: "nobody-token", user: "nobody", groups: [] },
  alice: { token: "alice-token", user: "alice", groups: ["developers"] },
} as const;

export interface RealApiServerOptions {
  /** The folder of `etcd` and `kube-apiserver` (see realkubeBinaries). */
  binaries: string;
  /** Holds keys, data, logs; a second start in the same folder goes on with its data and keys. */
  stateDir: string;
  /** Port of the API server; by default a free one. */
  port?: number;
  /** The address to listen on; by default 127.0.0.1. */
  address?: string;
  apiServerFlags?: string[];
  readyTimeoutMs?: number;
  /** Keep the processes after our own end (the command line's `start`). */
  outliveParent?: boolean;
}

export interface RealApiServer {
  url: string;
  etcdUrl: string;
  port: number;
  /** Path of the administrator's kubeconfig. */
  kubeconfig: string;
  /** Path of the certificate of the authority that signed the server's. */
  caFile: string;
  tokens: typeof realTokens;
  etcd: Daemon;
  apiServer: Daemon;
  /** Ends both at once; nothing here deserves a graceful end. */
  stop(): Promise<void>;
}

/** Starts etcd and kube-apiserver and waits until the API server says it is ready. */
export async function startRealApiServer(options: RealApiServerOptions): Promise<RealApiServer> {
  const { stateDir, binaries, address = "127.0.0.1" } = options;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const keys = await keysOf(stateDir, address);
  const [port, etcdPort, peerPort] = [
    options.port ?? (await freePort()),
    await freePort(),
    await freePort(),
  ];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const start = (program: string, flags: string[]): Daemon =>
    startDaemon(join(binaries, program), flags, {
      logFile: join(stateDir, `${program}.log`),
      outliveParent: options.outliveParent ?? false,
    });
  const etcd = start("etcd", etcdFlags(stateDir, etcdPort, peerPort));
  // kube-apiserver retries etcd by itself, so both start at once.
  const flags = [...apiServerFlags(stateDir, port, address), `--etcd-servers=${etcdUrl}`];
  const apiServer = start("kube-apiserver", [...flags, ...(options.apiServerFlags ?? [])]);
  const url = `https://${address}:${port}`;
  const kubeconfig = join(stateDir, "admin.kubeconfig");
  writeFileSync(kubeconfig, kubeconfigText(url, keys.ca, realTokens.admin.token));
  const stop = async (): Promise<void> => {
    await Promise.all([apiServer.kill(), etcd.kill()]);
  };
  try {
    await ready(
      { url, ca: readFileSync(keys.ca), etcd, apiServer, stateDir },
      options.readyTimeoutMs,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    etcdUrl,
    port,
    kubeconfig,
    caFile: keys.ca,
    tokens: realTokens,
    etcd,
    apiServer,
    stop,
  };
}

/** The keys of a state folder: made once, then read again. */
async function keysOf(stateDir: string, address: string): Promise<{ ca: string }> {
  const folder = join(stateDir, "pki");
  const ca = join(folder, "ca.crt");
  const done = join(folder, ".complete");
  if (!existsSync(done)) {
    mkdirSync(folder, { recursive: true });
    const authority = await makeAuthority(folder);
    const names = ["DNS:localhost", "DNS:kubernetes.default.svc", "IP:127.0.0.1", "IP:10.96.0.1"];
    if (address !== "127.0.0.1") names.push(`IP:${address}`);
    await makeServerCertificate(authority, folder, "apiserver", names);
    await makeTokenKeys(folder);
    const rows = Object.values(realTokens).map(
      ({ token, user, groups }) => `${token},${user},${user},"${groups.join(",")}"`,
    );
    writeFileSync(join(folder, "tokens.csv"), `${rows.join("\n")}\n`);
    writeFileSync(done, "");
  }
  return { ca };
}

function apiServerFlags(stateDir: string, port: number, address: string): string[] {
  const key = (name: string): string => join(stateDir, "pki", name);
  return [
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${key("apiserver.crt")}`,
    `--tls-private-key-file=${key("apiserver.key")}`,
    `--token-auth-file=${key("tokens.csv")}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${key("sa.pub")}`,
    `--service-account-signing-key-file=${key("sa.key")}`,
    "--authorization-mode=RBAC",
    "--service-cluster-ip-range=10.96.0.0/12",
    // Loopback must not stand in the endpoints of the Service "kubernetes".
    `--endpoint-reconciler-type=${address.startsWith("127.") ? "none" : "lease"}`,
    "--profiling=false",
    "--shutdown-delay-duration=0s",
  ];
}

function kubeconfigText(server: string, caFile: string, token: string): string {
  return [
    "apiVersion: v1",
    "kind: Config",
    `clusters: [{name: realkube, cluster: {server: "${server}", certificate-authority: "${caFile}"}}]`,
    `users: [{name: me, user: {token: "${token}"}}]`,
    "contexts: [{name: me, context: {cluster: realkube, user: me}}]",
    "current-context: me",
    "",
  ].join("\n");
}

interface Starting {
  url: string;
  ca: Buffer;
  etcd: Daemon;
  apiServer: Daemon;
  stateDir: string;
}

/** Waits for /readyz; fails early, with the log's tail, when a process ends or the time is up. */
async function ready(server: Starting, timeoutMs = 90_000): Promise<void> {
  const failure = (program: string, how: string): Error =>
    new Error(`${program} ${how}:\n${logTail(join(server.stateDir, `${program}.log`))}`);
  let dead: Error | undefined;
  void server.etcd.ended.then((how) => (dead ??= failure("etcd", `ended (${how})`)));
  void server.apiServer.ended.then((how) => (dead ??= failure("kube-apiserver", `ended (${how})`)));
  const deadline = Date.now() + timeoutMs;
  while (!(await isReady(server))) {
    if (dead) throw dead;
    if (Date.now() > deadline) throw failure("kube-apiserver", `not ready in ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function isReady({ url, ca }: Starting): Promise<boolean> {
  const headers = { authorization: `Bearer ${realTokens.admin.token}` };
  return new Promise((resolve) => {
    const probe = request(
      `${url}/readyz`,
      { ca, headers, timeout: 2000, agent: false },
      (reply) => {
        reply.resume();
        resolve(reply.statusCode === 200);
      },
    );
    probe.on("error", () => resolve(false));
    probe.on("timeout", () => probe.destroy());
    probe.end();
  });
}
