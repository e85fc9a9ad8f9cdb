/** The programs that a benchmark compares: ours, and real MetalLB built through Go's module proxy. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

export type ProgramName = "controller" | "speaker";

export interface Contender {
  who: string;
  /** How it is configured: by the ConfigMap of v0.9.5, or by custom resources. */
  generation: "configmap" | "resources";
  command: (program: ProgramName) => string[];
  /** Folder with the reference's custom resource definitions. */
  crds?: string;
}

const root = dirname(import.meta.dirname);
const modulePath = "go.universe.tf/metallb";

/** Ours first, then each reference that this machine has or can build; what is missing is said. */
export function contenders(): Contender[] {
  const ours: Contender = {
    who: "ours",
    generation: "configmap",
    command: (program) => [
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      join(root, "dist/metallb.mjs"),
      program,
    ],
  };
  const references = (["v0.9.6", "v0.16.1"] as const).map(reference);
  return [ours, ...references.filter((found) => found !== undefined)];
}

function reference(version: "v0.9.6" | "v0.16.1"): Contender | undefined {
  const who = `metallb-${version.slice(1)}`;
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const folder = join(cache, "metallb-reference", version);
  try {
    for (const program of ["controller", "speaker"]) {
      if (existsSync(join(folder, program))) continue;
      process.stderr.write(`bench: building ${who} ${program}\n`);
      mkdirSync(folder, { recursive: true });
      goCommand(["install", `${modulePath}/${program}@${version}`], { GOBIN: folder });
    }
    const command = (program: ProgramName): string[] => [join(folder, program)];
    if (version === "v0.9.6") return { who, generation: "configmap", command };
    const source = goCommand(["mod", "download", "-json", `${modulePath}@${version}`], {});
    const { Dir } = JSON.parse(source) as { Dir: string };
    return { who, generation: "resources", command, crds: join(Dir, "config/crd/bases") };
  } catch (error) {
    process.stderr.write(`bench: without ${who}: ${(error as Error).message.split("\n")[0]}\n`);
    return undefined;
  }
}

function goCommand(args: string[], env: Record<string, string>): string {
  return execFileSync("go", args, {
    cwd: "/",
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  }).toString();
}
