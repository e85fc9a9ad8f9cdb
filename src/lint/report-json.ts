/** The report for scripts: one JSON object. */
import { formatJson } from "../kube/index.ts";
import type { LintReport } from "./lint-finding.ts";

/** Every finding has every key; what does not apply is null. */
export function reportJson({ valid, findings }: LintReport): string {
  const rows = findings.map((one) => ({
    code: one.code,
    severity: one.severity,
    object: one.object,
    path: one.path,
    value: one.value ?? null,
    message: one.message,
    fix: one.fix,
    file: one.file ?? null,
    line: one.line ?? null,
    column: one.column ?? null,
  }));
  return `${formatJson({ valid, findings: rows })}\n`;
}
