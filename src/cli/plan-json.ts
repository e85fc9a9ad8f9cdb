/** The plan for scripts, in pieces: with many services and nodes the whole is longer than a string may be. */
import { formatJson } from "../kube/index.ts";
import type { Plan, PlanChange, PlanFinding } from "../plan/index.ts";

/** One JSON object: `services`, `findings`, and `changes` where two plans were compared. */
export function* planJson(
  { services, findings }: Plan,
  changes: readonly PlanChange[] | undefined,
): Iterable<string> {
  yield '{"services": {';
  let separator = "\n";
  for (const [key, service] of Object.entries(services)) {
    yield `${separator}${JSON.stringify(key)}: ${JSON.stringify(service)}`;
    separator = ",\n";
  }
  yield `\n},\n"findings": ${formatJson(findings.map(findingRow))}`;
  if (changes !== undefined) yield `,\n"changes": ${JSON.stringify(changes)}`;
  yield "}\n";
}

/** Every finding has every key; what does not apply is null. */
export function findingRow(finding: PlanFinding) {
  const { code, severity, object, path, message, fix } = finding;
  const { value = null, file = null, line = null, column = null } = finding;
  return { code, severity, object, path, value, message, fix, file, line, column };
}
