/** Command lines in the dialect of Go's flag package, so that existing manifests work unchanged (LC-40, INS-3). */

export interface FlagSpec {
  readonly kind: "string" | "int" | "port" | "bool";
  readonly default: string | number | boolean;
  readonly usage: string;
  /** Read when the flag is absent from the command line (FL-1). */
  readonly env?: string;
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

type ValueOf<Spec extends FlagSpec> = Spec["kind"] extends "bool"
  ? boolean
  : Spec["kind"] extends "string"
    ? string
    : number;

export type FlagValues<Specs extends FlagSpecs> = {
  readonly [Name in keyof Specs]: ValueOf<Specs[Name]>;
};

export type FlagResult<Specs extends FlagSpecs> =
  | {
      readonly ok: true;
      readonly values: FlagValues<Specs>;
      /** The flags that stood on the command line. */
      readonly given: ReadonlySet<string>;
    }
  /** Print `text` (status 0: on standard output, else on standard error) and exit. */
  | { readonly ok: false; readonly exitCode: 0 | 1 | 2; readonly text: string };

/** Ends the parsing: the user asked for the usage, or needs it; status 1: the environment is wrong, not the words. */
class UsageNeeded extends Error {
  readonly exitCode: 0 | 1 | 2;

  constructor(exitCode: 0 | 1 | 2, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

type Value = string | number | boolean;

/**
 * Parses `argv` (without program name). One or two dashes, `=value` or the next word; a boolean takes a value only
 * after `=`; `--` or the first word without a dash ends the flags.
 */
export function parseGoFlags<Specs extends FlagSpecs>(
  program: string,
  specs: Specs,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): FlagResult<Specs> {
  try {
    const given = fromWords(specs, argv);
    const rest = Object.entries(specs)
      .filter(([name]) => !given.has(name))
      .map(([name, spec]) => [name, fromEnvironment(spec, env)] as const);
    const values = Object.fromEntries([...given, ...rest]) as FlagValues<Specs>;
    return { ok: true, values, given: new Set(given.keys()) };
  } catch (error) {
    if (!(error instanceof UsageNeeded)) throw error;
    const text = `${error.message}${error.exitCode === 1 ? "" : usage(program, specs)}`;
    return { ok: false, exitCode: error.exitCode, text };
  }
}

function fromWords(specs: FlagSpecs, argv: readonly string[]): Map<string, Value> {
  const given = new Map<string, Value>();
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--" || word === "-" || !word.startsWith("-")) break;
    const parts = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(word);
    if (parts === null)
      throw new UsageNeeded(2, `bad flag syntax: ${word.replace(/=.*/s, "=...")}\n`);
    const [, name = "", attached] = parts;
    const spec = findSpec(specs, name);
    const text = attached ?? (spec.kind === "bool" ? "true" : words.shift());
    if (text === undefined) throw new UsageNeeded(2, `flag needs an argument: -${name}\n`);
    given.set(name, convert(spec, text, `flag -${name}`));
  }
  return given;
}

function findSpec(specs: FlagSpecs, name: string): FlagSpec {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec !== undefined) return spec;
  if (name === "h" || name === "help") throw new UsageNeeded(0, "");
  throw new UsageNeeded(2, `flag provided but not defined: -${name}\n`);
}

function fromEnvironment(spec: FlagSpec, env: Readonly<Record<string, string | undefined>>): Value {
  const text = spec.env === undefined ? undefined : env[spec.env];
  if (!text) return spec.default;
  return read(spec.kind, text) ?? refuse(1, spec, { text, where: `variable ${spec.env}` });
}

const trueWords = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const falseWords = new Set(["0", "f", "F", "false", "FALSE", "False"]);

const wanted = {
  string: "a text",
  int: "a whole number",
  port: "a port number, 0 to 65535",
  bool: "true or false",
} as const;

/** The value that `text` means. */
function convert(spec: FlagSpec, text: string, where: string): Value {
  return read(spec.kind, text) ?? refuse(2, spec, { text, where });
}

/** `where` names the flag or variable whose text means nothing (FL-2). */
function refuse(exitCode: 1 | 2, spec: FlagSpec, at: { text: string; where: string }): never {
  const value = JSON.stringify(at.text);
  const message = `invalid value ${value} for ${at.where}: it must be ${wanted[spec.kind]}\n`;
  throw new UsageNeeded(exitCode, message);
}

function read(kind: FlagSpec["kind"], text: string): Value | undefined {
  if (kind === "string") return text;
  if (kind === "bool") return trueWords.has(text) || (falseWords.has(text) ? false : undefined);
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const number = Number(text);
  return kind === "port" && (number < 0 || number > 65535) ? undefined : number;
}

function usage(program: string, specs: FlagSpecs): string {
  const lines = Object.entries(specs)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, spec]) => {
      const kind = spec.kind === "bool" ? "" : ` ${spec.kind === "port" ? "int" : spec.kind}`;
      const hasDefault = spec.default !== "" && spec.default !== false;
      const shown = hasDefault ? ` (default ${JSON.stringify(spec.default)})` : "";
      const env = spec.env === undefined ? "" : ` [$${spec.env}]`;
      return `  -${name}${kind}\n    \t${spec.usage}${shown}${env}`;
    });
  return `Usage of ${program}:\n${lines.join("\n")}\n`;
}
