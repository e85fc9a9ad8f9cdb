/** Kinds that are asked and answered, never stored: who am I, whose token is this, may somebody do that. */
import { type Json, type JsonObject, isRecord, textOf } from "../schema/index.ts";
import { badRequest } from "./api-error.ts";
import type { Act } from "./rbac.ts";
import type { ApiRequest, User } from "./request.ts";
import { groupVersion, type Resource } from "./resource.ts";
import type { ServerState } from "./server-state.ts";

/** The review with its status. */
export function answerReview(
  state: ServerState,
  resource: Resource,
  request: ApiRequest,
): JsonObject {
  const given: JsonObject = isRecord(request.body) ? request.body : {};
  const spec: JsonObject = isRecord(given.spec) ? given.spec : {};
  const answer = ANSWERS[resource.kind] ?? accessReview;
  return {
    ...given,
    kind: resource.kind,
    apiVersion: groupVersion(resource),
    metadata: isRecord(given.metadata) ? given.metadata : {},
    status: answer(state, request.user, spec),
  };
}

type Answer = (state: ServerState, user: User, spec: JsonObject) => JsonObject;

const ANSWERS: Record<string, Answer> = {
  SelfSubjectReview: (_state, user) => ({ userInfo: userInfo(user) }),
  TokenReview: tokenStatus,
  SelfSubjectAccessReview: accessStatus,
  SelfSubjectRulesReview: rulesStatus,
};

const accessReview: Answer = (state, _user, spec) => accessStatus(state, reviewedUser(spec), spec);

function userInfo(user: User): JsonObject {
  return { username: user.name, groups: [...user.groups] };
}

function tokenStatus(state: ServerState, _user: User, spec: JsonObject): JsonObject {
  const user = state.access.userOf(textOf(spec.token));
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
