/** Kubernetes label selectors: which objects carry labels that fit. */

import type { Labels } from "./objects.ts";

export interface LabelExpression {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
}

/** All parts must hold; with no parts it matches everything. */
export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly LabelExpression[];
}

/** Whether `labels` satisfy every part of `selector`. A missing label satisfies `NotIn`. */
export function matchesLabels(selector: LabelSelector, labels: Labels): boolean {
  const required = Object.entries(selector.matchLabels ?? {});
  if (!required.every(([key, value]) => valueOf(labels, key) === value)) return false;
  return (selector.matchExpressions ?? []).every((expression) => holds(expression, labels));
}

function holds({ key, operator, values = [] }: LabelExpression, labels: Labels): boolean {
  const value = valueOf(labels, key);
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return operator satisfies never;
  }
}

function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
