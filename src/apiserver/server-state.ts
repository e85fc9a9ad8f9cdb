/** What every request works on: the store, the resources, and the hooks around writes. */
import type { Access } from "./access.ts";
import type { ApiObject } from "./api-object.ts";
import type { Registry, Resource } from "./resource.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";
import type { Store } from "./store.ts";
import type { User } from "./request.ts";

export interface LogRecord {
  level: "info" | "warn" | "error";
  msg: string;
  [field: string]: unknown;
}

/** One write on its way through admission. */
export interface Admission {
  operation: "CREATE" | "UPDATE" | "DELETE";
  resource: Resource;
  subresource: string | undefined;
  namespace: string | undefined;
  name: string;
  object: ApiObject | undefined;
  oldObject: ApiObject | undefined;
  user: User;
  dryRun: boolean;
  /** Where webhooks leave sentences for the client. */
  warnings: string[];
}

export interface ServerState {
  store: Store;
  registry: Registry;
  now(): Date;
  log(record: LogRecord): void;
  /** Mutating webhooks: the object as they want it. Throws when one of them refuses. */
  mutate(admission: Admission): Promise<ApiObject | undefined>;
  /** Validating webhooks. Throws when one of them refuses. */
  review(admission: Admission): Promise<void>;
  /** Gives a Service its addresses and ports, or throws 422. Called last before the write, never for a dry run. */
  allocate(resource: Resource, object: ApiObject, old: ApiObject | undefined): ApiObject;
  /** The log of a pod for `kubectl logs`; the query has container, tailLines and their like. */
  podLog: ((pod: ApiObject, query: URLSearchParams) => Promise<string>) | undefined;
  access: Access;
  /** Tokens of service accounts. */
  accounts: ServiceAccountTokens;
}

/** RFC 3339 to the second, as metadata carries times. */
export function timestamp(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}
