/** The programs that a benchmark compares: ours, and real MetalLB built through Go's module proxy. */
import { dirname, join } from "node:path";
import {
  metallbReference,
  type ProgramName,
  type ReferenceVersion,
} from "../tools/metallb-reference.ts";
import { listFlag } from "./lib-numbers.ts";

export type { ProgramName } from "../tools/metallb-reference.ts";

export interface Contender {
  who: string;
  /** How it is configured: by the ConfigMap of v0.9.5, or by custom resources. */
  generation: "configmap" | "resources";
  command: (program: ProgramName) => string[];
}

const root = dirname(import.meta.dirname);

/**
 * The contenders of these names, ours first; without a list, ours and today's MetalLB.
 * Only these programs of a reference are built; one that this machine neither has nor can build is left out, and said so.
 */
export function contenders(
  args: string[],
  otherwise = "ours,metallb-0.16.1",
  programs: readonly ProgramName[] = ["controller", "speaker"],
): Contender[] {
  const wanted = listFlag(args, "who", otherwise);
  const command = (program: ProgramName): string[] => [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    join(root, "dist/metallb.mjs"),
    program,
  ];
  const answering = (way: string): Contender => ({
    who: `ours-${way}`,
    generation: "resources",
    command: (program) => [...command(program), `--layer2-responder=${way}`],
  });
  const makers: Record<string, () => Contender | undefined> = {
    ours: () => ({ who: "ours", generation: "resources", command }),
    "ours-kernel": () => answering("kernel"),
    "ours-packet": () => answering("packet"),
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
  version: ReferenceVersion,
  programs: readonly ProgramName[],
): Contender | undefined {
  const who = `metallb-${version.slice(1)}`;
  try {
    for (const program of programs) metallbReference(version, program);
    const command = (program: ProgramName): string[] => [metallbReference(version, program)];
    return { who, generation: version === "v0.9.6" ? "configmap" : "resources", command };
  } catch (error) {
    process.stderr.write(`bench: without ${who}: ${(error as Error).message.split("\n")[0]}\n`);
    return undefined;
  }
}
