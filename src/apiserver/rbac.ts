/** Role-based access control: the rules that bindings give to a user, and whether one of them allows an act. */
import type { ApiObject } from "./api-object.ts";
import type { User } from "./request.ts";
import type { Store } from "./store.ts";

const GROUP = "rbac.authorization.k8s.io";

export interface PolicyRule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

/** What somebody wants to do: to a resource, or to a path that is none. */
export interface Act {
  verb: string;
  group?: string;
  resource?: string;
  subresource?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
  path?: string;
}

interface Subject {
  kind: string;
  name: string;
  namespace?: string;
}

/** A rule with where it came from. */
interface GrantedRule {
  rule: PolicyRule;
  by: string;
}

/** Why the act is allowed; undefined when it is not. The group system:masters may do everything. */
export function allowedBecause(store: Store, user: User, act: Act): string | undefined {
  if (user.groups.includes("system:masters")) return "system:masters";
  return grantedRules(store, user, act.namespace).find(({ rule }) => covers(rule, act))?.by;
}

/** All rules of a user that hold in `namespace`; those of ClusterRoleBindings hold everywhere. */
export function grantedRules(
  store: Store,
  user: User,
  namespace: string | undefined,
): GrantedRule[] {
  const wide = store.list(`${GROUP}/clusterrolebindings`);
  const narrow = namespace ? store.list(`${GROUP}/rolebindings`, namespace) : [];
  return [...wide, ...narrow].flatMap((binding) => {
    const subjects = (binding.subjects ?? []) as Subject[];
    if (!subjects.some((subject) => isSubject(subject, user, binding.metadata.namespace)))
      return [];
    const { kind, name } = binding.roleRef;
    const space = binding.metadata.namespace;
    const shown = space ? `"${binding.metadata.name}/${space}"` : `"${binding.metadata.name}"`;
    const by = `RBAC: allowed by ${space ? "RoleBinding" : "ClusterRoleBinding"} ${shown} of ${kind} "${name}"`;
    return rulesOf(store, binding).map((rule) => ({ rule, by }));
  });
}

/** The rules of the role that a binding names. */
export function rulesOf(store: Store, binding: ApiObject): PolicyRule[] {
  const { kind, name } = binding.roleRef;
  const role =
    kind === "ClusterRole"
      ? store.get(`${GROUP}/clusterroles`, undefined, name)
      : store.get(`${GROUP}/roles`, binding.metadata.namespace, name);
  return (role?.rules ?? []) as PolicyRule[];
}

function isSubject(subject: Subject, user: User, bindingNamespace: string | undefined): boolean {
  const { kind, name, namespace = bindingNamespace } = subject;
  if (kind === "User") return user.name === name;
  if (kind === "Group") return user.groups.includes(name);
  return user.name === `system:serviceaccount:${namespace}:${name}`;
}

function has(words: readonly string[] | undefined, word: string): boolean {
  return words?.some((one) => one === "*" || one === word) ?? false;
}

function covers(rule: PolicyRule, act: Act): boolean {
  if (!has(rule.verbs, act.verb)) return false;
  if (act.path !== undefined) return coversPath(rule.nonResourceURLs ?? [], act.path);
  const { group = "", name = "" } = act;
  const resourceNames = rule.resourceNames ?? [];
  if (!has(rule.apiGroups, group) || !coversResource(rule.resources ?? [], act)) return false;
  return resourceNames.length === 0 || resourceNames.includes(name);
}

function coversPath(urls: readonly string[], path: string): boolean {
  return urls.some((url) => (url.endsWith("*") ? path.startsWith(url.slice(0, -1)) : url === path));
}

function coversResource(
  resources: readonly string[],
  { resource = "", subresource }: Act,
): boolean {
  if (!subresource) return has(resources, resource);
  return has(resources, `${resource}/${subresource}`) || resources.includes(`*/${subresource}`);
}

/** The rules among `wanted` that the user does not hold, so must not give to others. */
export function notHeld(
  store: Store,
  user: User,
  namespace: string | undefined,
  wanted: readonly PolicyRule[],
): PolicyRule[] {
  const holds = (act: Act) => allowedBecause(store, user, act) !== undefined;
  return wanted.filter((rule) => !actsOf(rule, namespace).every(holds));
}

function actsOf(rule: PolicyRule, namespace: string | undefined): Act[] {
  const names = rule.resourceNames?.length ? rule.resourceNames : [undefined];
  return (rule.verbs ?? []).flatMap((verb) => [
    ...(rule.nonResourceURLs ?? []).map((path) => ({ verb, path })),
    ...(rule.apiGroups ?? []).flatMap((group) =>
      (rule.resources ?? []).flatMap((text) => {
        const [resource = "", subresource] = text.split("/");
        return names.map((name) => ({ verb, group, resource, subresource, namespace, name }));
      }),
    ),
  ]);
}
