/** What is wrong with a configuration, one finding a fault: the same for controller, webhook and command line. */

export interface Finding {
  /** The rule that is broken, such as `CFG-12` or `LC-7`: stable, for scripts. */
  readonly code: string;
  /** An error refuses the configuration; a warning does not. */
  readonly severity: "error" | "warning";
  /** Kind, then namespace and name: `IPAddressPool metallb-system/lan`. */
  readonly object: string;
  /** The field in the object, positions from 0: `spec.addresses[1]`; empty for the whole object. */
  readonly path: string;
  /** The refused value as the user wrote it; never a secret. Absent where the field is missing. */
  readonly value?: unknown;
  /** What is wrong, with names and values. */
  readonly message: string;
  /** What the user can do about it. */
  readonly fix: string;
  /** May go away when another object comes, so a webhook must let it pass (WH-4). */
  readonly isTransient?: boolean;
  /** Position in the text it was read from, from 1. */
  readonly line?: number;
  readonly column?: number;
}

/** The whole sentence for people: object, field, what is wrong, the mend. */
export function findingText({ object, path, message, fix }: Finding): string {
  const where = path === "" ? object : `${object}, ${path}`;
  return `${where}: ${message}; ${fix}`;
}

export function isError({ severity }: Finding): boolean {
  return severity === "error";
}
