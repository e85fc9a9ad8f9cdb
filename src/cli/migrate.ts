/** `metallb migrate`: makes custom resources of a ConfigMap, and shows that no Service notices. */
import { writeFile } from "node:fs/promises";
import { findingText, isError } from "../config/index.ts";
import type { ConfigMap, KubeObject } from "../kube/index.ts";
import { readManifests } from "../lint/index.ts";
import { migrate, type Migration } from "../migrate/index.ts";
import {
  changeView,
  comparePlans,
  planCluster,
  viewCluster,
  type Plan,
  type PlanChange,
} from "../plan/index.ts";
import { misused, parseCommandLine, type CliValues } from "./command-line.ts";
import { isReferenceCall, runConfigMapToCrs } from "./configmaptocrs.ts";
import { processOutput, type Output } from "./output.ts";
import { clusterFlags, planFlags } from "./plan-flags.ts";
import { clusterWord, readPlanInput, type InputOptions } from "./plan-input.ts";
import { readCluster } from "./read-cluster.ts";
import { readFiles, UnreadableError } from "./read-files.ts";

const verb = {
  synopsis: "migrate FILE|- [flags]",
  about: `Makes custom resources of the ConfigMap that MetalLB read until 0.12, and writes them out. Nothing
in the cluster is changed. With --from-cluster or --against, says which Services would notice.
Exit status 0: converted; 1: it cannot be converted; 2: something cannot be read; 3: a Service
would lose or change its address, or lose who announces it: nothing is written then.
Also takes the reference converter's flags: -source FILE -only-data -stdout.`,
  flags: {
    output: {
      type: "string",
      short: "o",
      value: "FILE",
      help: "write there, not to standard output",
    },
    "from-cluster": { type: "boolean", help: "read the ConfigMap and the Services of the cluster" },
    against: {
      type: "string",
      multiple: true,
      value: "PATH|cluster",
      help: "where the Services, Nodes and endpoints are; may be repeated",
    },
    mode: planFlags.mode,
    namespace: planFlags.namespace,
    ...clusterFlags,
  },
} as const;

type Values = CliValues<typeof verb.flags>;

/** Returns the exit status. */
export async function runMigrate(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  output: Output = processOutput(env),
): Promise<number> {
  if (isReferenceCall(argv)) return runConfigMapToCrs(argv, env, output);
  const parsed = parseCommandLine(verb, argv);
  const wrong = parsed.ok ? findMisuse(parsed.values, parsed.words) : undefined;
  const line = wrong === undefined ? parsed : misused(verb, wrong);
  if (!line.ok) {
    (line.exitCode === 0 ? output.out : output.err)(line.text);
    return line.exitCode;
  }
  try {
    return await work(line.words, line.values, { env, output });
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    output.err(`metallb migrate: ${error.message}\n`);
    return 2;
  }
}

function findMisuse(values: Values, words: readonly string[]): string | undefined {
  if (words.length > 1) return "one ConfigMap at a time";
  const isFromCluster = values["from-cluster"];
  if (isFromCluster && words.length > 0) return "give a file or --from-cluster, not both";
  return isFromCluster || words.length > 0 ? undefined : "no file is given, nor --from-cluster";
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
}

async function work(
  words: readonly string[],
  values: Values,
  { env, output }: Surroundings,
): Promise<number> {
  const options = optionsOf(values);
  const objects = values["from-cluster"]
    ? await readCluster(options, env)
    : readManifests(await readFiles(words)).manifests.map(({ object }) => object);
  const configMap = findConfigMap(objects as readonly KubeObject[], options.namespace);
  const migration = migrate(configMap.data?.["config"] ?? "", titleOf(configMap));
  if (!migration.ok) {
    for (const finding of migration.findings) output.err(`${findingText(finding)}\n`);
    return 1;
  }
  for (const { kind, from, to } of migration.renamings) {
    const mend = kind === "IPAddressPool" ? "; change it in annotations of Services too" : "";
    output.err(`${kind} "${from}" is named "${to}" now${mend}\n`);
  }
  const sources = [...(values["from-cluster"] ? [clusterWord] : []), ...values.against];
  const proof = await prove(migration, configMap, { sources, options, env });
  output.err(proof.text);
  if (proof.hasLoss) return 3;
  if (values.output === undefined) output.out(migration.text);
  else await writeFile(values.output, migration.text);
  return 0;
}

function optionsOf(values: Values): InputOptions {
  return {
    bgpType: (values.mode ?? "native") as InputOptions["bgpType"],
    namespace: values.namespace ?? "metallb-system",
    kubeconfig: values.kubeconfig,
    context: values.context,
  };
}

/** The one with a document; of several that of MetalLB's namespace. Throws UnreadableError. */
function findConfigMap(objects: readonly KubeObject[], namespace: string): ConfigMap {
  const found = objects.filter((one): one is ConfigMap => {
    return one.kind === "ConfigMap" && Boolean((one as ConfigMap).data?.["config"]);
  });
  const own = found.filter(({ metadata }) => (metadata.namespace ?? namespace) === namespace);
  const [only, ...more] = own.length > 0 ? own : found;
  if (only === undefined) throw new UnreadableError('there is no ConfigMap with the key "config"');
  if (more.length > 0) throw new UnreadableError("there is more than one ConfigMap: give one file");
  return only;
}

function titleOf({ metadata }: ConfigMap): { name: string; namespace: string } {
  return { name: metadata.name, namespace: metadata.namespace ?? "metallb-system" };
}

interface Proof {
  readonly text: string;
  readonly hasLoss: boolean;
}

interface ProofSources {
  /** Paths, or the word for the cluster. */
  readonly sources: readonly string[];
  readonly options: InputOptions;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs what decides with the ConfigMap and with the resources, and compares. */
async function prove(
  migration: Migration & { readonly ok: true },
  configMap: ConfigMap,
  { sources, options, env }: ProofSources,
): Promise<Proof> {
  if (sources.length === 0) {
    const text = "no Services were given: --against PATH|cluster shows what they would notice\n";
    return { text, hasLoss: false };
  }
  const { view } = await readPlanInput(sources, options, env);
  const now = { ...view, configMap };
  const before = planCluster(now, options);
  const refused = before.findings.find(isError);
  if (refused !== undefined) {
    return { text: `nothing can be shown: ${findingText(refused)}\n`, hasLoss: false };
  }
  const namespace = titleOf(configMap).namespace;
  const resources = viewCluster(migration.objects, { namespace }).view;
  const next = changeView(now, before, resources, { isPartial: true });
  const after = planCluster({ ...next, configMap: undefined }, options);
  return proofOf(comparePlans(before, after), after);
}

function proofOf(changes: readonly PlanChange[], after: Plan): Proof {
  const lines = [
    ...after.findings.filter(isError).map(findingText),
    ...changes.map(({ service, kind, from, to }) => {
      return `${service}: ${kind}: ${from ?? "none"} -> ${to ?? "none"}`;
    }),
  ];
  const hasLoss = changes.some(({ isLoss }) => isLoss);
  const services = Object.keys(after.services).length;
  if (hasLoss) lines.push("nothing is written: Services would lose something");
  else lines.push(`no Service loses its address or its announcement (looked at ${services})`);
  return { text: lines.map((line) => `${line}\n`).join(""), hasLoss };
}
