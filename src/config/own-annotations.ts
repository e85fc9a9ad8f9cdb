/** Settings that MetalLB does not know are annotations of its objects: its own programs and definitions pass them over. */
import type { KubeObject } from "../kube/index.ts";
import type { Problem, Report } from "./finding-list.ts";

const prefix = "metallb-ts/";

export interface OwnSetting {
  readonly name: `${typeof prefix}${string}`;
  /** Of the finding about a wrong value. */
  readonly code: `OWN-${number}`;
  /** What a wrong value is not, and what to write instead, as halves of sentences. */
  readonly isNot: string;
  readonly fix: string;
  readonly values: readonly string[];
}

/** Of settings that are on or off. */
export const flagWords = {
  values: ["true", "false"],
  isNot: 'neither "true" nor "false"',
  fix: 'write "true" or "false", in quotes',
} as const;

/** On an L2Advertisement, or an IPAddressPool for all of its advertisements. */
export const subnetAware: OwnSetting = {
  name: `${prefix}subnet-aware`,
  code: "OWN-1",
  ...flagWords,
};

/** Ours among the annotations of the object, whatever its shape; they matter, others do not. */
export function ownAnnotations(object: KubeObject): Readonly<Record<string, unknown>> {
  const { annotations } = (object?.metadata ?? {}) as { annotations?: unknown };
  if (typeof annotations !== "object" || annotations === null) return {};
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith(prefix)));
}

/** Undefined if absent. A wrong value is a warning, and counts as absent: what works goes on. */
export function readSetting(
  object: KubeObject,
  setting: OwnSetting,
  report: Report,
): string | undefined {
  const value = ownAnnotations(object)[setting.name];
  const problem = settingProblem(setting, value);
  if (problem !== undefined) report.add(problem);
  return problem === undefined ? (value as string | undefined) : undefined;
}

/** Undefined: nothing is wrong with the value, or there is none. */
export function settingProblem(setting: OwnSetting, value: unknown): Problem | undefined {
  const { name, code, values, isNot, fix } = setting;
  if (value === undefined || (typeof value === "string" && values.includes(value)))
    return undefined;
  return {
    code,
    severity: "warning",
    path: `metadata.annotations.${name}`,
    value,
    message: `${JSON.stringify(value)} is ${isNot}, so the annotation has no effect`,
    fix,
  };
}
