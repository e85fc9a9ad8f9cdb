/** Which nodes a peer is meant for (LC-6). */
import type { Faults } from "./config-error.ts";
import {
  isLabelKey,
  isLabelValue,
  operators,
  type Requirement,
  type Selector,
} from "./selector.ts";
import { list, mapping, text, textMap, type Located, type ShapeOf } from "./strict-yaml.ts";

export const nodeSelectorShape = mapping({
  "match-labels": textMap,
  "match-expressions": list(mapping({ key: text, operator: text, values: list(text) })),
});
type RawSelector = ShapeOf<typeof nodeSelectorShape>;
type RawExpression = RawSelector["match-expressions"]["value"][number];

export function compileNodeSelector(raw: RawSelector, faults: Faults): Selector {
  const requirements: Requirement[] = [];
  for (const [key, value] of raw["match-labels"].value) {
    checkLabelKey({ ...value, value: key }, faults);
    checkLabelValue(value, faults);
    requirements.push({ key, operator: "In", values: [value.value] });
  }
  const expressions = raw["match-expressions"].value.map((one) => compileExpression(one, faults));
  return [...requirements, ...expressions];
}

function compileExpression({ value: raw, place }: RawExpression, faults: Faults): Requirement {
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

function checkLabelKey(raw: Located<string>, faults: Faults): void {
  if (isLabelKey(raw.value)) return;
  const fix = "use a label key such as rack or example.com/rack";
  faults.add("bad-node-selector", raw, `"${raw.value}" is not a label key`, fix);
}

function checkLabelValue(raw: Located<string>, faults: Faults): void {
  if (isLabelValue(raw.value)) return;
  const fix = "use at most 63 letters, digits, -, _ and ., with a letter or digit at both ends";
  faults.add("bad-node-selector", raw, `"${raw.value}" is not a label value`, fix);
}
