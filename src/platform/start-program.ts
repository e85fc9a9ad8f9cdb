/** How both programs begin: command line, log level, the first log line, and what an end with an error looks like. */

import { buildInfo } from "./build-stamp.ts";
import type { FlagResult, FlagSpecs, FlagValues } from "./go-flags.ts";
import { createLogger, logLevels, type Logger } from "./logger.ts";
import { modernOnly } from "./modern-flags.ts";
import { processOutput, type Output } from "./process.ts";

/** Whose flags, exit codes, log lines and pages: those of v0.9.5, whose manifests give `--config`, or of v0.16. */
export type ProcessInterface = "legacy" | "modern";

export interface ProgramStart<Specs extends FlagSpecs> {
  readonly name: "controller" | "speaker";
  readonly parsed: FlagResult<Specs>;
  /** Flags that are understood, but have no effect in the interface of v0.9.5. */
  readonly withoutEffect: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output?: Output;
  /** Runs until the end; what it throws has prevented the start. */
  readonly run: (
    flags: FlagValues<Specs>,
    logger: Logger,
    processInterface: ProcessInterface,
  ) => Promise<number>;
}

/** The exit status: 2 for a bad command line, 1 when the program cannot start, else what `run` says (LC-40, FL-2). */
export async function startProgram<Specs extends FlagSpecs>(
  start: ProgramStart<Specs>,
): Promise<number> {
  const { name, parsed, output = processOutput } = start;
  if (!parsed.ok) {
    (parsed.exitCode === 0 ? output.out : output.err)(parsed.text);
    return parsed.exitCode;
  }
  const wanted = parsed.values["log-level"];
  const level = logLevels.find((known) => known === wanted);
  if (level === undefined) {
    output.out(`--log-level=${wanted}: it must be one of ${logLevels.join(", ")}\n`);
    return 1;
  }
  const processInterface = parsed.given.has("config") ? "legacy" : "modern";
  const logger = createLogger({ form: processInterface, level, write: output.out });
  sayHello(start, logger);
  const idle = processInterface === "legacy" ? modernOnly(parsed.given, start.withoutEffect) : [];
  if (idle.length > 0) {
    const msg = "these flags are accepted, but have no effect beside --config";
    logger.info({ op: "startup", flags: idle, msg });
  }
  try {
    return await start.run(parsed.values, logger, processInterface);
  } catch (error) {
    logger.error({ op: "startup", error, msg: `the ${name} cannot start` });
    return 1;
  }
}

/** FL-3: the first line tells the build. */
function sayHello<Specs extends FlagSpecs>(
  { name, env }: ProgramStart<Specs>,
  logger: Logger,
): void {
  const { version, commit, branch } = buildInfo;
  const msg = `MetalLB ${name} starting version ${version} (commit ${commit}, branch ${branch})`;
  logger.info({ ...buildInfo, msg });
  if (env["METALLB_BGP_TYPE"] === "frr") {
    const advice = "METALLB_BGP_TYPE=frr is deprecated: use frr-k8s or native";
    logger.warn({ op: "startup", msg: advice });
  }
}
