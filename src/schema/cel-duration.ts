/** Durations of CEL: `duration("1m30s")` is a count of nanoseconds, which its functions read in their unit. */
import type { Json } from "./json.ts";

const NANOSECONDS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

const PART = "(\\d+(?:\\.\\d*)?|\\.\\d+)(ns|us|µs|ms|s|m|h)";
const WHOLE = new RegExp(`^[-+]?(${PART})+$`);

const NO_DURATION = "type conversion error from 'string' to 'google.protobuf.Duration'";

/** Throws for text that is no duration in Go's notation. */
export function parseCelDuration(text: string): number {
  if (/^[-+]?0$/.test(text)) return 0;
  if (!WHOLE.test(text)) throw new Error(NO_DURATION);
  let total = 0;
  for (const [, count, unit = ""] of text.matchAll(new RegExp(PART, "g"))) {
    total += Number(count) * NANOSECONDS[unit]!;
  }
  return text.startsWith("-") ? -total : total;
}

/** By name; each gives the whole units in a duration. */
export const durationFunctions: Record<string, (duration: Json) => Json> = {
  getHours: inWhole("h"),
  getMinutes: inWhole("m"),
  getSeconds: inWhole("s"),
  getMilliseconds: inWhole("ms"),
};

function inWhole(unit: string): (duration: Json) => Json {
  return (duration) => {
    if (typeof duration !== "number") throw new Error("no such overload: it is no duration");
    return Math.trunc(duration / NANOSECONDS[unit]!);
  };
}
