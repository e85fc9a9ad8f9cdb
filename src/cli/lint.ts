/** `metallb lint PATH...`: says what is wrong with configuration files before a cluster does. */
import { parseArgs } from "node:util";
import packageJson from "../../package.json" with { type: "json" };
import {
  lintDocuments,
  reportJson,
  reportSarif,
  reportText,
  type LintOptions,
} from "../lint/index.ts";
import { painter, processOutput, type Output } from "./output.ts";
import { readFiles, UnreadableError } from "./read-files.ts";

const usage = `usage: metallb lint PATH... [flags]

Checks files, folders (*.yaml, *.yml, *.json) or standard input (-): custom resources, the
ConfigMap of older releases, rendered charts. Exit status 0: clean, warnings apart; 1: errors;
2: something cannot be read.

  -o, --output FORMAT       text (default), json or sarif
  --mode MODE               native (default), frr or frr-k8s: whose limits apply to BGP
  --namespace NAMESPACE     MetalLB's own; metallb-system unless given
  --legacy-version VERSION  0.9.5: judge a ConfigMap as this release does; else as the last one
`;

const modes = ["native", "frr", "frr-k8s"] as const;
const formats = ["text", "json", "sarif"] as const;

interface LintCommand extends LintOptions {
  readonly paths: readonly string[];
  readonly format: (typeof formats)[number];
}

/** Returns the exit status. */
export async function runLint(
  argv: string[],
  env: NodeJS.ProcessEnv,
  output: Output = processOutput(env),
): Promise<number> {
  const command = parseCommand(argv);
  if (command === "help") {
    output.out(usage);
    return 0;
  }
  if (typeof command === "string") {
    output.err(`metallb lint: ${command}\n\n${usage}`);
    return 2;
  }
  try {
    const files = await readFiles(command.paths);
    const report = lintDocuments(files, command);
    if (command.format === "json") output.out(reportJson(report));
    else if (command.format === "sarif") output.out(reportSarif(report, packageJson.version));
    else output.out(reportText(report, files, painter(output)));
    return report.valid ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    output.err(`metallb lint: ${error.message}\n`);
    return 2;
  }
}

const options = {
  output: { type: "string", short: "o", default: "text" },
  mode: { type: "string", default: "native" },
  namespace: { type: "string", short: "n", default: "metallb-system" },
  "legacy-version": { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** The command, or what is wrong with it. */
function parseCommand(argv: string[]): LintCommand | string {
  const parsed = parseWords(argv);
  if (typeof parsed === "string") return parsed;
  const { values, positionals: paths } = parsed;
  if (values.help) return "help";
  const mode = modes.find((one) => one === values.mode);
  const format = formats.find((one) => one === values.output);
  const legacyVersion = values["legacy-version"];
  if (mode === undefined) return `--mode ${values.mode}: use ${modes.join(", ")}`;
  if (format === undefined) return `-o ${values.output}: use ${formats.join(", ")}`;
  if (legacyVersion !== undefined && legacyVersion !== "0.9.5") {
    return `--legacy-version ${legacyVersion}: only 0.9.5 is known`;
  }
  if (paths.length === 0) return "give at least one file or folder, or - for standard input";
  return { paths, format, bgpType: mode, namespace: values.namespace, legacyVersion };
}

function parseWords(argv: string[]) {
  try {
    return parseArgs({ args: argv, options, allowPositionals: true });
  } catch (error) {
    return (error as Error).message;
  }
}
