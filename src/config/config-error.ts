/** What is wrong with a ConfigMap: which element, where in the text, why, and the mend. */
import type { Finding } from "./finding.ts";
import type { Place } from "./place.ts";

/** Every way to be wrong, and the rule that it breaks. */
const ruleOf = {
  "yaml-syntax": "LC-2",
  "unknown-key": "LC-2",
  "late-key": "LC-4",
  "repeated-key": "LC-2",
  "wrong-type": "LC-2",
  "wrong-size": "LC-2",
  "missing-local-asn": "LC-35",
  "missing-peer-asn": "LC-35",
  "bad-peer-address": "LC-35",
  "bad-hold-time": "LC-5",
  "bad-keepalive-time": "LC-4",
  "bad-router-id": "LC-35",
  "bad-source-address": "LC-4",
  "bad-node-selector": "LC-6",
  "unknown-bfd-profile": "LC-4",
  "bad-bfd-profile": "LC-4",
  "bad-community": "LC-12",
  "missing-name": "LC-7",
  "missing-addresses": "LC-7",
  "bad-addresses": "LC-8",
  "missing-protocol": "LC-7",
  "unknown-protocol": "LC-7",
  "repeated-pool-name": "LC-7",
  "overlapping-addresses": "LC-9",
  "advertisement-on-layer2": "LC-10",
  "bad-aggregation-length": "LC-11",
} as const;

export type ConfigErrorCode = keyof typeof ruleOf;

export interface ConfigError {
  readonly code: ConfigErrorCode;
  /** Such as `address-pools[0].addresses[1]`, positions from 0; empty for the whole document. */
  readonly path: string;
  /** Position in the text from 1; absent when the field itself is absent everywhere. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** What the user wrote, if it is a scalar. */
  readonly value: string | number | boolean | undefined;
  readonly problem: string;
  /** What the user can do about it. */
  readonly fix: string;
  /** The whole sentence: element, path, position, problem and fix. */
  readonly message: string;
}

/** Where something is wrong, and the value found there. */
interface Faulty {
  readonly place: Place;
  readonly value?: unknown;
}

/** A key too many takes nothing away: the rest of the element is judged all the same. */
const keyFaults: ReadonlySet<ConfigErrorCode> = new Set([
  "unknown-key",
  "late-key",
  "repeated-key",
]);

/** Takes down every error of a document; the first is the one that MetalLB would report (LC-3). */
export class Faults {
  readonly errors: ConfigError[] = [];
  readonly #brokenPaths = new Set<string>();

  /** Takes down one error. */
  add(code: ConfigErrorCode, { place, value }: Faulty, problem: string, fix: string): void {
    const { path } = place;
    const position = place.position();
    const where = position ? ` (line ${position.line}, column ${position.column})` : "";
    this.#brokenPaths.add(path);
    if (!keyFaults.has(code)) this.#brokenPaths.add(elementPath.exec(path)?.[0] ?? path);
    this.errors.push({
      code,
      path,
      line: position?.line,
      column: position?.column,
      value: isScalarValue(value) ? value : undefined,
      problem,
      fix,
      message: `${elementOf(path)}${path || "document"}${where}: ${problem}; ${fix}`,
    });
  }

  /**
   * Takes down what the checks add in the order of the elements it is about: MetalLB does all
   * checks of one element before it looks at the next.
   */
  byElement<T>(check: () => T): T {
    const before = this.errors.length;
    const result = check();
    const added = this.errors.splice(before);
    this.errors.push(...added.sort((a, b) => elementNumber(a) - elementNumber(b)));
    return result;
  }

  /** Whether there is an error here, or anywhere in this element of a list at the top that leaves it unread. */
  isBroken({ path }: Place): boolean {
    return this.#brokenPaths.has(path);
  }
}

/** The error as a finding about the ConfigMap that `object` names. */
export function findingOf(error: ConfigError, object: string): Finding {
  const { code, path, value, line, column, problem, fix } = error;
  return {
    code: ruleOf[code],
    severity: "error",
    object,
    path,
    ...(value !== undefined && { value }),
    message: `${elementOf(path)}${problem}`,
    fix,
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
  };
}

function isScalarValue(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

const elementPath = /^([a-z-]+)\[(\d+)\]/;
const elementNames = new Map([
  ["peers", "peer"],
  ["address-pools", "address pool"],
  ["bfd-profiles", "BFD profile"],
]);

function elementNumber({ path }: ConfigError): number {
  return Number(elementPath.exec(path)?.[2] ?? 0);
}

/** LC-3: errors count elements from 1, as people do. */
function elementOf(path: string): string {
  const match = elementPath.exec(path);
  const name = elementNames.get(match?.[1] ?? "");
  return name === undefined ? "" : `parsing ${name} #${Number(match?.[2]) + 1}: `;
}
