/** The one error of a refused configuration: which element, where in the text, why, and the mend. */
import type { Place } from "./place.ts";

export type ConfigErrorCode =
  | "yaml-syntax"
  | "unknown-key"
  | "repeated-key"
  | "wrong-type"
  | "wrong-size"
  | "missing-local-asn"
  | "missing-peer-asn"
  | "bad-peer-address"
  | "bad-hold-time"
  | "bad-keepalive-time"
  | "bad-router-id"
  | "bad-source-address"
  | "bad-node-selector"
  | "unknown-bfd-profile"
  | "bad-bfd-profile"
  | "bad-community"
  | "missing-name"
  | "missing-addresses"
  | "bad-addresses"
  | "missing-protocol"
  | "unknown-protocol"
  | "repeated-pool-name"
  | "overlapping-addresses"
  | "advertisement-on-layer2"
  | "bad-aggregation-length";

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code: ConfigErrorCode;
  /** Such as `address-pools[0].addresses[1]`, positions from 0; empty for the whole document. */
  readonly path: string;
  /** Position in the text from 1; absent when the field itself is absent everywhere. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** What the user can do about it; already part of `message`. */
  readonly fix: string;

  constructor(code: ConfigErrorCode, place: Place, problem: string, fix: string) {
    const position = place.position();
    const where = position ? ` (line ${position.line}, column ${position.column})` : "";
    super(`${elementOf(place.path)}${place.path || "document"}${where}: ${problem}; ${fix}`);
    this.code = code;
    this.path = place.path;
    this.line = position?.line;
    this.column = position?.column;
    this.fix = fix;
  }
}

/** Stops the compilation with a ConfigError; `compileConfigMap` turns it into a value. */
export function refuse(code: ConfigErrorCode, place: Place, problem: string, fix: string): never {
  throw new ConfigError(code, place, problem, fix);
}

const elementNames = new Map([
  ["peers", "peer"],
  ["address-pools", "address pool"],
  ["bfd-profiles", "BFD profile"],
]);

/** LC-3: errors count elements from 1, as people do. */
function elementOf(path: string): string {
  const match = /^([a-z-]+)\[(\d+)\]/.exec(path);
  const name = elementNames.get(match?.[1] ?? "");
  return name === undefined ? "" : `parsing ${name} #${Number(match?.[2]) + 1}: `;
}
