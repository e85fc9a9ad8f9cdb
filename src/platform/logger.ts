/** Logs: one JSON object a line, in the form of the release that is being stood in for. */

import { basename } from "node:path";
import { getCallSites } from "node:util";
import { timestamp } from "./clock.ts";
import { processOutput } from "./process.ts";

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(fields: LogFields): void;
  info(fields: LogFields): void;
  warn(fields: LogFields): void;
  error(fields: LogFields): void;
  /** A logger that adds `fields` to each line. */
  with(fields: LogFields): Logger;
}

export const logLevels = ["all", "debug", "info", "warn", "error", "none"] as const;
export type LogLevel = (typeof logLevels)[number];
type LineLevel = "debug" | "info" | "warn" | "error";

export interface LoggerOptions {
  /** `legacy`: keys ts, caller, then the event's, no level (LC-44). `modern`: level, sorted keys (LOG-1). */
  readonly form: "legacy" | "modern";
  /** Lines below it are dropped; default `all`. */
  readonly level?: LogLevel;
  /** Takes a finished line with its line end; default: standard output. */
  readonly write?: (line: string) => void;
}

/** Whatever is logged under these keys stays out of the log. */
const secretKeys = new Set(["password", "secretkey", "secretKey", "token"]);
const retracted = "<retracted>";

/** A logger; `caller` in each line is the file and line that called it. */
export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? processOutput.out;
  const lowest = logLevels.indexOf(options.level ?? "all");
  const withFields = (common: LogFields): Logger => {
    const emit = (level: LineLevel, fields: LogFields): void => {
      if (logLevels.indexOf(level) < lowest) return;
      write(`${formatLine(options.form, level, { ...common, ...fields })}\n`);
    };
    return {
      debug: (fields) => emit("debug", fields),
      info: (fields) => emit("info", fields),
      warn: (fields) => emit("warn", fields),
      error: (fields) => emit("error", fields),
      with: (fields) => withFields({ ...common, ...fields }),
    };
  };
  return withFields({});
}

/** A logger that says nothing, for tests and tools. */
export const silentLogger: Logger = createLogger({ form: "legacy", level: "none" });

function formatLine(form: "legacy" | "modern", level: LineLevel, fields: LogFields): string {
  const head = { ts: timestamp(), caller: callerOf() };
  if (form === "legacy") return JSON.stringify({ ...head, ...fields }, replacer);
  const seconds = head.ts.replace(/\.\d+Z$/, "Z");
  const line = Object.entries({ level, ...head, ts: seconds, ...fields });
  return JSON.stringify(Object.fromEntries(line.sort(([a], [b]) => (a < b ? -1 : 1))), replacer);
}

/** `file:line` of the frame below callerOf, formatLine, emit and the method: a bundle may have them all in one file. */
function callerOf(): string {
  const site = getCallSites(5)[4];
  return site === undefined ? "unknown" : `${basename(site.scriptName)}:${site.lineNumber}`;
}

function replacer(key: string, value: unknown): unknown {
  if (secretKeys.has(key)) return retracted;
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return value.message;
  return value;
}
