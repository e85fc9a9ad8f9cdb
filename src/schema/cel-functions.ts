/** The operators and functions of CEL on plain JSON values; they throw what their operands do not fit. */
import { durationFunctions, parseCelDuration } from "./cel-duration.ts";
import { equal, isRecord, textOf, type Json } from "./json.ts";

export function fieldOf(value: Json, name: string): Json | undefined {
  return isRecord(value) ? value[name] : undefined;
}

export function present(value: Json | undefined, name: string): Json {
  if (value === undefined) throw new Error(`no such key: ${name}`);
  return value;
}

export function indexed(value: Json, at: Json): Json {
  const found = Array.isArray(value) ? value[Number(at)] : fieldOf(value, textOf(at));
  return present(found, JSON.stringify(at));
}

export function truth(value: Json): boolean {
  if (typeof value === "boolean") return value;
  throw new Error("no such overload: a condition must be a boolean");
}

/** Whole numbers divide to whole numbers. */
function divided(left: number, right: number): number {
  if (right === 0) throw new Error("division by zero");
  const whole = Number.isInteger(left) && Number.isInteger(right);
  return whole ? Math.trunc(left / right) : left / right;
}

type Operator<T> = Record<string, (left: T, right: T) => Json>;

const COMPARISONS: Operator<number | string> = {
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};

const NUMBERS: Operator<number> = {
  ...COMPARISONS,
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": divided,
  "%": (left, right) => left - right * divided(left, right),
};

const TEXTS: Operator<string> = { ...COMPARISONS, "+": (left, right) => left + right };
const LISTS: Operator<Json[]> = { "+": (left, right) => [...left, ...right] };

/** Every operator of two values but && and ||, which need not look at both. */
export function operated(op: string, left: Json, right: Json): Json {
  if (op === "==") return equal(left, right);
  if (op === "!=") return !equal(left, right);
  if (op === "in" && Array.isArray(right)) return right.some((item) => equal(item, left));
  if (op === "in") return fieldOf(right, textOf(left)) !== undefined;
  const both = (is: (value: Json) => boolean) => is(left) && is(right);
  const operators = both((value) => typeof value === "number")
    ? NUMBERS
    : both((value) => typeof value === "string")
      ? TEXTS
      : both(Array.isArray)
        ? LISTS
        : {};
  const operator = (operators as Operator<Json>)[op];
  if (!operator) throw new Error(`no such overload: ${op}`);
  return operator(left, right);
}

function sizeOf(value: Json): number {
  if (typeof value === "string") return Array.from(value).length;
  if (Array.isArray(value)) return value.length;
  if (isRecord(value)) return Object.keys(value).length;
  throw new Error("no such overload: size");
}

/** Functions of one value or of a text and another one, written `f(x)`, `x.f()` or `x.f(y)`. */
const FUNCTIONS: Record<string, (value: Json, other: string) => Json> = {
  ...durationFunctions,
  duration: (text) => parseCelDuration(textOf(text)),
  size: sizeOf,
  int: Number,
  double: Number,
  string: textOf,
  startsWith: (text, other) => textOf(text).startsWith(other),
  endsWith: (text, other) => textOf(text).endsWith(other),
  contains: (text, other) => textOf(text).includes(other),
  matches: (text, other) => new RegExp(other, "u").test(textOf(text)),
  split: (text, other) => textOf(text).split(other),
};

export function called(name: string, value: Json = null, other?: Json): Json {
  const plain = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!plain || (other !== undefined && typeof value !== "string"))
    throw new Error(`unknown function ${name}`);
  return plain(value, textOf(other));
}

/** Over a list's items, or a map's keys; `of` is the value of the body for one of them. */
const MACROS: Record<string, (items: Json[], of: (item: Json) => Json) => Json> = {
  all: (items, of) => items.every((item) => truth(of(item))),
  exists: (items, of) => items.some((item) => truth(of(item))),
  exists_one: (items, of) => items.filter((item) => truth(of(item))).length === 1,
  filter: (items, of) => items.filter((item) => truth(of(item))),
  map: (items, of) => items.map(of),
};

export function isMacro(name: string): boolean {
  return Object.hasOwn(MACROS, name);
}

export function macro(name: string, range: Json, of: (item: Json) => Json): Json {
  const items = Array.isArray(range) ? range : Object.keys(isRecord(range) ? range : {});
  return MACROS[name]!(items, of);
}
