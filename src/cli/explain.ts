/** `metallb explain service NAMESPACE/NAME`: why it has this address, or none, and why nodes announce it or do not. */
import { formatJson, type KubeObject } from "../kube/index.ts";
import { explainService } from "../plan/index.ts";
import { misused, parseCommandLine, type CliValues } from "./command-line.ts";
import { explainText, type Told } from "./explain-text.ts";
import { processOutput, type Output } from "./output.ts";
import { clusterFlags, planFlags, planOptions } from "./plan-flags.ts";
import { clusterWord, readPlanInput, withInputFindings } from "./plan-input.ts";
import { findingRow } from "./plan-json.ts";
import type { ClusterPlace } from "./read-cluster.ts";
import { UnreadableError } from "./read-files.ts";
import { readMoves } from "./read-moves.ts";
import { readWire } from "./read-wire.ts";

const verb = {
  synopsis: "explain service NAMESPACE/NAME [-f PATH...] [flags]",
  about: `Says why the Service has its address, or none: what it asks for, what each pool answers, with
whom it shares; of every node why it announces the address or does not; and in a cluster what other
speakers see of the address on the wire, and when and why it moved from one node to another.
Reads the cluster unless -f names files. Exit status 0; 2: something cannot be read, or there is
no such Service.`,
  flags: {
    file: {
      type: "string",
      short: "f",
      multiple: true,
      value: "PATH",
      help: "file, folder, - or cluster; may be repeated",
    },
    output: { type: "string", short: "o", choices: ["text", "json"], help: "form of the answer" },
    ...planFlags,
    ...clusterFlags,
  },
} as const;

/** Returns the exit status. */
export async function runExplain(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  output: Output = processOutput(env),
): Promise<number> {
  const parsed = parseCommandLine(verb, argv);
  const key = parsed.ok ? keyOf(parsed.words) : undefined;
  const isMisused = parsed.ok && key === undefined;
  const answer = isMisused ? misused(verb, "name what to explain: service NAMESPACE/NAME") : parsed;
  if (!answer.ok) {
    (answer.exitCode === 0 ? output.out : output.err)(answer.text);
    return answer.exitCode;
  }
  try {
    return await explain(key ?? "", { flags: answer.values, env, output });
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    output.err(`metallb explain: ${error.message}\n`);
    return 2;
  }
}

/** `service NAME` means the default namespace, as in kubectl. */
function keyOf(words: readonly string[]): string | undefined {
  const [kind, name, ...rest] = words;
  const isService = kind === "service" || kind === "svc" || kind === "services";
  if (!isService || name === undefined || name === "" || rest.length > 0) return undefined;
  return name.includes("/") ? name : `default/${name}`;
}

interface Question {
  readonly flags: CliValues<typeof verb.flags>;
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
}

async function explain(key: string, { flags, env, output }: Question): Promise<number> {
  const options = await planOptions(flags);
  const sources = flags.file.length > 0 ? flags.file : [clusterWord];
  const input = await readPlanInput(sources, options, env);
  const found = explainService(input.view, key, options);
  if (found === undefined) {
    const [namespace] = key.split("/");
    const beside = [...input.view.services.keys()].filter((one) => one.startsWith(`${namespace}/`));
    const known = beside.slice(0, 10).join(", ") || `none in namespace ${namespace}`;
    output.err(`metallb explain: there is no Service ${key} (there are: ${known})\n`);
    return 2;
  }
  const { findings } = withInputFindings({ services: {}, findings: found.findings }, input);
  const service = input.view.services.get(key);
  const isAsked = sources.includes(clusterWord) && service !== undefined;
  const told = isAsked ? await readTold(service, options, env) : undefined;
  if (flags.output === "json") {
    const moves = told !== undefined && "moves" in told.moves ? told.moves.moves : null;
    const wire = told !== undefined && "conditions" in told.wire ? told.wire : null;
    output.out(`${formatJson({ ...found, wire, moves, findings: findings.map(findingRow) })}\n`);
  } else output.out(explainText({ ...found, findings }, told, output));
  return 0;
}

async function readTold(
  service: KubeObject,
  place: ClusterPlace,
  env: NodeJS.ProcessEnv,
): Promise<Told> {
  const wire = await readWire(service, place, env);
  return { wire, moves: await readMoves(service, place, env) };
}
