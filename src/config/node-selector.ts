/** Which nodes a peer is meant for (LC-6). */
import type { Labels } from "../kube/index.ts";
import { refuse } from "./config-error.ts";
import { list, mapping, text, textMap, type Located, type ShapeOf } from "./strict-yaml.ts";

const operators = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

export interface NodeRequirement {
  readonly key: string;
  readonly operator: (typeof operators)[number];
  readonly values: readonly string[];
}

/** All requirements must hold; none at all matches every node. */
export type NodeSelector = readonly NodeRequirement[];

/** Whether any selector of the list accepts a node with these labels. */
export function matchesAnySelector(selectors: readonly NodeSelector[], labels: Labels): boolean {
  return selectors.some((selector) => selector.every((one) => meetsRequirement(one, labels)));
}

function meetsRequirement({ key, operator, values }: NodeRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  if (operator === "Exists") return value !== undefined;
  if (operator === "DoesNotExist") return value === undefined;
  // A node without the label is "not in" any list of values.
  const isListed = value !== undefined && values.includes(value);
  return isListed === (operator === "In");
}

export const nodeSelectorShape = mapping({
  "match-labels": textMap,
  "match-expressions": list(mapping({ key: text, operator: text, values: list(text) })),
});
type RawSelector = ShapeOf<typeof nodeSelectorShape>;
type RawExpression = RawSelector["match-expressions"]["value"][number];

export function compileNodeSelector(raw: RawSelector): NodeSelector {
  const requirements: NodeRequirement[] = [];
  for (const [key, value] of raw["match-labels"].value) {
    checkLabelKey({ ...value, value: key });
    checkLabelValue(value);
    requirements.push({ key, operator: "In", values: [value.value] });
  }
  return [...requirements, ...raw["match-expressions"].value.map(compileExpression)];
}

function compileExpression({ value: raw, place }: RawExpression): NodeRequirement {
  const key = raw.key.value ?? "";
  checkLabelKey({ value: key, place: raw.key.place });
  const operator = operators.find((one) => one === raw.operator.value);
  if (operator === undefined) {
    const problem = `unknown operator "${raw.operator.value ?? ""}"`;
    return refuse("bad-node-selector", raw.operator.place, problem, `use ${operators.join(", ")}`);
  }
  const takesValues = operator === "In" || operator === "NotIn";
  const values = raw.values.value.map(({ value = "", place }) => ({ value, place }));
  if (takesValues && values.length === 0) {
    const problem = `operator ${operator} for key "${key}" has no values`;
    refuse("bad-node-selector", place, problem, "list at least one value, or use Exists");
  }
  if (!takesValues && values.length > 0) {
    const problem = `operator ${operator} for key "${key}" has values`;
    refuse("bad-node-selector", raw.values.place, problem, "remove the values, or use In");
  }
  values.forEach(checkLabelValue);
  return { key, operator, values: values.map(({ value }) => value) };
}

const namePattern = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const prefixPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** A label key: an optional DNS name of at most 253 characters and `/`, then a name of at most 63. */
function checkLabelKey({ value: key, place }: Located<string>): void {
  const parts = key.split("/");
  const name = parts.pop() ?? "";
  const prefix = parts[0];
  const isLegal =
    parts.length <= 1 &&
    namePattern.test(name) &&
    (prefix === undefined || (prefix.length <= 253 && prefixPattern.test(prefix)));
  if (isLegal) return;
  const fix = "use a label key such as rack or example.com/rack";
  refuse("bad-node-selector", place, `"${key}" is not a label key`, fix);
}

function checkLabelValue({ value, place }: Located<string>): void {
  if (value === "" || namePattern.test(value)) return;
  const fix = "use at most 63 letters, digits, -, _ and ., with a letter or digit at both ends";
  refuse("bad-node-selector", place, `"${value}" is not a label value`, fix);
}
