/** The command line of a verb: flags in kubectl's style, words between them, and a usage made of the same table. */
import { parseArgs, stripVTControlCharacters } from "node:util";

export interface CliFlag {
  readonly type: "string" | "boolean";
  /** One letter, as in `-f`. */
  readonly short?: string;
  /** May be given more than once. */
  readonly multiple?: true;
  /** What the value stands for in the usage, such as `FILE`. */
  readonly value?: string;
  readonly help: string;
  /** The words that the value must be one of. */
  readonly choices?: readonly string[];
}

export type CliFlags = Readonly<Record<string, CliFlag>>;

export interface CliVerb<Flags extends CliFlags> {
  /** `plan -f PATH [flags]` */
  readonly synopsis: string;
  /** What it does and what its exit statuses mean, in whole lines. */
  readonly about: string;
  readonly flags: Flags;
  /** Present where it takes no words: what to do instead of giving one. */
  readonly insteadOfWords?: string;
}

type ValueOf<Flag extends CliFlag> = Flag["type"] extends "boolean"
  ? boolean
  : Flag["multiple"] extends true
    ? readonly string[]
    : string | undefined;

export type CliValues<Flags extends CliFlags> = {
  readonly [Name in keyof Flags]: ValueOf<Flags[Name]>;
};

export type CommandLine<Flags extends CliFlags> =
  | { readonly ok: true; readonly values: CliValues<Flags>; readonly words: readonly string[] }
  /** Print `text` (status 0: on standard output, 2: on standard error) and exit. */
  | { readonly ok: false; readonly exitCode: 0 | 2; readonly text: string };

/** Parses the words after the verb. Absent flags are undefined, `false` or an empty list. */
export function parseCommandLine<Flags extends CliFlags>(
  verb: CliVerb<Flags>,
  argv: readonly string[],
): CommandLine<Flags> {
  const options = Object.fromEntries(
    Object.entries({ ...verb.flags, help: helpFlag }).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short !== undefined && { short }), ...(multiple && { multiple }) },
    ]),
  );
  try {
    const args = [...argv];
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (values["help"] === true) return { ok: false, exitCode: 0, text: usageOf(verb) };
    const bad = findBadChoice(verb.flags, values);
    if (bad !== undefined) return misused(verb, bad);
    const [stray] = positionals;
    if (stray !== undefined && verb.insteadOfWords !== undefined) {
      return misused(verb, `${JSON.stringify(stray)}: ${verb.insteadOfWords}`);
    }
    const complete = Object.fromEntries(
      Object.entries(verb.flags).map(([name, flag]) => [name, values[name] ?? absent(flag)]),
    ) as CliValues<Flags>;
    return { ok: true, values: complete, words: positionals };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return misused(verb, error.message);
  }
}

/** The answer to a command line that means nothing. */
export function misused<Flags extends CliFlags>(
  verb: CliVerb<Flags>,
  problem: string,
): { readonly ok: false; readonly exitCode: 2; readonly text: string } {
  const name = verb.synopsis.split(" ")[0];
  const said = stripVTControlCharacters(problem);
  const text = `metallb ${name}: ${said}\n\nusage: metallb ${verb.synopsis}\n'metallb ${name} -h' lists all flags.\n`;
  return { ok: false, exitCode: 2, text };
}

const helpFlag: CliFlag = { type: "boolean", short: "h", help: "print this" };

function absent({ type, multiple }: CliFlag): unknown {
  if (type === "boolean") return false;
  return multiple ? [] : undefined;
}

function findBadChoice(
  flags: CliFlags,
  values: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const [name, { choices }] of Object.entries(flags)) {
    const value = values[name];
    if (choices === undefined || typeof value !== "string" || choices.includes(value)) continue;
    return `--${name} ${JSON.stringify(value)}: it must be one of ${choices.join(", ")}`;
  }
  return undefined;
}

function usageOf(verb: CliVerb<CliFlags>): string {
  const rows = Object.entries({ ...verb.flags, help: helpFlag }).map(([name, flag]) => {
    const { short, value = "TEXT", type, choices, help } = flag;
    const letter = short === undefined ? "    " : `-${short}, `;
    const word = type === "boolean" ? "" : ` ${choices?.join("|") ?? value}`;
    return [`  ${letter}--${name}${word}`, help] as const;
  });
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)));
  const lines = rows.map(([left, help]) =>
    left.length > width
      ? `${left}\n${"".padEnd(width)}  ${help}`
      : `${left.padEnd(width)}  ${help}`,
  );
  return `usage: metallb ${verb.synopsis}\n\n${verb.about}\n\n${lines.join("\n")}\n`;
}
