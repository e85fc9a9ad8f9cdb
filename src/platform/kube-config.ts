/** Where the API server is and who we are: from inside a pod, or from a kubeconfig file. */

import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse as parseYaml, YAMLParseError } from "yaml";
import { monotonicMs } from "./clock.ts";
import { execCredential, type ExecCredential, type ExecSection } from "./exec-credential.ts";

/** All that a client needs to know of its server. */
export interface KubeConnection {
  /** `https://host:port`, perhaps with a path; plain `http://` works too. */
  readonly server: string;
  /** Who named the server, for error messages. */
  readonly origin: string;
  /** The bearer token of this moment; `renew` reads it anew whatever its age. */
  readonly token?: (options?: { renew?: boolean }) => string | undefined;
  readonly caData?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** The namespace of our pod or of the kubeconfig's context. */
  readonly namespace?: string;
}

export interface KubeConfigSource {
  /** Path of a kubeconfig file; absent or empty: the service account of the pod we run in. */
  readonly kubeconfig?: string | undefined;
  /** A context other than the file's current one. */
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The configuration is unusable; the message names the file, the field and the mend. */
export class KubeConfigError extends Error {
  readonly code = "ERR_KUBECONFIG";
}

const serviceAccountDirDefault = "/var/run/secrets/kubernetes.io/serviceaccount";
const tokenAgeMs = 60_000;

/** Reads the connection from the environment or a file. Throws `KubeConfigError`. */
export function loadKubeConnection(source: KubeConfigSource): KubeConnection {
  return source.kubeconfig ? fromFile(source.kubeconfig, source.context) : inCluster(source.env);
}

/** The folder with `token`, `ca.crt` and `namespace` of our pod; a lab sets METALLB_SERVICE_ACCOUNT_DIR. */
function serviceAccountDir(env: KubeConfigSource["env"]): string {
  return env["METALLB_SERVICE_ACCOUNT_DIR"] ?? serviceAccountDirDefault;
}

function inCluster(env: KubeConfigSource["env"]): KubeConnection {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"] ?? "443";
  if (!host) {
    throw new KubeConfigError(
      "not inside a Kubernetes pod (KUBERNETES_SERVICE_HOST is not set): give --kubeconfig FILE",
    );
  }
  const dir = serviceAccountDir(env);
  const namespace = readIfThere(join(dir, "namespace"))?.trim();
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    origin: "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT",
    token: tokenFromFile(join(dir, "token")),
    caData: readOrRefuse(join(dir, "ca.crt"), "the certificate authority of the service account"),
    ...(namespace ? { namespace } : {}),
  };
}

interface Kubeconfig {
  "current-context"?: string;
  contexts?: { name: string; context?: { cluster?: string; user?: string; namespace?: string } }[];
  clusters?: { name: string; cluster?: KubeconfigCluster }[];
  users?: { name: string; user?: KubeconfigUser }[];
}

interface KubeconfigCluster {
  server?: string;
  "certificate-authority"?: string;
  "certificate-authority-data"?: string;
  "insecure-skip-tls-verify"?: boolean;
  "tls-server-name"?: string;
}

interface KubeconfigUser {
  token?: string;
  tokenFile?: string;
  "client-certificate"?: string;
  "client-certificate-data"?: string;
  "client-key"?: string;
  "client-key-data"?: string;
  exec?: ExecSection | null;
  "auth-provider"?: unknown;
}

function fromFile(path: string, wanted: string | undefined): KubeConnection {
  const config = parseKubeconfig(path);
  const contextName = wanted ?? config["current-context"];
  if (!contextName) {
    throw new KubeConfigError(`kubeconfig ${path} has no current-context: set one in the file`);
  }
  const context = named(config.contexts, contextName, `context of kubeconfig ${path}`).context;
  const where = `context "${contextName}" of kubeconfig ${path}`;
  const clusterEntry = named(config.clusters, context?.cluster ?? "", `cluster in ${where}`);
  const cluster = clusterEntry.cluster ?? {};
  const user = context?.user
    ? (named(config.users, context.user, `user in ${where}`).user ?? {})
    : {};
  const server = checkServer(cluster.server, where);
  const namespace = context?.namespace;
  const file = { path, where };
  return {
    server,
    origin: where,
    ...definedOnly({
      caData: fileOrData(file, cluster, "certificate-authority"),
      tlsServerName: cluster["tls-server-name"],
      insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"],
      namespace,
    }),
    ...definedOnly(credentials(file, user, cluster)),
  };
}

