/** Reads the files that a command line names. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { ManifestFile } from "../lint/index.ts";

/** Something that cannot be read, in words for people. */
export class UnreadableError extends Error {
  override readonly name = "UnreadableError";
}

/** Files as they are, folders with all that lies below, `-` for standard input. Throws UnreadableError. */
export async function readFiles(paths: readonly string[]): Promise<readonly ManifestFile[]> {
  const read: ManifestFile[] = [];
  for (const path of paths) read.push(...(await readPath(path)));
  return read;
}

async function readPath(path: string): Promise<readonly ManifestFile[]> {
  if (path === "-") return [{ name: path, text: await text(process.stdin) }];
  try {
    if (!(await stat(path)).isDirectory()) return [await readOne(path)];
    const entries = await readdir(path, { recursive: true });
    const names = entries.filter((name) => /\.(?:ya?ml|json)$/.test(name)).sort();
    if (names.length > 0) return await Promise.all(names.map((name) => readOne(join(path, name))));
  } catch (error) {
    throw new UnreadableError(`cannot read ${path}: ${(error as Error).message}`);
  }
  throw new UnreadableError(`${path} holds no *.yaml, *.yml or *.json`);
}

async function readOne(path: string): Promise<ManifestFile> {
  return { name: path, text: await readFile(path, "utf8") };
}
