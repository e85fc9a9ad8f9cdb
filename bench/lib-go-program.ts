/** The programs in Go that a benchmark needs, each built out of a folder of this one. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Path of the program, built anew where its sources changed. Before the network becomes private: modules may have to be
 * fetched. Throws where this machine cannot build it.
 */
export function buildGoProgram(name: "go-asker" | "go-member"): string {
  const folder = join(import.meta.dirname, name);
  const program = join(dirname(import.meta.dirname), ".cache", name, name);
  mkdirSync(dirname(program), { recursive: true });
  const env = { ...process.env, GOWORK: "off", CGO_ENABLED: "0" };
  const words = ["build", "-buildvcs=false", "-o", program, "."];
  try {
    execFileSync("go", words, { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    throw new Error(`Go cannot build bench/${name}: ${(error as Error).message}`, { cause: error });
  }
  return program;
}