interface ConfigFile {
  readonly path: string;
  /** The words that name the context and the file in a message. */
  readonly where: string;
}

function credentials(
  file: ConfigFile,
  user: KubeconfigUser,
  cluster: KubeconfigCluster,
): Pick<Partial<KubeConnection>, "token" | "cert" | "key"> {
  if (user["auth-provider"] !== undefined) {
    const mend = "use an exec plugin, a token, tokenFile or client certificate";
    throw new KubeConfigError(`${file.where} signs in by auth-provider, which is gone: ${mend}`);
  }
  if (user.exec) return fromPlugin(file, user.exec, cluster);
  const { token, tokenFile } = user;
  const fromTokenFile = tokenFile && tokenFromFile(resolve(dirname(file.path), tokenFile));
  return definedOnly({
    token: fromTokenFile || (token ? () => token : undefined),
    cert: fileOrData(file, user, "client-certificate"),
    key: fileOrData(file, user, "client-key"),
  });
}

/** `cluster` is what a plugin may ask to be told of the server; it has no secrets. */
function fromPlugin(
  { path, where }: ConfigFile,
  exec: ExecSection,
  cluster: KubeconfigCluster,
): ExecCredential {
  const hasTerminal = process.stdin.isTTY;
  try {
    return execCredential(exec, { path, where, cluster: { ...cluster }, hasTerminal });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new KubeConfigError(message, { cause });
  }
}

function parseKubeconfig(path: string): Kubeconfig {
  const text = readOrRefuse(path, "the kubeconfig");
  let config: unknown;
  try {
    config = parseYaml(text);
  } catch (cause) {
    // The parser's own message is left out: it may quote a token.
    const at = cause instanceof YAMLParseError ? cause.linePos?.[0] : undefined;
    const where = at ? `correct line ${at.line}, column ${at.col}` : "an alias has no anchor";
    throw new KubeConfigError(`kubeconfig ${path} is not valid YAML: ${where}`);
  }
  if (typeof config !== "object" || config === null) {
    throw new KubeConfigError(`kubeconfig ${path} is empty: write clusters, users and contexts`);
  }
  return config;
}

function named<T extends { name: string }>(list: T[] | undefined, name: string, what: string): T {
  const entries = Array.isArray(list) ? (list as (T | null)[]) : [];
  const found = entries.find((entry) => entry?.name === name);
  if (found) return found;
  const known = entries.map((entry) => entry?.name).join(", ") || "none";
  throw new KubeConfigError(`no ${what} is named "${name}" (there are: ${known})`);
}

function checkServer(server: string | undefined, where: string): string {
  if (server !== undefined && URL.canParse(server) && /^https?:/.test(server)) return server;
  throw new KubeConfigError(
    `${where} has the server "${server ?? ""}", which is no http(s) address: write https://HOST:PORT`,
  );
}

/** The text of `field-data` (base64) or of the file that `field` names, relative to the kubeconfig. */
function fileOrData<Field extends string>(
  file: ConfigFile,
  from: { readonly [key in Field | `${Field}-data`]?: string },
  field: Field,
): string | undefined {
  const data: string | undefined = from[`${field}-data`];
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  const path: string | undefined = from[field];
  if (path === undefined || path === "") return undefined;
  return readOrRefuse(resolve(dirname(file.path), path), `the ${field} of ${file.where}`);
}

/** A token kept in a file that somebody renews: read again when a minute old, kept when unreadable. */
function tokenFromFile(path: string): NonNullable<KubeConnection["token"]> {
  let token: string | undefined;
  let readAtMs = -Infinity;
  return (options) => {
    if (options?.renew === true || monotonicMs() - readAtMs >= tokenAgeMs) {
      token = readIfThere(path)?.trim() ?? token;
      readAtMs = monotonicMs();
    }
    return token;
  };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function readOrRefuse(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new KubeConfigError(
      `cannot read ${what}, file ${path} (${why}): check the path and its permissions`,
      { cause },
    );
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The same object without the keys whose value is undefined. */
function definedOnly<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}
