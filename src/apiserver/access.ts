/** Who is asking, and may they: tokens to users, users to rights, in the words of the real server's refusals. */
import { ApiError, forbidden } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import * as rbac from "./rbac.ts";
import type { Act, PolicyRule } from "./rbac.ts";
import type { ApiRequest, Target, User } from "./request.ts";
import type { Admission } from "./server-state.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";
import type { Store } from "./store.ts";

const ADMIN: User = { name: "admin", groups: ["system:masters", "system:authenticated"] };
const ANONYMOUS: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };

export interface AccessOptions {
  tokens: Readonly<Record<string, User>> | undefined;
  rbac: boolean;
  store: Store;
  accounts: ServiceAccountTokens;
}

export class Access {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** The user behind an Authorization header. Throws 401 for a token that nobody knows. */
  authenticate(authorization: string | undefined): User {
    const { tokens } = this.#options;
    const token = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
    const user = token ? this.userOf(token) : undefined;
    if (user) return user;
    if (!tokens) return ADMIN;
    if (token || authorization) throw unauthorized();
    return ANONYMOUS;
  }

  /** The user of a static token or of a service account's; undefined when the token is not good. */
  userOf(token: string): User | undefined {
    const { tokens, accounts } = this.#options;
    if (tokens && Object.hasOwn(tokens, token)) return tokens[token];
    return accounts.userOf(token);
  }

  /** Throws 403 unless the user may do this; without RBAC everybody but anonymous may do everything. */
  authorize(request: ApiRequest, target: Target | undefined, verb: string): void {
    const { user, path, method } = request;
    const act = target ? actOf(request, target, verb) : { verb: method.toLowerCase(), path };
    if (this.reason(user, act) !== undefined) return;
    if (!this.#options.rbac) throw unauthorized();
    throw target ? refusal(user, act) : pathRefusal(user, act);
  }

  /** Why the user may do it; undefined when not. */
  reason(user: User, act: Act): string | undefined {
    const isOpen = act.path !== undefined && /^\/(healthz|readyz|livez|version)/.test(act.path);
    if (!this.#options.rbac) return user === ANONYMOUS && !isOpen ? undefined : "RBAC is off";
    return rbac.allowedBecause(this.#options.store, user, act);
  }

  /** Every rule that the user holds in a namespace. */
  rules(user: User, namespace: string): PolicyRule[] {
    const all: PolicyRule = { verbs: ["*"], apiGroups: ["*"], resources: ["*"] };
    if (!this.#options.rbac || user.groups.includes("system:masters")) return [all];
    return rbac.grantedRules(this.#options.store, user, namespace).map(({ rule }) => rule);
  }

  /** Nobody may give away rights that they do not have themselves. Throws 403. */
  checkEscalation({ resource, user, object, operation, namespace, name }: Admission): void {
    const isRole = resource.group === "rbac.authorization.k8s.io" && operation !== "DELETE";
    if (!this.#options.rbac || !isRole || !object) return;
    if (user.groups.includes("system:masters") || this.#mayGrant(user, object, namespace)) return;
    const { store } = this.#options;
    const rules: PolicyRule[] = object.roleRef ? rbac.rulesOf(store, object) : (object.rules ?? []);
    const missing = rbac.notHeld(store, user, namespace, rules);
    if (missing.length === 0) return;
    const groups = user.groups.map((group) => JSON.stringify(group)).join(" ");
    const why = `user "${user.name}" (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:`;
    throw forbidden(resource, name, [why, ...missing.map(ruleText)].join("\n"));
  }

  /** Whether the user was given the right to give rights: "bind" a role, or "escalate" one. */
  #mayGrant(user: User, object: ApiObject, namespace: string | undefined): boolean {
    const kind = String(object.roleRef?.kind ?? object.kind);
    const name = String(object.roleRef?.name ?? object.metadata.name);
    const verb = object.roleRef ? "bind" : "escalate";
    const resource = `${kind.toLowerCase()}s`;
    const act = { verb, group: "rbac.authorization.k8s.io", resource, namespace, name };
    return this.reason(user, act) !== undefined;
  }
}

function unauthorized(): ApiError {
  return new ApiError(401, "Unauthorized", "Unauthorized");
}

function actOf(request: ApiRequest, target: Target, verb: string): Act {
  const { group, plural: resource, subresource, namespace } = target;
  const selector = request.query.get("fieldSelector") ?? "";
  const name = target.name ?? /(?:^|,)metadata\.name==?([^,]+)/.exec(selector)?.[1];
  // A namespace is asked for as an object inside of itself.
  const space = namespace ?? (resource === "namespaces" && !group ? target.name : undefined);
  return { verb, group, resource, subresource, namespace: space, name };
}

function refusal(user: User, act: Act): ApiError {
  const { verb, group = "", resource = "", subresource, namespace, name } = act;
  const wanted = subresource ? `${resource}/${subresource}` : resource;
  const scope = namespace ? `in the namespace "${namespace}"` : "at the cluster scope";
  const why = `User "${user.name}" cannot ${verb} resource "${wanted}" in API group "${group}" ${scope}`;
  return forbidden({ group, plural: resource, kind: "" }, name ?? "", why);
}

function pathRefusal(user: User, act: Act): ApiError {
  const message = `forbidden: User "${user.name}" cannot ${act.verb} path "${act.path}"`;
  return new ApiError(403, "Forbidden", message, {});
}

function ruleText(rule: PolicyRule): string {
  const fields = ["apiGroups", "resources", "resourceNames", "nonResourceURLs", "verbs"] as const;
  const parts = fields.flatMap((field) => {
    const words = (rule[field] ?? []).map((word) => JSON.stringify(word)).join(" ");
    const name = field === "apiGroups" ? "APIGroups" : field[0]!.toUpperCase() + field.slice(1);
    return words ? [`${name}:[${words}]`] : [];
  });
  return `{${parts.join(", ")}}`;
}
