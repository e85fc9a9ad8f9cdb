/** What log and gauges say after a look at the configuration (CFG-50..CFG-53, LC-27, LC-28). */

import { type ConfigOutcome, type Finding, findingText, isError } from "../config/index.ts";
import type { SpeakerCommand } from "./speaker-messages.ts";

/** More findings than these are only counted: the log is for the first steps of mending. */
const FINDINGS_TOLD = 10;

/** `configName` is the ConfigMap's `namespace/name`. */
export function reportOutcome(outcome: ConfigOutcome, configName: string): SpeakerCommand[] {
  switch (outcome.kind) {
    case "accepted":
      return [
        { kind: "config-state", isStale: false },
        ...warningLogs(outcome.warnings),
        log("info", { event: "configLoaded", msg: "config (re)loaded" }),
        { kind: "count-update", hasFailed: false },
      ];
    case "unchanged":
      return [{ kind: "config-state", isStale: false }];
    case "refused":
      return refused(
        { event: "configStale", ...errorFields(outcome.findings) },
        // Only a configuration that is tried again counts as failed (CFG-52, LC-28).
        outcome.isRetryable === true,
      );
    default: {
      const mend = `create it: kubectl create configmap or kubectl apply, key "config"`;
      return refused(
        { event: "configMissing", error: `no ConfigMap ${configName}; ${mend}` },
        true,
      );
    }
  }
}

function refused(fields: Readonly<Record<string, unknown>>, hasFailed: boolean): SpeakerCommand[] {
  const msg = "configuration refused, the previous one stays in use";
  return [
    { kind: "config-state", isStale: true },
    log("error", { ...fields, msg }),
    { kind: "count-update", hasFailed },
  ];
}

/** The first error is the one that MetalLB reports (CFG-2, LC-3). */
function errorFields(findings: readonly Finding[]): Readonly<Record<string, unknown>> {
  const [error, ...others] = findings.filter(isError).map(findingText);
  if (others.length === 0) return { error };
  const unsaid = others.length - FINDINGS_TOLD;
  const told = others.slice(0, FINDINGS_TOLD);
  return { error, others: unsaid > 0 ? [...told, `and ${unsaid} more`] : told };
}

function warningLogs(warnings: readonly Finding[]): SpeakerCommand[] {
  const told = warnings
    .slice(0, FINDINGS_TOLD)
    .map((one) => log("warn", { msg: findingText(one) }));
  const unsaid = warnings.length - told.length;
  return unsaid > 0 ? [...told, log("warn", { msg: `and ${unsaid} more warnings` })] : told;
}

function log(
  level: "info" | "warn" | "error",
  fields: Readonly<Record<string, unknown>>,
): SpeakerCommand {
  return { kind: "log", level, fields: { op: "setConfig", ...fields } };
}
