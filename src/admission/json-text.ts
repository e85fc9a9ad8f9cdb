/** JSON from a caller that nobody vouches for, with a bound on how deep it nests. */

export type JsonObject = Readonly<Record<string, unknown>>;

export type JsonResult =
  | { readonly ok: true; readonly object: JsonObject }
  | { readonly ok: false; readonly error: string };

/** Objects of Kubernetes are a dozen levels deep; what copies or prints them is recursive. */
const depthMax = 200;

/** The object in `text`, or what is wrong with it. */
export function parseJsonObject(text: string): JsonResult {
  if (isDeeperThan(text, depthMax)) {
    return { ok: false, error: `the JSON nests deeper than ${depthMax} levels` };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, error: `the body is not JSON: ${(error as Error).message}` };
  }
  return isRecord(value)
    ? { ok: true, object: value }
    : { ok: false, error: "the body is not a JSON object" };
}

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `value` if it is text: what a caller sends may be anything, and even its `toString` may be a lie. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Brackets inside strings do not count; a text that is no JSON may give any answer. */
function isDeeperThan(text: string, most: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') isInString = !isInString;
    else if (isInString) at += char === "\\" ? 1 : 0;
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") depth -= 1;
    if (depth > most) return true;
  }
  return false;
}
