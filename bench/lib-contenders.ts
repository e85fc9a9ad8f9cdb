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
}

const root = dirname(import.meta.dirname);
const modulePath = "go.universe.tf/metallb";

/**
 * The contenders of these names, ours first; without a list, ours and today's MetalLB.
 * Only these programs of a reference are built; one that this machine neither has nor can build is left out, and said so.
 */
export function contenders(
  args: string[],
  otherwise = "ours,metallb-0.16.1",
  programs: readonly ProgramName[] = ["controller", "speaker"],
): Contender[] {
  const at = args.indexOf("--who");
  const wanted = (at < 0 ? otherwise : (args[at + 1] ?? "")).split(",");
  const command = (program: ProgramName): string[] => [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    join(root, "dist/metallb.mjs"),
    program,
  ];
  const makers: Record<string, () => Contender | undefined> = {
    ours: () => ({ who: "ours", generation: "resources", command }),
    "ours-configmap": () => ({ who: "ours-configmap", generation: "configmap", command }),
    "metallb-0.9.6": () => reference("v0.9.6", programs),
    "metallb-0.16.1": () => reference("v0.16.1", programs),
  };
  const unknown = wanted.find((who) => !Object.hasOwn(makers, who));
  if (unknown !== undefined) {
    throw new Error(`--who: unknown "${unknown}"; one or more of ${Object.keys(makers).join(",")}`);
  }
  return wanted.map((who) => makers[who]?.()).filter((found) => found !== undefined);
}

function reference(
  version: "v0.9.6" | "v0.16.1",
  programs: readonly ProgramName[],
): Contender | undefined {
  const who = `metallb-${version.slice(1)}`;
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const folder = join(cache, "metallb-reference", version);
  try {
    for (const program of programs) {
      if (existsSync(join(folder, program))) continue;
      process.stderr.write(`bench: building ${who} ${program}\n`);
      mkdirSync(folder, { recursive: true });
      goCommand(["install", `${modulePath}/${program}@${version}`], { GOBIN: folder });
    }
    const command = (program: ProgramName): string[] => [join(folder, program)];
    return { who, generation: version === "v0.9.6" ? "configmap" : "resources", command };
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
