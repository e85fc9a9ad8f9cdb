/** Which nodes a peer is meant for (LC-6). */
import type { Labels } from "../kube/index.ts";
import type { Faults } from "./config-error.ts";
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

export function compileNodeSelector(raw: RawSelector, faults: Faults): NodeSelector {
  const requirements: NodeRequirement[] = [];
  for (const [key, value] of raw["match-labels"].value) {
    checkLabelKey({ ...value, value: key }, faults);
    checkLabelValue(value, faults);
    requirements.push({ key, operator: "In", values: [value.value] });
  }
  const expressions = raw["match-expressions"].value.map((one) => compileExpression(one, faults));
  return [...requirements, ...expressions];
}

function compileExpression({ value: raw, place }: RawExpression, faults: Faults): NodeRequirement {
  const key = raw.key.value ?? "";
  checkLabelKey({ value: key, place: raw.key.place }, faults);
  const operator = operators.find((one) => one === raw.operator.value);
  const values = raw.values.value.map(({ value = "", place }) => ({ value, place }));
  if (operator === undefined) {
    const problem = `unknown operator "${raw.operator.value ?? ""}"`;
    faults.add("bad-node-selector", raw.operator, problem, `use ${operators.join(", ")}`);
    return { key, operator: "Exists", values: [] };
  }
  const takesValues = operator === "In" || operator === "NotIn";
  if (takesValues && values.length === 0) {
    const problem = `operator ${operator} for key "${key}" has no values`;
    faults.add("bad-node-selector", { place }, problem, "list at least one value, or use Exists");
  }
  if (!takesValues && values.length > 0) {
    const problem = `operator ${operator} for key "${key}" has values`;
    const at = { place: raw.values.place };
    faults.add("bad-node-selector", at, problem, "remove the values, or use In");
  }
  for (const value of values) checkLabelValue(value, faults);
  return { key, operator, values: values.map(({ value }) => value) };
}

const namePattern = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const prefixPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** A label key: an optional DNS name of at most 253 characters and `/`, then a name of at most 63. */
function checkLabelKey(raw: Located<string>, faults: Faults): void {
  const { value: key } = raw;
  const parts = key.split("/");
  const name = parts.pop() ?? "";
  const prefix = parts[0];
  const isLegal =
    parts.length <= 1 &&
    namePattern.test(name) &&
    (prefix === undefined || (prefix.length <= 253 && prefixPattern.test(prefix)));
  if (isLegal) return;
  const fix = "use a label key such as rack or example.com/rack";
  faults.add("bad-node-selector", raw, `"${key}" is not a label key`, fix);
}

function checkLabelValue(raw: Located<string>, faults: Faults): void {
  if (raw.value === "" || namePattern.test(raw.value)) return;
  const fix = "use at most 63 letters, digits, -, _ and ., with a letter or digit at both ends";
  faults.add("bad-node-selector", raw, `"${raw.value}" is not a label value`, fix);
}
