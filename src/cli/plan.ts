/** `metallb plan`: which address each Service would have, who would announce it, and what a change would cost. */
import { isError } from "../config/index.ts";
import {
  changeView,
  comparePlans,
  planCluster,
  type Plan,
  type PlanChange,
} from "../plan/index.ts";
import { misused, parseCommandLine, type CliValues } from "./command-line.ts";
import { clusterFlags, planFlags, planOptions } from "./plan-flags.ts";
import { processOutput, type Output } from "./output.ts";
import { clusterWord, readPlanInput, withInputFindings } from "./plan-input.ts";
import { planJson } from "./plan-json.ts";
import { planText } from "./plan-text.ts";
import { UnreadableError } from "./read-files.ts";

const orders = ["name", "creation", "file"] as const;

const verb = {
  synopsis: "plan -f PATH... [--against PATH|cluster] [flags]",
  about: `Says which address each Service of type LoadBalancer would have after a restart of MetalLB, and
which node or BGP peer would see it, from Services, Nodes, EndpointSlices, Namespaces, Secrets and
configuration. Nothing is written. PATH is a file, a folder, - or the word cluster.
With --against, says what would change from there to here: what -f brings replaces what was
there kind by kind, and Services keep the addresses that they hold.
Exit status 0: nothing is lost; 1: the configuration has errors; 2: something cannot be read;
3: a Service would lose or change its address, or lose its announcing node or a BGP peer.`,
  flags: {
    file: {
      type: "string",
      short: "f",
      multiple: true,
      value: "PATH",
      help: "file, folder, - or cluster; may be repeated",
    },
    against: { type: "string", value: "PATH|cluster", help: "what to compare with" },
    order: {
      type: "string",
      choices: orders,
      help: "who asks for an address first; name unless given",
    },
    output: { type: "string", short: "o", choices: ["text", "json"], help: "form of the answer" },
    ...planFlags,
    ...clusterFlags,
  },
} as const;

type Flags = CliValues<typeof verb.flags>;

/** Returns the exit status. */
export async function runPlan(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  output: Output = processOutput(env),
): Promise<number> {
  const parsed = parseCommandLine(verb, argv);
  const wrong = parsed.ok ? findMisuse(parsed.values, parsed.words) : undefined;
  const answer = wrong === undefined ? parsed : misused(verb, wrong);
  if (!answer.ok) {
    (answer.exitCode === 0 ? output.out : output.err)(answer.text);
    return answer.exitCode;
  }
  try {
    const outcome = await work(answer.values, env);
    print(outcome, answer.values, output);
    return exitStatus(outcome);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    output.err(`metallb plan: ${error.message}\n`);
    return 2;
  }
}

interface Outcome {
  readonly plan: Plan;
  /** Undefined without `--against`. */
  readonly changes: readonly PlanChange[] | undefined;
}

function findMisuse({ file }: Flags, words: readonly string[]): string | undefined {
  if (words.length > 0) return `${JSON.stringify(words[0])} is no flag: name paths with -f`;
  return file.length === 0 ? "what to plan is missing: give -f PATH or -f cluster" : undefined;
}

async function work(flags: Flags, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const order = orders.find((known) => known === flags.order) ?? "name";
  const options = { ...(await planOptions(flags)), order };
  const given = await readPlanInput(flags.file, options, env);
  if (flags.against === undefined) {
    return { plan: withInputFindings(planCluster(given.view, options), given), changes: undefined };
  }
  const before = await readPlanInput([flags.against], options, env);
  const old = planCluster(before.view, options);
  const isPartial = flags.against === clusterWord;
  const view = changeView(before.view, old, given.view, { isPartial });
  const plan = withInputFindings(planCluster(view, options), given);
  return { plan, changes: comparePlans(old, plan) };
}

function print({ plan, changes }: Outcome, { output: form }: Flags, output: Output): void {
  if (form !== "json") return output.out(planText(plan, changes, output));
  for (const piece of planJson(plan, changes)) output.out(piece);
  return undefined;
}

function exitStatus({ plan, changes }: Outcome): number {
  if (plan.findings.some(isError)) return 1;
  return changes?.some(({ isLoss }) => isLoss) ? 3 : 0;
}
