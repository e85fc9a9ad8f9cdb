/** Reads the files that a command line names. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
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
  if (path === "-") return [manifestFile(path, await buffer(process.stdin))];
  try {
    if (!(await stat(path)).isDirectory()) return [await readOne(path)];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => !entry.isDirectory() && /\.(?:ya?ml|json)$/.test(entry.name))
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort();
    if (paths.length > 0) return await Promise.all(paths.map(readOne));
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    throw new UnreadableError(`cannot read ${path}: ${(error as Error).message}`);
  }
  throw new UnreadableError(`${path} holds no *.yaml, *.yml or *.json`);
}

async function readOne(path: string): Promise<ManifestFile> {
  return manifestFile(path, await readFile(path));
}

/** Some shells write UTF-16 into a file, with a mark before it; what is no text at all must not pass as empty. */
function manifestFile(name: string, bytes: Buffer): ManifestFile {
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const encoding = !isUtf16 ? "utf-8" : first === 0xff ? "utf-16le" : "utf-16be";
  try {
    return { name, text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
  } catch {
    throw new UnreadableError(`cannot read ${name}: it is not text in UTF-8`);
  }
}
