/** Annotations of ours about who keeps an address: MetalLB's definitions would prune fields, and leave annotations alone. */
import type { Report } from "./finding-list.ts";

/** On an L2Advertisement or a Service: "false" lets a node that returns take no address back. */
export const preemptAnnotation = "metallb-ts/preempt";
/** On an L2Advertisement or an IPAddressPool: "bounded" spreads addresses evenly over the nodes. */
export const spreadAnnotation = "metallb-ts/spread";

/** Undefined: neither "true" nor "false". */
export function parsePreempt(value: string): boolean | undefined {
  return value === "true" ? true : value === "false" ? false : undefined;
}

/** Whether the L2Advertisement says that owners keep their addresses; anything but true and false is a problem. */
export function keepsOwners(object: unknown, report: Report): boolean {
  const value = annotationsOf(object)[preemptAnnotation];
  if (value === undefined) return false;
  const preempt = typeof value === "string" ? parsePreempt(value) : undefined;
  if (preempt === undefined) {
    refuse(report, { name: preemptAnnotation, value, code: "OWN-1" }, '"true" or "false"');
  }
  return preempt === false;
}

/** Whether the object asks for an even spread; anything but "bounded" is a problem. */
export function asksForSpread(object: unknown, report: Report): boolean {
  const value = annotationsOf(object)[spreadAnnotation];
  if (value === undefined || value === "bounded") return value !== undefined;
  refuse(
    report,
    { name: spreadAnnotation, value, code: "OWN-2" },
    '"bounded", or no such annotation',
  );
  return false;
}

/** Whether two objects differ in annotations that the configuration is made of. */
export function sameOwnership(a: unknown, b: unknown): boolean {
  const [before, after] = [annotationsOf(a), annotationsOf(b)];
  return [preemptAnnotation, spreadAnnotation].every((name) => before[name] === after[name]);
}

interface Refused {
  readonly name: string;
  readonly value: unknown;
  readonly code: string;
}

function refuse(report: Report, { name, value, code }: Refused, expected: string): void {
  const path = `metadata.annotations.${name}`;
  const shown = typeof value === "object" ? {} : { value };
  const message = `${JSON.stringify(value)} is no value of the annotation ${name}`;
  report.add({ code, path, ...shown, message, fix: `write ${expected}` });
}

function annotationsOf(object: unknown): Readonly<Record<string, unknown>> {
  const { metadata } = recordOf(object);
  return recordOf(recordOf(metadata)["annotations"]);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  const isRecord = typeof value === "object" && value !== null;
  return isRecord ? (value as Readonly<Record<string, unknown>>) : {};
}
