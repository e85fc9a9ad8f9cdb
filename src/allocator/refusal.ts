/** Why an address could not be given: a value that reaches events, logs and the command line. */

export type RefusalReason =
  | "not-in-a-pool"
  | "not-in-that-pool"
  | "pool-not-compatible"
  | "unfit-addresses"
  | "address-in-use"
  | "port-in-use"
  | "address-withheld"
  | "unknown-pool"
  | "pool-exhausted"
  | "exhausted";

export interface Refusal {
  readonly reason: RefusalReason;
  /** What is the matter, with the names and values concerned. */
  readonly problem: string;
  /** What the user can do about it. */
  readonly fix: string;
}

/** The whole sentence for people. */
export function refusalText({ problem, fix }: Refusal): string {
  return `${problem}; ${fix}`;
}
