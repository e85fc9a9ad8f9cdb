/** Refusals in the exact shape of the real server: HTTP code, reason, message and causes of a Status object. */
import type { Cause, Json, JsonObject } from "../schema/index.ts";

/** Which objects a refusal speaks of: `plural` of API group `group`, kind for messages about content. */
export interface Subject {
  group: string;
  plural: string;
  kind: string;
}

export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject | undefined;
  /** Metadata of the Status: where to go on with a list. */
  metadata: JsonObject = {};

  constructor(code: number, reason: string, message: string, details?: JsonObject) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The v1 Status that goes over the wire. */
  status(): JsonObject {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: this.metadata,
      status: "Failure",
      message: this.message,
      ...(this.reason ? { reason: this.reason } : {}),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }
}

function qualified(subject: Subject): string {
  return subject.group ? `${subject.plural}.${subject.group}` : subject.plural;
}

function about(subject: Subject, name: string, kind = subject.plural): JsonObject {
  return { ...(name ? { name } : {}), ...(subject.group ? { group: subject.group } : {}), kind };
}

export function notFound(subject: Subject, name: string): ApiError {
  const message = `${qualified(subject)} "${name}" not found`;
  return new ApiError(404, "NotFound", message, about(subject, name));
}

/** For paths below a served group version that name nothing. */
export function noSuchResource(): ApiError {
  const message = "the server could not find the requested resource";
  return new ApiError(404, "NotFound", message, {});
}

export function alreadyExists(subject: Subject, name: string): ApiError {
  const message = `${qualified(subject)} "${name}" already exists`;
  return new ApiError(409, "AlreadyExists", message, about(subject, name));
}

export function conflict(subject: Subject, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`;
  return new ApiError(409, "Conflict", message, about(subject, name));
}

export const STALE =
  "the object has been modified; please apply your changes to the latest version and try again";

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

export function invalid(subject: Subject, name: string, causes: Cause[]): ApiError {
  const lines = causes.map((cause) => (cause.field ? `${cause.field}: ` : "") + cause.message);
  const what = lines.length === 1 ? lines[0] : `[${lines.join(", ")}]`;
  const prefix = subject.group ? `${subject.kind}.${subject.group}` : subject.kind;
  return new ApiError(422, "Invalid", `${prefix} "${name}" is invalid: ${what}`, {
    ...about(subject, name, subject.kind),
    causes: causes.map((cause) => ({ ...cause })) as Json[],
  });
}

export function forbidden(subject: Subject, name: string, why: string, causes?: Cause[]): ApiError {
  const what = name ? `${qualified(subject)} "${name}"` : qualified(subject);
  const details = { ...about(subject, name), ...(causes && { causes: causes as never }) };
  return new ApiError(403, "Forbidden", `${what} is forbidden: ${why}`, details);
}

export function methodNotAllowed(): ApiError {
  const message = "the server does not allow this method on the requested resource";
  return new ApiError(405, "MethodNotAllowed", message, {});
}

/** `token` goes on with a list from the same place, at the present. */
export function expired(message: string, token?: string): ApiError {
  const error = new ApiError(410, "Expired", message);
  if (token) error.metadata = { continue: token };
  return error;
}

/** The real server answers this way to a resourceVersion that it has not reached yet. */
export function tooLargeVersion(asked: number, current: number): ApiError {
  const message = `Timeout: Too large resource version: ${asked}, current: ${current}`;
  return new ApiError(504, "Timeout", message, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

/** Refuses the options of a request. */
export function invalidOptions(kind: string, cause: Cause): ApiError {
  return invalid({ group: "meta.k8s.io", plural: "", kind }, "", [cause]);
}
