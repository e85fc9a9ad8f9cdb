/** An embedded API server with everything of manifests/metallb-native.yaml, for tests of the programs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { startApiServer } from "../apiserver/index.ts";
import { formatJson, parseJson } from "../kube/index.ts";

export interface ClusterAnswer {
  status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the server says
  body: any;
  /** The sentences of `Warning:` headers. */
  warnings: readonly string[];
}

export interface MetallbCluster {
  url: string;
  /** Bearer tokens: an administrator's, and those of the two programs' service accounts. */
  tokens: { admin: string; controller: string; speaker: string };
  /** One request as an administrator, or as `token`; PATCH is a merge patch. Whole numbers beyond 2^53 are bigints. */
  request: (method: string, path: string, body?: unknown, token?: string) => Promise<ClusterAnswer>;
  close(): Promise<void>;
}

export interface MetallbClusterOptions {
  /** Whether the webhooks are registered: without a controller that answers they refuse every write (false). */
  webhooks?: boolean;
  /** Where the server listens (127.0.0.1). */
  host?: string;
}

const admin = "admin-token";
const namespace = "/api/v1/namespaces/metallb-system";
const webhookKind = "ValidatingWebhookConfiguration";

/** RBAC is on: each token may do what the manifest grants and no more. Kept in memory, ended by `close`. */
export async function startMetallbCluster({
  webhooks = false,
  host = "127.0.0.1",
}: MetallbClusterOptions = {}): Promise<MetallbCluster> {
  const groups = ["system:masters", "system:authenticated"];
  const server = await startApiServer({
    dataFile: ":memory:",
    host,
    port: 0,
    tokens: { [admin]: { name: "admin", groups } },
    rbac: true,
  });
  const request: MetallbCluster["request"] = (method, path, body, token = admin) =>
    send(server.url, { method, path, body, token });
  for (const object of metallbManifest()) {
    if (object.kind === webhookKind && !webhooks) continue;
    await done(request("POST", collectionOf(object), object));
  }
  const tokenOf = async (account: string): Promise<string> => {
    const path = `${namespace}/serviceaccounts/${account}/token`;
    return (await done(request("POST", path, { spec: {} }))).body.status.token;
  };
  const controller = await tokenOf("controller");
  const speaker = await tokenOf("speaker");
  return {
    url: server.url,
    tokens: { admin, controller, speaker },
    request,
    close: () => server.close(),
  };
}

interface ManifestObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

/** The objects of manifests/metallb-native.yaml, in their order. */
function metallbManifest(): ManifestObject[] {
  const file = join(import.meta.dirname, "../../manifests/metallb-native.yaml");
  const documents = parseAllDocuments(readFileSync(file, "utf8"));
  return documents.map((document) => document.toJS() as ManifestObject);
}

/** Where objects of the kind are created. The kinds of the manifest have regular plurals. */
function collectionOf({ apiVersion, kind, metadata }: ManifestObject): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const place = metadata.namespace ? `/namespaces/${metadata.namespace}` : "";
  return `${root}${place}/${kind.toLowerCase()}s`;
}

async function done(answer: Promise<ClusterAnswer>): Promise<ClusterAnswer> {
  const given = await answer;
  if (given.status < 300) return given;
  throw new Error(`the embedded server refused: ${given.body.message}`);
}

async function send(
  url: string,
  { method, path, body, token }: { method: string; path: string; body: unknown; token: string },
): Promise<ClusterAnswer> {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const reply = await fetch(url + path, {
    method,
    // A test that waits for a command holds the server up too, which then closes a connection that is to be used again.
    headers: { authorization: `Bearer ${token}`, "content-type": type, connection: "close" },
    ...(body === undefined ? {} : { body: formatJson(body) }),
  });
  const told = reply.headers.get("warning") ?? "";
  const warnings = [...told.matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)].map(
    ([, text]) => JSON.parse(text!) as string,
  );
  return { status: reply.status, body: parseJson(await reply.text()), warnings };
}
