/** Compiled label selectors: which labels they accept, and what a legal label looks like. */
import type { Labels } from "../kube/index.ts";

export const operators = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

export interface Requirement {
  readonly key: string;
  readonly operator: (typeof operators)[number];
  readonly values: readonly string[];
}

/** All requirements must hold; none at all accepts everything. */
export type Selector = readonly Requirement[];

/** Whether any selector of the list accepts these labels. */
export function matchesAnySelector(selectors: readonly Selector[], labels: Labels): boolean {
  return selectors.some((selector) => matchesSelector(selector, labels));
}

export function matchesSelector(selector: Selector, labels: Labels): boolean {
  return selector.every((one) => meetsRequirement(one, labels));
}

function meetsRequirement({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  if (operator === "Exists") return value !== undefined;
  if (operator === "DoesNotExist") return value === undefined;
  // What lacks the label is "not in" any list of values.
  const isListed = value !== undefined && values.includes(value);
  return isListed === (operator === "In");
}

const namePattern = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const prefixPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** An optional DNS name of at most 253 characters and `/`, then a name of at most 63. */
export function isLabelKey(key: string): boolean {
  const parts = key.split("/");
  const name = parts.pop() ?? "";
  const prefix = parts[0];
  return (
    parts.length <= 1 &&
    namePattern.test(name) &&
    (prefix === undefined || (prefix.length <= 253 && prefixPattern.test(prefix)))
  );
}

export function isLabelValue(value: string): boolean {
  return value === "" || namePattern.test(value);
}
