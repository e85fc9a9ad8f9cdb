/** What a CEL expression is worth: evaluation of the tree with the values of its names. */
import { equal, isRecord, textOf, type Json } from "./api-object.ts";
import type { CelNode } from "./cel-parser.ts";

export type CelScope = ReadonlyMap<string, Json>;

/** Throws when a field is missing or a type does not fit, as CEL does. */
export function celValue(node: CelNode, scope: CelScope): Json {
  switch (node.kind) {
    case "literal":
      return node.value;
    case "name":
      return present(scope.get(node.name), node.name);
    case "field":
      return present(fieldOf(celValue(node.of, scope), node.name), node.name);
    case "index":
      return indexed(celValue(node.of, scope), celValue(node.at, scope));
    case "list":
      return node.items.map((item) => celValue(item, scope));
    case "unary":
      return node.op === "!" ? !truth(node.of, scope) : -Number(celValue(node.of, scope));
    case "choice":
      return celValue(truth(node.test, scope) ? node.yes : node.no, scope);
    case "binary":
      return binary(node, scope);
    default:
      return call(node, scope);
  }
}

function present(value: Json | undefined, name: string): Json {
  if (value === undefined) throw new Error(`no such key: ${name}`);
  return value;
}

function fieldOf(value: Json, name: string): Json | undefined {
  return isRecord(value) ? value[name] : undefined;
}

function indexed(value: Json, at: Json): Json {
  const found = Array.isArray(value) ? value[Number(at)] : fieldOf(value, textOf(at));
  return present(found, JSON.stringify(at));
}

function truth(node: CelNode, scope: CelScope): boolean {
  const value = celValue(node, scope);
  if (typeof value === "boolean") return value;
  throw new Error("no such overload: a condition must be a boolean");
}

type Binary = Extract<CelNode, { kind: "binary" }>;

/** Either side of && and || may decide alone, even when the other one fails. */
function logical({ op, left, right }: Binary, scope: CelScope): boolean {
  const decisive = op === "||";
  let first: boolean;
  try {
    first = truth(left, scope);
  } catch (error) {
    if (truth(right, scope) === decisive) return decisive;
    throw error;
  }
  return first === decisive ? decisive : truth(right, scope);
}

function binary(node: Binary, scope: CelScope): Json {
  if (node.op === "&&" || node.op === "||") return logical(node, scope);
  const left = celValue(node.left, scope);
  const right = celValue(node.right, scope);
  if (node.op === "in") {
    if (Array.isArray(right)) return right.some((item) => equal(item, left));
    return fieldOf(right, textOf(left)) !== undefined;
  }
  if (node.op === "==") return equal(left, right);
  if (node.op === "!=") return !equal(left, right);
  return ordered(node.op, left, right);
}

function ordered(op: string, left: Json, right: Json): Json {
  if (Array.isArray(left) && Array.isArray(right) && op === "+") return [...left, ...right];
  if (typeof left === "string" && typeof right === "string") {
    if (op === "+") return left + right;
    return compared(op, left < right ? -1 : left > right ? 1 : 0);
  }
  if (typeof left !== "number" || typeof right !== "number")
    throw new Error(`no such overload: ${op}`);
  const result = arithmetic(op, left, right);
  return result ?? compared(op, left - right);
}

function arithmetic(op: string, left: number, right: number): number | undefined {
  const whole = Number.isInteger(left) && Number.isInteger(right);
  if ((op === "/" || op === "%") && right === 0) throw new Error("division by zero");
  if (op === "/") return whole ? Math.trunc(left / right) : left / right;
  if (op === "%") return left % right;
  if (op === "*") return left * right;
  if (op === "+") return left + right;
  return op === "-" ? left - right : undefined;
}

function compared(op: string, difference: number): boolean {
  const results: Record<string, boolean> = {
    "<": difference < 0,
    "<=": difference <= 0,
    ">": difference > 0,
    ">=": difference >= 0,
  };
  const result = results[op];
  if (result === undefined) throw new Error(`no such overload: ${op}`);
  return result;
}

type Call = Extract<CelNode, { kind: "call" }>;

const TEXT: Record<string, (text: string, other: string) => Json> = {
  startsWith: (text, other) => text.startsWith(other),
  endsWith: (text, other) => text.endsWith(other),
  contains: (text, other) => text.includes(other),
  matches: (text, other) => new RegExp(other, "u").test(text),
  split: (text, other) => text.split(other),
};

/** Functions of one value, written `f(x)` or `x.f()`. */
const SINGLE: Record<string, (value: Json) => Json> = {
  size: sizeOf,
  int: Number,
  double: Number,
  string: textOf,
};

function call(node: Call, scope: CelScope): Json {
  const { name, of, args } = node;
  const [first, second] = args;
  if (name === "has") return hasField(first, scope);
  if (of && first?.kind === "name" && second) return macro(node, first.name, scope);
  const subject = of ?? first;
  const value = subject ? celValue(subject, scope) : null;
  const single = SINGLE[name];
  if (single) return single(value);
  const other = of && first ? celValue(first, scope) : undefined;
  return textCall(name, value, other);
}

function hasField(node: CelNode | undefined, scope: CelScope): boolean {
  if (node?.kind !== "field") throw new Error("invalid argument to has() macro");
  return fieldOf(celValue(node.of, scope), node.name) !== undefined;
}

function textCall(name: string, value: Json, other: Json | undefined): Json {
  const plain = TEXT[name];
  if (!plain || typeof value !== "string") throw new Error(`unknown function ${name}`);
  return plain(value, textOf(other));
}

function sizeOf(value: Json): number {
  if (Array.isArray(value)) return value.length;
  if (typeof value === "string") return Array.from(value).length;
  if (isRecord(value)) return Object.keys(value).length;
  throw new Error("no such overload: size");
}

/** all, exists, exists_one, filter and map: over a list's items, or a map's keys. */
function macro({ name, of, args }: Call, variable: string, scope: CelScope): Json {
  const range = celValue(of!, scope);
  const items: Json[] = Array.isArray(range) ? range : Object.keys(isRecord(range) ? range : {});
  const within = (item: Json) => new Map([...scope, [variable, item]]);
  const holds = (item: Json) => truth(args[1]!, within(item));
  switch (name) {
    case "all":
      return items.every(holds);
    case "exists":
      return items.some(holds);
    case "exists_one":
      return items.filter(holds).length === 1;
    case "filter":
      return items.filter(holds);
    case "map":
      return items.map((item) => celValue(args[1]!, within(item)));
    default:
      throw new Error(`unknown function ${name}`);
  }
}
