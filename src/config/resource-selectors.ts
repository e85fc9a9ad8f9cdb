/** Lists of label selectors in resources: legal ones, each given once (CRD-3, CFG-40). */
import type { Report } from "./finding-list.ts";
import type { Fields, Word } from "./resource-fields.ts";
import {
  isLabelKey,
  isLabelValue,
  operators,
  type Requirement,
  type Selector,
} from "./selector.ts";

interface RawExpression {
  readonly path: string;
  readonly key: string;
  readonly operator: string;
  readonly values: readonly Word[];
}

interface RawSelector {
  readonly path: string;
  readonly labels: readonly (readonly [string, Word])[];
  readonly expressions: readonly RawExpression[];
}

/** One list field; repeats and illegal selectors are told apart, as MetalLB does at different times. */
export class SelectorList {
  readonly #raw: readonly RawSelector[];
  readonly #report: Report;

  constructor(fields: Fields, key: string) {
    this.#raw = fields.objects(key).map(readSelector);
    this.#report = fields.report;
  }

  get length(): number {
    return this.#raw.length;
  }

  /** CFG-40: no value twice in an expression, no expression twice in a selector, none twice here. */
  refuseRepeats(): void {
    const paths = groupBy(this.#raw, textOfSelector);
    for (const selector of this.#raw) {
      refuseRepeatsInside(selector, this.#report);
      const [first, ...later] = paths.get(textOfSelector(selector)) ?? [];
      if (first !== selector.path) continue;
      for (const path of later) this.#repeated(path, `the selector equals ${first}`);
    }
  }

  /** CRD-3: illegal selectors are told and left out; each compiled one is sorted by key. */
  compile(): readonly Selector[] {
    const compiled = this.#raw.map((selector) => compileSelector(selector, this.#report));
    return compiled.filter((selector) => selector !== undefined);
  }

  /** In the order of their texts, so that the order in the list does not matter (CFG-34). */
  compileSorted(): readonly Selector[] {
    const byText = this.compile().map((selector) => [selectorText(selector), selector] as const);
    return byText.sort(([a], [b]) => (a < b ? -1 : Number(a > b))).map(([, selector]) => selector);
  }

  #repeated(path: string, message: string): void {
    this.#report.add({ code: "CFG-40", path, message, fix: "remove one of the two" });
  }
}

/** A single selector, as in a preference; undefined if it is illegal. */
export function compileOneSelector(fields: Fields): Selector | undefined {
  const selector = readSelector(fields);
  refuseRepeatsInside(selector, fields.report);
  return compileSelector(selector, fields.report);
}

/** Equal for selectors that mean the same requirements. */
export function selectorText(selector: Selector): string {
  return JSON.stringify(selector.map(({ key, operator, values }) => [key, operator, ...values]));
}

function readSelector(fields: Fields): RawSelector {
  const expressions = fields.objects("matchExpressions").map((one) => ({
    path: one.path,
    key: one.text("key"),
    operator: one.text("operator"),
    values: one.words("values"),
  }));
  return { path: fields.path, labels: fields.textMap("matchLabels"), expressions };
}

function refuseRepeatsInside({ expressions }: RawSelector, report: Report): void {
  const paths = groupBy(expressions, textOfExpression);
  for (const expression of expressions) {
    const seen = new Set<string>();
    for (const { text, path } of expression.values) {
      if (seen.has(text)) {
        const message = `the value "${text}" stands twice in one match expression`;
        report.add({ code: "CFG-40", path, value: text, message, fix: "remove one of the two" });
      }
      seen.add(text);
    }
    const [first, ...later] = paths.get(textOfExpression(expression)) ?? [];
    if (first !== expression.path) continue;
    for (const path of later) {
      const message = `the match expression equals ${first}`;
      report.add({ code: "CFG-40", path, message, fix: "remove one of the two" });
    }
  }
}

/** Paths of the elements with the same text. */
function groupBy<T extends { readonly path: string }>(
  elements: readonly T[],
  text: (element: T) => string,
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const element of elements) {
    const group = groups.get(text(element));
    if (group === undefined) groups.set(text(element), [element.path]);
    else group.push(element.path);
  }
  return groups;
}

/** Equal for selectors that differ at most in the order of values. */
function textOfSelector({ labels, expressions }: RawSelector): string {
  const pairs = labels.map(([key, { text }]) => [key, text]);
  return JSON.stringify([pairs, expressions.map(textOfExpression)]);
}

function textOfExpression({ key, operator, values }: RawExpression): string {
  return JSON.stringify([key, operator, ...values.map(({ text }) => text).sort()]);
}

function compileSelector(raw: RawSelector, report: Report): Selector | undefined {
  const before = report.problems.length;
  const requirements: Requirement[] = [];
  for (const [key, value] of raw.labels) {
    checkKey(key, value.path, report);
    checkValue(value, report);
    requirements.push({ key, operator: "In", values: [value.text] });
  }
  for (const expression of raw.expressions) {
    const requirement = compileExpression(expression, report);
    if (requirement !== undefined) requirements.push(requirement);
  }
  if (report.problems.length > before) return undefined;
  return requirements.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
}

function compileExpression(raw: RawExpression, report: Report): Requirement | undefined {
  const { path, key, values } = raw;
  const operator = operators.find((one) => one === raw.operator);
  if (operator === undefined) {
    const message = `unknown operator "${raw.operator}"`;
    const at = { path: `${path}.operator`, value: raw.operator };
    report.add({ code: "CRD-3", ...at, message, fix: `use ${operators.join(", ")}` });
    return undefined;
  }
  checkKey(key, `${path}.key`, report);
  const takesValues = operator === "In" || operator === "NotIn";
  if (takesValues !== values.length > 0) {
    const message = `operator ${operator} for key "${key}" has ${takesValues ? "no values" : "values"}`;
    const fix = takesValues ? "list at least one value" : "remove the values, or use In";
    report.add({ code: "CRD-3", path: `${path}.values`, message, fix });
  }
  for (const value of values) checkValue(value, report);
  return { key, operator, values: values.map(({ text }) => text).sort() };
}

function checkKey(key: string, path: string, report: Report): void {
  if (isLabelKey(key)) return;
  const fix = "use a label key such as rack or example.com/rack";
  report.add({ code: "CRD-3", path, value: key, message: `"${key}" is not a label key`, fix });
}

function checkValue({ text, path }: Word, report: Report): void {
  if (isLabelValue(text)) return;
  const fix = "use at most 63 letters, digits, -, _ and ., with a letter or digit at both ends";
  report.add({ code: "CRD-3", path, value: text, message: `"${text}" is not a label value`, fix });
}
