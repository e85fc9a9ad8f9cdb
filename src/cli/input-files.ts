/** The text of files, folders and standard input that a command line names. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export interface InputFile {
  /** The path as a person would write it; `-` for standard input. */
  readonly name: string;
  readonly text: string;
}

export type InputFiles =
  | { readonly ok: true; readonly files: readonly InputFile[] }
  /** The sentence names the path and the mend. */
  | { readonly ok: false; readonly problem: string };

const manifestPattern = /\.(?:ya?ml|json)$/;

/**
 * Reads every path: a file whatever its name, of a folder all .yaml, .yml and .json files below it in order of their
 * paths, `-` standard input. Symbolic links below a folder are not followed.
 */
export function readInputFiles(paths: readonly string[]): InputFiles {
  const files: InputFile[] = [];
  for (const path of paths) {
    try {
      const names = path === "-" ? [path] : filesAt(path);
      if (names.length === 0) {
        return refuse(path, "has no .yaml, .yml or .json file", "name the file itself");
      }
      for (const name of names) {
        files.push({ name, text: readFileSync(name === "-" ? 0 : name, "utf8") });
      }
    } catch (error) {
      const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
      return refuse(path, `cannot be read (${why})`, "check the path and its permissions");
    }
  }
  return { ok: true, files };
}

function filesAt(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && manifestPattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function refuse(path: string, what: string, mend: string): InputFiles {
  return { ok: false, problem: `${path} ${what}: ${mend}` };
}
