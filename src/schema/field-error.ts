/** What is wrong at one field of an object, in the words of the real API server. */
import { formatJson } from "../kube/index.ts";
import { equal } from "./json.ts";

export interface Cause {
  reason: string;
  message: string;
  field: string;
}

/** One field error, spelled as apimachinery's field package does. */
export const fieldError = {
  required: (field: string, detail = ""): Cause => ({
    reason: "FieldValueRequired",
    message: `Required value${detail ? `: ${detail}` : ""}`,
    field,
  }),
  invalid: (field: string, value: unknown, detail: string): Cause => ({
    reason: "FieldValueInvalid",
    message: `Invalid value: ${shown(value)}: ${detail}`,
    field,
  }),
  notSupported: (field: string, value: unknown, supported: readonly unknown[]): Cause => ({
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${shown(value)}: supported values: ${supported.map(shown).join(", ")}`,
    field,
  }),
  duplicate: (field: string, value: unknown): Cause => ({
    reason: "FieldValueDuplicate",
    message: `Duplicate value: ${shown(value)}`,
    field,
  }),
  forbidden: (field: string, detail: string): Cause => ({
    reason: "FieldValueForbidden",
    message: `Forbidden: ${detail}`,
    field,
  }),
};

const HIDING = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

/** Whether rules in CEL are not asked about an object that has this fault. */
export function hidesRules({ reason }: Cause): boolean {
  return HIDING.has(reason);
}

/** The cause as a list, empty where all is well. */
export function unless(isFine: unknown, cause: Cause): Cause[] {
  return isFine ? [] : [cause];
}

export function unlessOneOf(supported: readonly unknown[], field: string, value: unknown): Cause[] {
  return unless(supported.includes(value), fieldError.notSupported(field, value, supported));
}

export function unlessSame(
  field: string,
  value: unknown,
  old: unknown,
  why = "field is immutable",
): Cause[] {
  return unless(equal(value, old), fieldError.invalid(field, value, why));
}

function shown(value: unknown): string {
  return value === undefined ? "null" : formatJson(value);
}
