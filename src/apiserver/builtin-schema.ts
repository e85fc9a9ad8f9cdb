/** Schemas of the built-in kinds. */
import type { Schema } from "./schema.ts";

export function builtinSchema(_group: string, _kind: string): Schema | undefined {
  return undefined;
}
