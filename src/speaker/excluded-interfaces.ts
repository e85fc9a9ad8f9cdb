/** Interfaces that take no part in announcing: the file that v0.16's manifest mounts (INS-26, L2-85). */

import { parse } from "yaml";
import { compileExclusion } from "../layer2/index.ts";
import { readMountedFile } from "./mounted-file.ts";
import { fromRe2 } from "./re2-expression.ts";

const FILE = "/etc/metallb/excludel2.yaml";
const KEY = "announcedInterfacesToExclude";

/** Reads the file once, at start; a missing one excludes nothing. Throws where the speaker must not start. */
export function readExcludedInterfaces(file = FILE): RegExp | undefined {
  const mend = "mend the ConfigMap metallb-excludel2 and restart the speaker";
  return readMountedFile(file, parseExcludedInterfaces, mend);
}

/** The one expression that matches every excluded name; undefined: none is. Throws with what is wrong. */
export function parseExcludedInterfaces(text: string): RegExp | undefined {
  const document: unknown = parse(text, { maxAliasCount: 0 });
  if (document === null || document === undefined) return undefined;
  if (typeof document !== "object") throw new Error(`it must hold the key ${KEY}`);
  const patterns = (document as Record<string, unknown>)[KEY] ?? [];
  if (!Array.isArray(patterns)) throw new Error(`${KEY}: it must be a list of expressions`);
  for (const [index, pattern] of patterns.entries()) checkPattern(pattern, `${KEY}[${index}]`);
  return compileExclusion((patterns as string[]).map(fromRe2));
}

function checkPattern(pattern: unknown, path: string): void {
  if (typeof pattern !== "string") throw new Error(`${path}: it must be a text`);
  try {
    compileExclusion([fromRe2(pattern)]);
  } catch (error) {
    const why = (error as Error).message;
    throw new Error(`${path}: "${pattern}" is no regular expression (${why})`, { cause: error });
  }
}
