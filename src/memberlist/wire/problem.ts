/** Why bytes of a peer were not taken: values with a stable reason, fit for logs and counters. */

export type ProblemReason =
  | "empty-message"
  | "label-mismatch"
  | "bad-label"
  | "decrypt-failed"
  | "not-encrypted"
  | "unexpectedly-encrypted"
  | "bad-checksum"
  | "bad-compression"
  | "truncated-compound"
  | "unknown-type"
  | "undecodable-message"
  | "nested-too-deep"
  | "too-large";

export interface Problem {
  readonly reason: ProblemReason;
  /** A short sentence for people; holds no bytes of the peer. */
  readonly detail: string;
}
