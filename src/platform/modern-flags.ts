/** The flags of v0.16 that both programs take, so that its manifests start them too (INS-3); see `modernOnly`. */

import type { FlagValues } from "./go-flags.ts";
import { logLevels } from "./logger.ts";
import { parseTlsOptions, type TlsOptionsResult } from "./tls-options.ts";

/** A flag that takes a text; `env` is the variable that stands in for it. */
export function textFlag(usage: string, options: { fallback?: string; env?: string } = {}) {
  const env = options.env === undefined ? {} : { env: options.env };
  return { kind: "string" as const, default: options.fallback ?? "", usage, ...env };
}

/** A flag that is false unless given. */
export function switchFlag(usage: string) {
  return { kind: "bool" as const, default: false, usage };
}

export const modernFlags = {
  "log-level": textFlag(`one of ${logLevels.join(", ")}`, { fallback: "info" }),
  "pod-name": textFlag("name of our pod", { env: "METALLB_POD_NAME" }),
  "lb-class": textFlag("serve only services of this load balancer class"),
  "pprof-bind-address": textFlag("address of the profiler; empty: off"),
  "health-probe-port": { kind: "port", default: 17472, usage: "port of /healthz and /readyz" },
  "tls-min-version": textFlag("VersionTLS12 or VersionTLS13 (the default)"),
  "tls-cipher-suites": textFlag("suites in IANA's names, comma separated, for TLS 1.2"),
  "tls-curve-preferences": textFlag("curve numbers, comma separated"),
  "metrics-cert-dir": textFlag("folder with tls.crt and tls.key of the metrics page"),
} as const;

/** The TLS flags together: each may be right alone and wrong beside another (FL-4). */
export function parseTlsFlags(flags: FlagValues<typeof modernFlags>): TlsOptionsResult {
  return parseTlsOptions({
    minVersion: flags["tls-min-version"],
    cipherSuites: flags["tls-cipher-suites"],
    curvePreferences: flags["tls-curve-preferences"],
  });
}

const inEffect = new Set(["log-level", "lb-class", "pprof-bind-address"]);

/** Of the flags given, those that are understood and checked but have no effect beside `--config`. */
export function modernOnly(
  given: ReadonlySet<string>,
  flags: Readonly<Record<string, unknown>> = modernFlags,
): string[] {
  return [...given].filter((name) => Object.hasOwn(flags, name) && !inEffect.has(name)).sort();
}
