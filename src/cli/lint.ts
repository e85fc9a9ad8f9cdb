/** `metallb lint PATH...`: says what is wrong with configuration files before a cluster does. */
import packageJson from "../../package.json" with { type: "json" };
import {
  lintDocuments,
  reportJson,
  reportSarif,
  reportText,
  type LintReport,
  type ManifestFile,
} from "../lint/index.ts";
import { misused, parseCommandLine, type CliValues } from "./command-line.ts";
import { painter, processOutput, type Output } from "./output.ts";
import { readFiles, UnreadableError } from "./read-files.ts";

const verb = {
  synopsis: "lint PATH... [flags]",
  about: `Checks files, folders (.yaml, .yml, .json) or standard input (-): custom resources, the ConfigMap of
older releases, rendered charts. Exit status 0: clean, warnings apart; 1: errors; 2: cannot read.`,
  flags: {
    output: {
      type: "string",
      short: "o",
      choices: ["text", "json", "sarif"],
      help: "how to say it; text unless given",
    },
    mode: {
      type: "string",
      choices: ["native", "frr", "frr-k8s"],
      help: "whose limits apply to BGP; native unless given",
    },
    namespace: {
      type: "string",
      short: "n",
      value: "NAME",
      help: "MetalLB's own; metallb-system unless given",
    },
    "legacy-version": {
      type: "string",
      choices: ["0.9.5"],
      help: "judge a ConfigMap as this release does, not as the last that had one",
    },
  },
} as const;

/** Returns the exit status. */
export async function runLint(
  argv: string[],
  env: NodeJS.ProcessEnv,
  output: Output = processOutput(env),
): Promise<number> {
  const line = parseCommandLine(verb, argv);
  if (!line.ok) return refuse(line, output);
  if (line.words.length === 0) return refuse(misused(verb, "no file or folder is given"), output);
  try {
    const files = await readFiles(line.words);
    const report = lintFiles(files, line.values);
    output.out(reportIn(line.values.output, report, files, output));
    return report.valid ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    output.err(`metallb lint: ${error.message}\n`);
    return 2;
  }
}

type Values = CliValues<typeof verb.flags>;

function lintFiles(files: readonly ManifestFile[], values: Values): LintReport {
  return lintDocuments(files, {
    bgpType: values.mode ?? "native",
    namespace: values.namespace ?? "metallb-system",
    legacyVersion: values["legacy-version"] === undefined ? undefined : "0.9.5",
  });
}

function reportIn(
  format: string | undefined,
  report: LintReport,
  files: readonly ManifestFile[],
  output: Output,
): string {
  if (format === "json") return reportJson(report);
  if (format === "sarif") return reportSarif(report, packageJson.version);
  return reportText(report, files, painter(output));
}

function refuse(line: { readonly exitCode: 0 | 2; readonly text: string }, output: Output): number {
  if (line.exitCode === 0) output.out(line.text);
  else output.err(line.text);
  return line.exitCode;
}
