/** What a plan is made of: the objects of files or of a cluster, and all that is wrong with them. */
import { lintManifests, readManifests, type LintFinding } from "../lint/index.ts";
import type { KubeObject } from "../kube/index.ts";
import { viewCluster, type ClusterView, type Plan, type PlanFinding } from "../plan/index.ts";
import { readCluster, type ClusterPlace } from "./read-cluster.ts";
import { readFiles } from "./read-files.ts";

export const bgpTypes = ["native", "frr", "frr-k8s"] as const;

export interface PlanInput {
  readonly view: ClusterView;
  /** About files, with their places: syntax, schema, and the configuration as a whole. */
  readonly findings: readonly PlanFinding[];
}

export interface InputOptions extends ClusterPlace {
  readonly bgpType: (typeof bgpTypes)[number];
}

/** The word for the cluster among paths. */
export const clusterWord = "cluster";

/**
 * Reads all sources; of two objects with one name that of the later source counts, and files count after the cluster.
 * Throws `UnreadableError`.
 */
export async function readPlanInput(
  sources: readonly string[],
  options: InputOptions,
  env: NodeJS.ProcessEnv,
): Promise<PlanInput> {
  const paths = sources.filter((source) => source !== clusterWord);
  const isFromCluster = paths.length < sources.length;
  const stored = isFromCluster ? await readCluster(options, env) : [];
  const files = await readFiles(paths);
  const read = readManifests(files);
  const written = read.manifests.map(({ object }) => object as unknown as KubeObject);
  const { view, findings } = viewCluster([...stored, ...written], options);
  const linted = files.length > 0 ? lintManifests(read, options).findings : [];
  // Files on top of a cluster are but a part: what they lack may be there.
  const told = isFromCluster ? linted.filter(isAboutOneObject) : linted;
  return { view, findings: [...told, ...findings] };
}

/** The plan with the findings of its input; a fault that both tell of is told once, with its place. */
export function withInputFindings(plan: Plan, { findings }: PlanInput): Plan {
  const told = new Set(findings.map(({ code, object }) => `${code} ${object}`));
  const rest = plan.findings.filter(({ code, object }) => !told.has(`${code} ${object}`));
  return { ...plan, findings: [...findings, ...rest] };
}

function isAboutOneObject({ code }: LintFinding): boolean {
  return code.startsWith("CRD-") || code === "YAML" || code === "WH-3";
}
