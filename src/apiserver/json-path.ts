/** The JSON paths of additionalPrinterColumns: dots, quoted names, indexes, wildcards and equality filters. */
import { type Json, isRecord, textOf } from "../schema/index.ts";

const STEP =
  /\.([A-Za-z0-9_/-]+(?:\\\.[A-Za-z0-9_/-]+)*)|\['([^']+)'\]|\[(\d+|\*)\]|\[\?\(@\.(\w+)\s*==\s*["']([^"']*)["']\)\]/y;

/** The value at `path` such as ".status.conditions[?(@.type=='Ready')].status"; the first one where there are several. */
export function jsonPathValue(object: unknown, path: string): Json | undefined {
  let values = [object as Json];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < path.length) {
    const match = STEP.exec(path);
    if (!match) return undefined;
    const [, plain, quoted, index, key, wanted] = match;
    const name = plain?.replaceAll("\\.", ".") ?? quoted;
    if (name !== undefined) values = values.flatMap((value) => child(value, name));
    else if (index === "*") values = values.flatMap(children);
    else if (index !== undefined) values = values.flatMap((value) => child(value, index));
    else
      values = values
        .flatMap(children)
        .filter((value) => isRecord(value) && textOf(value[key!]) === wanted);
  }
  return values[0];
}

function child(value: Json, name: string): Json[] {
  const found = Array.isArray(value)
    ? value[Number(name)]
    : isRecord(value)
      ? value[name]
      : undefined;
  return found === undefined ? [] : [found];
}

function children(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  return isRecord(value) ? Object.values(value) : [];
}
