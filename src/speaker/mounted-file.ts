/** Files that manifests mount from ConfigMaps: optional, read once, at start. */

import { readFileSync } from "node:fs";

/** What `read` makes of the file; undefined without one. Throws with the file, what is wrong and `mend`. */
export function readMountedFile<T>(
  file: string,
  read: (text: string) => T,
  mend: string,
): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
  try {
    return read(text);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}; ${mend}`, { cause: error });
  }
}
