/** The reference's converter: same flags, same files, same output (MIG-1). */
import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { findingText } from "../config/index.ts";
import type { ConfigMap } from "../kube/index.ts";
import { readManifests } from "../lint/index.ts";
import { migrate } from "../migrate/index.ts";
import { parseGoFlags } from "../platform/index.ts";
import { processOutput, type Output } from "./output.ts";

const flags = {
  source: {
    kind: "string",
    default: "./config.yaml",
    usage: "name of the file to convert, in /var/input",
  },
  "only-data": {
    kind: "bool",
    default: false,
    usage: "the file is the document of the ConfigMap, not the ConfigMap",
  },
  stdout: {
    kind: "bool",
    default: false,
    usage: "write to standard output, not to /var/input/resources.yaml",
  },
} as const;

/** Whether the words are meant for the reference's converter. */
export function isReferenceCall(argv: readonly string[]): boolean {
  return argv.some((word) => /^--?(?:source|only-data|stdout)(?:=|$)/.test(word));
}

/** Returns the exit status: 1 if nothing was converted (MIG-9), 2 for flags that mean nothing. */
export async function runConfigMapToCrs(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  output: Output = processOutput(env),
  folder = "/var/input",
): Promise<number> {
  const parsed = parseGoFlags("configmaptocrs", flags, argv, env);
  if (!parsed.ok) {
    (parsed.exitCode === 0 ? output.out : output.err)(parsed.text);
    return parsed.exitCode;
  }
  const { source, stdout } = parsed.values;
  try {
    const text = await convert(join(folder, source), folder, {
      hasOnlyData: parsed.values["only-data"],
      output,
    });
    if (stdout) output.out(text);
    else await writeFile(join(folder, "resources.yaml"), text);
    return 0;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    output.err(`failed to generate resources: ${reason}\n`);
    return 1;
  }
}

interface Conversion {
  readonly hasOnlyData: boolean;
  readonly output: Output;
}

/** The manifest. Throws an Error that says what is wrong. */
async function convert(
  path: string,
  folder: string,
  { hasOnlyData, output }: Conversion,
): Promise<string> {
  if (relative(folder, path).startsWith("..")) throw new Error(`unsafe path ${path}`);
  const input = await readFile(path, "utf8");
  const { text, name, namespace } = hasOnlyData
    ? { text: input, name: "config", namespace: "metallb-system" }
    : documentIn(input, path);
  const migration = migrate(text, { name, namespace });
  if (!migration.ok) throw new Error(migration.findings.map(findingText).join("\n"));
  for (const { kind, from, to } of migration.renamings) {
    output.err(`Changing ${kind} name from: ${from} to: ${to}\n`);
  }
  return migration.text;
}

/** MIG-3: the file holds a ConfigMap, and that a document. */
function documentIn(input: string, path: string) {
  const { manifests, findings } = readManifests([{ name: path, text: input }]);
  const [first] = manifests;
  if (first === undefined) throw new Error(findings.map(findingText).join("\n") || "no ConfigMap");
  if (first.kind !== "ConfigMap") throw new Error(`not a configmap, but a ${first.kind}`);
  const { data, metadata } = first.object as unknown as ConfigMap;
  const text = data?.["config"];
  if (typeof text !== "string" || text === "") throw new Error("bad ConfigMap: no data");
  return { text, name: metadata.name, namespace: metadata.namespace ?? "metallb-system" };
}
