/** Puts the server together, listens, and closes it again. */
import type { AddressInfo } from "node:net";
import { Access } from "./access.ts";
import type { ApiObject } from "./api-object.ts";
import { bootstrap } from "./bootstrap.ts";
import { builtinResources } from "./builtin-resources.ts";
import { serveCustomResources } from "./custom-resources.ts";
import { collectGarbage } from "./garbage.ts";
import { kubeconfigFor } from "./kubeconfig.ts";
import type { User } from "./request.ts";
import { Registry } from "./resource.ts";
import { ServiceAddresses } from "./service-addresses.ts";
import { createApiServer, type Tls } from "./server.ts";
import { ServiceAccountTokens } from "./service-account-tokens.ts";
import { mutateByWebhooks, reviewByWebhooks } from "./webhooks.ts";
import type { LogRecord, ServerState } from "./server-state.ts";
import { Store } from "./store.ts";

export interface ApiServerOptions {
  /** Path of the SQLite file, or ":memory:". */
  dataFile: string;
  host: string;
  /** 0 takes a free port. */
  port: number;
  tls?: Tls;
  /** Bearer token to user; without any, every request is an administrator's. */
  tokens?: Readonly<Record<string, User>>;
  /** Whether roles and bindings are enforced; without, every known user may do everything. */
  rbac?: boolean;
  serviceCidr?: string;
  /** How many writes a watch may lag behind before it gets 410 Gone. */
  watchHistory?: number;
  log?: (record: LogRecord) => void;
  /** Answers `kubectl logs`; without it there are no logs. */
  podLog?: (pod: ApiObject, query: URLSearchParams) => Promise<string>;
}

export interface RunningApiServer {
  url: string;
  /** YAML text for kubectl, with the token of the first administrator. */
  kubeconfig: string;
  close(): Promise<void>;
}

export async function startApiServer(options: ApiServerOptions): Promise<RunningApiServer> {
  const store = new Store(options.dataFile, options.watchHistory ?? 10_000);
  const addresses = new ServiceAddresses(options.serviceCidr ?? "10.96.0.0/16", store);
  const registry = new Registry();
  for (const resource of builtinResources()) registry.add(resource);
  const now = () => new Date();
  const accounts = new ServiceAccountTokens(store, now);
  const { tokens, rbac = false } = options;
  const access = new Access({ tokens, rbac, store, accounts });
  const state: ServerState = {
    store,
    registry,
    now,
    log: options.log ?? (() => undefined),
    podLog: options.podLog,
    access,
    accounts,
    mutate: (admission) => mutateByWebhooks(state, admission),
    async review(admission) {
      access.checkEscalation(admission);
      await reviewByWebhooks(state, admission);
    },
    allocate(resource, object, old) {
      if (resource.kind !== "Service" || resource.custom) return object;
      return addresses.allocate(resource, object, old);
    },
  };
  const stopServing = serveCustomResources(state);
  await bootstrap(state, addresses.first);
  const stopCollecting = collectGarbage(state);
  const server = createApiServer(state, options.tls);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  const url = `${options.tls ? "https" : "http"}://${host}:${port}`;
  const token = Object.entries(options.tokens ?? {}).find(([, user]) =>
    user.groups.includes("system:masters"),
  )?.[0];
  return {
    url,
    kubeconfig: kubeconfigFor(url, { ca: options.tls?.ca, token }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      stopCollecting();
      stopServing();
      store.close();
    },
  };
}
