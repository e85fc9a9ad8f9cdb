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
  const lines = findings.flatMap((one) => [
    ...findingLines(one, texts.get(one.file ?? ""), paint),
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

function findingLines(finding: LintFinding, text: string | undefined, paint: Paint): string[] {
  const { code, severity, object, path, message, fix, file, line, column = 1 } = finding;
  const place = [file, line, line && column].filter((part) => part !== undefined).join(":");
  const colour = severity === "error" ? "red" : "yellow";
  const where = [object, path].filter((part) => part !== "").join(" ");
  const head = `${paint(colour, `${severity} ${code}`)}: ${printable(message)}`;
  const source = line === undefined ? undefined : text?.split(/\r?\n/)[line - 1];
  // LOG-3: a line that may hold a password is not shown; where the text is torn, any line may.
  const isHidden = source === undefined || holdsSecret.test(path === "" ? (text ?? "") : source);
  return [
    `${paint("bold", `${printable(place)}:`)} ${head}`,
    ...(isHidden ? [] : sourceLines(source, { line: line ?? 1, column }, paint)),
    ...(where === "" ? [] : [`  in ${printable(where)}`]),
    `  ${paint("cyan", "fix:")} ${printable(fix)}`,
  ];
}

const maxShown = 160;

const holdsSecret = /pass|secret/i;

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
