/** Real MetalLB of two releases, built once through Go's module proxy into a cache outside the project. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** v0.9.6 is the nearest to v0.9.5 that the proxy has. */
export type ReferenceVersion = "v0.9.6" | "v0.16.1";
export type ProgramName = "controller" | "speaker";

const modulePath = "go.universe.tf/metallb";

/** Path of the program; throws where this machine neither has it nor can build it. */
export function metallbReference(version: ReferenceVersion, program: ProgramName): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const folder = join(cache, "metallb-reference", version);
  const path = join(folder, program);
  if (existsSync(path)) return path;
  process.stderr.write(`building MetalLB ${version}, ${program}\n`);
  mkdirSync(folder, { recursive: true });
  execFileSync("go", ["install", `${modulePath}/${program}@${version}`], {
    cwd: "/",
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", GOBIN: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return path;
}
