/** A finding with the file that it is about. */
import { isError, type Finding } from "../config/index.ts";
import type { Position } from "./manifest.ts";

/** `line` and `column` count in that file. */
export interface LintFinding extends Finding {
  readonly file?: string;
}

/** What was found, and whether it could be applied all the same. */
export interface LintReport {
  /** No finding is an error. */
  readonly valid: boolean;
  readonly findings: readonly LintFinding[];
}

export function reportOf(findings: readonly LintFinding[]): LintReport {
  return { valid: !findings.some(isError), findings };
}

/** Puts a finding where it belongs, and keeps secrets out of it (LOG-3). */
export function placed(finding: Finding, file: string, position: Position): LintFinding {
  const { value, ...rest } = finding;
  const isSecret = /pass[^.]*$/i.test(finding.path) || value === undefined;
  return { ...rest, ...(!isSecret && { value }), file, ...position };
}
