/** The API server's refusals and the network's, as errors with a stable code. */

import type { Failure, Status } from "../kube/index.ts";

const codeOfStatus: Readonly<Record<number, string>> = {
  400: "ERR_KUBE_BAD_REQUEST",
  401: "ERR_KUBE_UNAUTHORIZED",
  403: "ERR_KUBE_FORBIDDEN",
  404: "ERR_KUBE_NOT_FOUND",
  409: "ERR_KUBE_CONFLICT",
  410: "ERR_KUBE_GONE",
  422: "ERR_KUBE_INVALID",
  429: "ERR_KUBE_TOO_MANY_REQUESTS",
};

const mendOfStatus: Readonly<Record<number, string>> = {
  401: "check that the token or client certificate is valid and not expired",
  403: "grant it in the ClusterRole or Role of this account (see the manifests)",
};

/** Why the network failed, in words, by Node's or OpenSSL's code. */
const wordsOfCause: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused: nothing listens there",
  ECONNRESET: "the connection was cut",
  ERR_STREAM_PREMATURE_CLOSE: "the connection was cut",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name cannot be looked up now",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ETIMEDOUT: "no answer to the connection attempt in time",
  ERR_KUBE_SILENT: "no answer to the request in time",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not signed by the given authority",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not signed by the given authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not signed by the given authority",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host name",
};

export class KubeApiError extends Error {
  readonly code: string;
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The API server's one-word reason, such as `NotFound`; empty when no answer came. */
  readonly reason: string;

  constructor(message: string, detail: { code: string; status: number; reason: string }) {
    super(message);
    this.name = "KubeApiError";
    this.code = detail.code;
    this.status = detail.status;
    this.reason = detail.reason;
  }

  /** The server said no: `request` is like `GET /api/v1/services`, `body` its answer. */
  static refused(request: string, status: number, body: string): KubeApiError {
    const answer = parseStatus(body);
    const code = codeOfStatus[status] ?? (status >= 500 ? "ERR_KUBE_SERVER" : "ERR_KUBE_REFUSED");
    const said = answer.message ?? (body.trim().slice(0, 200) || "no reason given");
    const mend = mendOfStatus[status];
    return new KubeApiError(`${request}: ${status} ${said}${mend ? ` (${mend})` : ""}`, {
      code,
      status,
      reason: answer.reason ?? "",
    });
  }

  /** No answer: `server` is the address, `origin` says which file or variable named it. */
  static unreachable(server: string, origin: string, cause: unknown): KubeApiError {
    const { code, message } = causeOf(cause);
    const why = (code && wordsOfCause[code]) ?? message;
    const text = `cannot reach the Kubernetes API server ${server} (${why}); the address comes from ${origin}: check that the server runs and that the address is right`;
    const error = new KubeApiError(text, { code: "ERR_KUBE_UNREACHABLE", status: 0, reason: "" });
    error.cause = cause;
    return error;
  }

  /** The form in which the list/watch machine takes an error. */
  toFailure(): Failure {
    return {
      message: this.message,
      ...(this.status > 0 ? { status: this.status } : {}),
      ...(this.reason ? { reason: this.reason } : {}),
    };
  }
}

/** Whether `error` is the API server's answer with one of these HTTP statuses. */
export function hasStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof KubeApiError && statuses.includes(error.status);
}

function parseStatus(body: string): Status {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** The innermost cause that carries a code; `AggregateError` wraps the one that matters. */
function causeOf(cause: unknown): { code?: string; message: string } {
  if (!(cause instanceof Error)) return { message: String(cause) };
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause.cause;
  if (first instanceof Error) return causeOf(first);
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  return { message: cause.message, ...(code === undefined ? {} : { code }) };
}
