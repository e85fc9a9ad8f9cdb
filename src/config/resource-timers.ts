/** Hold and keepalive time of a BGPPeer (CFG-21). */
import { parseDuration } from "./duration.ts";
import type { Fields } from "./resource-fields.ts";

const second = 1_000_000_000n;

export interface Timers {
  readonly holdTimeSeconds?: number;
  readonly keepaliveTimeSeconds?: number;
}

/** The one that is not given follows from the other; fractions of seconds are kept. */
export function compileTimers(spec: Fields): Timers {
  const given = {
    hold: readDuration(spec, "holdTime"),
    keepalive: readDuration(spec, "keepaliveTime"),
  };
  const hold = given.hold ?? timesThree(given.keepalive);
  if (hold === undefined) return {};
  const keepalive = given.keepalive ?? hold / 3n;
  const wholeSeconds = hold / second;
  if (wholeSeconds !== 0n && wholeSeconds < 3n) {
    const key = given.hold === undefined ? "keepaliveTime" : "holdTime";
    const message = `a hold time of ${Number(hold) / 1e9} s is too short`;
    const fix = "use a hold time of 0s, or of 3s and more (three times the keepalive time)";
    const at = { path: spec.pathOf(key), value: spec.text(key) };
    spec.report.add({ code: "CFG-21", ...at, message, fix });
  } else if (keepalive > hold) {
    const key = given.keepalive === undefined ? "holdTime" : "keepaliveTime";
    const message = "the keepalive time is longer than the hold time";
    const fix = "use a keepalive time of at most the hold time, best a third of it";
    const at = { path: spec.pathOf(key), value: spec.text(key) };
    spec.report.add({ code: "CFG-21", ...at, message, fix });
  }
  return { holdTimeSeconds: toSeconds(hold), keepaliveTimeSeconds: toSeconds(keepalive) };
}

/** Seconds of a field without further rules; undefined if absent. */
export function compileDuration(spec: Fields, key: string): number | undefined {
  const duration = readDuration(spec, key);
  return duration === undefined ? undefined : toSeconds(duration);
}

/** Nanoseconds. A field that is set, even to `0s`, is not absent. */
function readDuration(spec: Fields, key: string): bigint | undefined {
  const text = spec.givenText(key);
  if (text === undefined) return undefined;
  const duration = parseDuration(text);
  if (duration === undefined) {
    const message = `"${text}" is not a duration`;
    const fix = "write numbers with units, such as 90s or 1m30s";
    spec.report.add({ code: "CFG-21", path: spec.pathOf(key), value: text, message, fix });
  }
  return duration;
}

function timesThree(duration: bigint | undefined): bigint | undefined {
  return duration === undefined ? undefined : duration * 3n;
}

function toSeconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e9;
}
