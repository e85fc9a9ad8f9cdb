/** The Go program in go-member/: a ring member made of the real library, of MetalLB v0.9.5's time, of v0.16's and of today. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";

const folder = join(import.meta.dirname, "go-member");
const cache = join(dirname(dirname(import.meta.dirname)), ".cache", "go-member");

/** memberlist v0.5.1 is in MetalLB v0.16, v0.1.7 in v0.9.5; v0.7.0 is the latest. */
export type GoVersion = "v0.1.7" | "v0.5.1" | "v0.7.0";

const flags: Record<GoVersion, readonly string[]> = {
  "v0.1.7": ["-modfile=go-v0.1.7.mod", "-tags", "v017"],
  "v0.5.1": [],
  "v0.7.0": ["-modfile=go-v0.7.0.mod"],
};

const sources = createHash("sha256");
for (const file of readdirSync(folder).sort()) sources.update(readFileSync(join(folder, file)));
const digest = sources.digest("hex").slice(0, 12);

/** Its name tells the sources, so that test files side by side never write what another one runs. */
export function goMemberProgram(version: GoVersion): string {
  return join(cache, `${version}-${digest}`);
}

/** Builds all where they are not there yet; else why they cannot be had: the reason to skip. */
export function buildGoMembers(): string | false {
  mkdirSync(cache, { recursive: true });
  try {
    for (const version of Object.keys(flags) as GoVersion[]) build(version);
    return false;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (isMissing) return "Go is not installed";
    return `a member of the real library cannot be built: ${(error as Error).message}`;
  }
}

function build(version: GoVersion): void {
  const program = goMemberProgram(version);
  if (existsSync(program)) return;
  const unfinished = `${program}.${process.pid}`;
  execFileSync("go", ["build", "-buildvcs=false", ...flags[version], "-o", unfinished, "."], {
    cwd: folder,
    env: { ...process.env, GOWORK: "off", CGO_ENABLED: "0" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  renameSync(unfinished, program);
}
