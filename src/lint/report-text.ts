/** The report for people, in the form of compilers: place, what is wrong, the line, the mend. */
import { isError } from "../config/index.ts";
import type { LintFinding, LintReport } from "./lint-finding.ts";
import type { ManifestFile, Position } from "./manifest.ts";

/** Wraps text in the codes of a terminal, or leaves it as it is. */
export type Paint = (style: "bold" | "red" | "yellow" | "cyan", text: string) => string;

/** All findings and one line that sums them up. */
export function reportText(
  { findings }: LintReport,
  files: readonly ManifestFile[],
  paint: Paint,
): string {
  const texts = new Map(files.map(({ name, text }) => [name, text]));
  const shown = new Map<string, ShownText>();
  const shownOf = (file: string): ShownText => {
    const one = shown.get(file) ?? shownText(texts.get(file) ?? "");
    shown.set(file, one);
    return one;
  };
  const lines = findings.flatMap((one) => [
    ...findingLines(one, shownOf(one.file ?? ""), paint),
    "",
  ]);
  return `${[...lines, summary(findings, files.length)].join("\n")}\n`;
}

function summary(findings: readonly LintFinding[], files: number): string {
  const errors = findings.filter(isError).length;
  const counts = [counted(errors, "error"), counted(findings.length - errors, "warning")];
  return `${counts.join(", ")} in ${counted(files, "file")}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function findingLines(finding: LintFinding, shown: ShownText, paint: Paint): string[] {
  const { code, severity, object, path, message, fix, file, line, column = 1 } = finding;
  const place = [file, line, line && column].filter((part) => part !== undefined).join(":");
  const colour = severity === "error" ? "red" : "yellow";
  const where = [object, path].filter((part) => part !== "").join(" ");
  const head = `${paint(colour, `${severity} ${code}`)}: ${printable(message)}`;
  const source = line === undefined ? undefined : shown.lines[line - 1];
  // Where the text is torn, any line may hold the password.
  const isSecret = path === "" ? shown.hasSecret : secretField.test(path);
  const isHidden = source === undefined || source.mayHoldSecret || isSecret;
  return [
    `${paint("bold", `${printable(place)}:`)} ${head}`,
    ...(isHidden ? [] : sourceLines(source.text, { line: line ?? 1, column }, paint)),
    ...(where === "" ? [] : [`  in ${printable(where)}`]),
    `  ${paint("cyan", "fix:")} ${printable(fix)}`,
  ];
}

interface ShownText {
  readonly lines: readonly {
    readonly text: string;
    /** LOG-3: it is not shown then. */
    readonly mayHoldSecret: boolean;
  }[];
  readonly hasSecret: boolean;
}

const secretWord = /pass|secret/i;
const secretField = /pass[^.]*$/i;

/** `key: ...` or `- key: ...`, also in quotes. */
const beginsWithKey = /^[\s-]*(?:"[^"]*"|'[^']*'|[^\s"'{}[\],:#]+)\s*:(?:\s|$)/;

/**
 * A password may stand below its key, so what follows a line with that word counts as well, up to
 * the next key. Of many findings in one file each needs its line: the file is cut up once.
 */
function shownText(text: string): ShownText {
  let isAfterSecret = false;
  const lines = text.split(/\r?\n/).map((line) => {
    isAfterSecret = secretWord.test(line) || (isAfterSecret && !beginsWithKey.test(line));
    return { text: line, mayHoldSecret: isAfterSecret };
  });
  return { lines, hasSecret: secretWord.test(text) };
}

const maxShown = 160;

/** The line with a caret under the value. */
function sourceLines(source: string, { line, column }: Position, paint: Paint): string[] {
  const shown = printable(source.slice(0, maxShown).replaceAll("\t", " "));
  const before = printable(source.slice(0, column - 1).replaceAll("\t", " ")).length;
  const gutter = `  ${line} | `;
  if (column > maxShown) return [gutter + shown];
  return [gutter + shown, " ".repeat(gutter.length + before) + paint("red", "^")];
}

/** Characters that would act on a terminal, or turn the direction of the text, by their number. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (one) => {
    return `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
