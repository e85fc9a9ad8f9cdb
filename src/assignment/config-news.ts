/** What is said of a configuration: once, with every fault named, and never more lines than a person reads. */
import { findingText, type ConfigOutcome, type Finding, type Generation } from "../config/index.ts";
import type { ReconcilerCommand } from "./reconciler-messages.ts";

const linesAtMost = 20;

export class ConfigNews {
  #warned: ReadonlySet<string> = new Set();

  /** `inForce` is the generation of the configuration that works now; undefined: there is none. */
  tell(outcome: ConfigOutcome, inForce: Generation | undefined): ReconcilerCommand[] {
    switch (outcome.kind) {
      case "accepted":
        return [
          ...this.#tellWarnings(outcome.warnings),
          ...tellAccepted(outcome.config.generation),
        ];
      case "unchanged":
        // CFG-51: good again, so no longer stale.
        return [...this.#tellWarnings(outcome.warnings), gauge("configStale", 0)];
      case "refused":
        return tellRefused(outcome.findings, inForce);
      case "missing":
        return tellMissing();
      default:
        return outcome satisfies never;
    }
  }

  /** Each warning is said when it comes up, and not again while it stands. */
  #tellWarnings(warnings: readonly Finding[]): ReconcilerCommand[] {
    const texts = new Set(warnings.map(findingText));
    const fresh = [...texts].filter((text) => !this.#warned.has(text));
    this.#warned = texts;
    return capped(fresh).map((msg) => ({
      kind: "log",
      level: "warn",
      fields: { op: "setConfig", msg },
    }));
  }
}

function tellAccepted(generation: Generation): ReconcilerCommand[] {
  const fields =
    generation === "legacy"
      ? { event: "configLoaded" }
      : { controller: "PoolReconciler", event: "config reloaded" };
  return [
    { kind: "log", level: "info", fields: { ...fields, msg: "config (re)loaded" } },
    gauge("configLoaded", 1),
    gauge("configStale", 0),
  ];
}

/** LC-21, LC-28, CFG-50: the last good configuration stays in force until something changes again. */
function tellRefused(
  findings: readonly Finding[],
  inForce: Generation | undefined,
): ReconcilerCommand[] {
  const kept = inForce === undefined ? "no configuration is" : "the previous one stays";
  const msg = `configuration refused, ${kept} in force`;
  const isOfConfigMap = findings[0]?.object.startsWith("ConfigMap ") ?? false;
  const origin = isOfConfigMap ? { event: "configStale" } : { controller: "PoolReconciler" };
  const errors = capped(findings.map(findingText));
  const commands: ReconcilerCommand[] = errors.map((error) => ({
    kind: "log",
    level: "error",
    fields: { ...origin, error, msg },
  }));
  commands.push(gauge("configStale", 1));
  if (isOfConfigMap) {
    const message = `${msg}: ${errors[0]}`;
    commands.push({
      kind: "recordOnConfig",
      note: { type: "Warning", reason: "ConfigRefused", message },
    });
  }
  return commands;
}

/** LC-27: an error for as long as it lasts, while the old configuration works on. */
function tellMissing(): ReconcilerCommand[] {
  const error = "the ConfigMap was deleted; create it again, or the next restart has no pools";
  const fields = { op: "setConfig", error, msg: "no MetalLB configuration in cluster" };
  return [{ kind: "log", level: "error", fields }, gauge("configStale", 1)];
}

function gauge(what: "configLoaded" | "configStale", value: 0 | 1): ReconcilerCommand {
  return { kind: "gauge", what, value };
}

function capped(texts: readonly string[]): readonly string[] {
  if (texts.length <= linesAtMost) return texts;
  const rest = texts.length - linesAtMost + 1;
  return [...texts.slice(0, linesAtMost - 1), `${rest} more; run "metallb lint" to see all`];
}
