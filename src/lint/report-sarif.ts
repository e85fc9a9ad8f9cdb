/** The report for code review tools: SARIF 2.1.0. */
import type { LintFinding, LintReport } from "./lint-finding.ts";

/** `version` is ours. */
export function reportSarif({ findings }: LintReport, version: string): string {
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  const run = {
    tool: {
      driver: {
        name: "metallb lint",
        version,
        rules: codes.map((id) => ({ id, shortDescription: { text: `MetalLB rule ${id}` } })),
      },
    },
    columnKind: "utf16CodeUnits",
    results: findings.map((one) => resultOf(one, codes)),
  };
  const $schema = "https://json.schemastore.org/sarif-2.1.0.json";
  return `${JSON.stringify({ $schema, version: "2.1.0", runs: [run] }, undefined, 2)}\n`;
}

function resultOf(finding: LintFinding, codes: readonly string[]) {
  const { code, severity, object, path, message, fix, file, line, column } = finding;
  const where = [object, path].filter((part) => part !== "").join(", ");
  const text = where === "" ? `${message}; ${fix}` : `${where}: ${message}; ${fix}`;
  const region = line !== undefined && { region: { startLine: line, startColumn: column ?? 1 } };
  const artifactLocation = { uri: file === undefined ? "" : uriOf(file) };
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: severity,
    message: { text },
    locations: file === undefined ? [] : [{ physicalLocation: { artifactLocation, ...region } }],
  };
}

/** A path as a URI reference (RFC 3986). */
function uriOf(file: string): string {
  return file === "-" ? "stdin" : file.split("/").map(encodeURIComponent).join("/");
}
