/** Kinds that are asked and answered, never stored: who am I, whose token is this, may somebody do that. */
import { badRequest } from "./api-error.ts";
import { textOf, isRecord, type Json, type JsonObject } from "./api-object.ts";
import type { Act } from "./rbac.ts";
import type { User } from "./request.ts";
import { groupVersion, type Resource } from "./resource.ts";
import type { ServerState } from "./server-state.ts";

/** The review with its status. */
export function answerReview(
  state: ServerState,
  resource: Resource,
  user: User,
  body: Json | undefined,
): JsonObject {
  const given: JsonObject = isRecord(body) ? body : {};
  const spec: JsonObject = isRecord(given.spec) ? given.spec : {};
  const { kind } = resource;
  return {
    ...given,
    kind,
    apiVersion: groupVersion(resource),
    metadata: isRecord(given.metadata) ? given.metadata : {},
    status: statusOf(state, kind, { spec, user }),
  };
}

function statusOf(
  state: ServerState,
  kind: string,
  asked: { spec: JsonObject; user: User },
): JsonObject {
  const { spec, user } = asked;
  switch (kind) {
    case "SelfSubjectReview":
      return { userInfo: userInfo(user) };
    case "TokenReview":
      return tokenStatus(state, textOf(spec.token));
    case "SelfSubjectAccessReview":
      return accessStatus(state, user, spec);
    case "SelfSubjectRulesReview":
      return rulesStatus(state, user, spec);
    default:
      return accessStatus(state, reviewedUser(spec), spec);
  }
}

function userInfo(user: User): JsonObject {
  return { username: user.name, groups: [...user.groups] };
}

function tokenStatus(state: ServerState, token: string): JsonObject {
  const user = state.access.userOf(token);
  if (!user) return { user: {}, error: "invalid bearer token" };
  return { authenticated: true, user: userInfo(user) };
}

function reviewedUser(spec: JsonObject): User {
  const groups = Array.isArray(spec.groups) ? spec.groups.map(textOf) : [];
  if (!spec.user && groups.length === 0)
    throw badRequest("spec.user: at least one of user or group must be specified");
  return { name: textOf(spec.user), groups };
}

function accessStatus(state: ServerState, user: User, spec: JsonObject): JsonObject {
  const reason = state.access.reason(user, actOf(spec));
  if (reason === undefined) return { allowed: false };
  return reason.startsWith("RBAC: ") ? { allowed: true, reason } : { allowed: true };
}

function actOf(spec: JsonObject): Act {
  const text = (value: Json | undefined) =>
    typeof value === "string" && value !== "" ? value : undefined;
  const { nonResourceAttributes: path, resourceAttributes: attributes } = spec;
  if (isRecord(path)) return { verb: textOf(path.verb), path: textOf(path.path) };
  const asked = isRecord(attributes) ? attributes : {};
  return {
    verb: text(asked.verb) ?? "",
    group: text(asked.group) ?? "",
    resource: text(asked.resource) ?? "",
    subresource: text(asked.subresource),
    namespace: text(asked.namespace),
    name: text(asked.name),
  };
}

function rulesStatus(state: ServerState, user: User, spec: JsonObject): JsonObject {
  const rules = state.access.rules(user, textOf(spec.namespace));
  return {
    resourceRules: rules.filter(({ resources }) => resources) as Json[],
    nonResourceRules: rules.filter(({ nonResourceURLs }) => nonResourceURLs) as Json[],
    incomplete: false,
  };
}
