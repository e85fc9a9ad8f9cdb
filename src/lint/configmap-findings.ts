/** Judges the legacy ConfigMap: as 0.9.5 reads it, or as the last release that had one. */
import { compileConfigMap, type Finding } from "../config/index.ts";
import { isRecord } from "../schema/index.ts";
import { metadataOf, type Manifest } from "./manifest.ts";

/** The field of the ConfigMap that holds the document. */
export const documentPath = "data.config";

/** Path, line and column of the findings count in the document under `data.config`. */
export function configMapFindings(
  manifest: Manifest,
  namespace: string,
  legacyVersion: "0.9.5" | undefined,
): readonly Finding[] {
  const { name } = metadataOf(manifest.object);
  const text = documentOf(manifest) ?? "";
  const options = { name: `${namespace}/${name}` };
  const strict = compileConfigMap(text, options);
  if (legacyVersion === "0.9.5" || strict.ok) {
    return strict.ok ? strict.warnings : strict.findings;
  }
  const late = compileConfigMap(text, { ...options, generation: "late" });
  return late.ok ? [...strict.findings.map(asHint), ...late.warnings] : late.findings;
}

/** The document, unless there is none. */
export function documentOf({ object }: Manifest): string | undefined {
  const { data } = object;
  const text = isRecord(data) ? data["config"] : undefined;
  return typeof text === "string" ? text : undefined;
}

/** Fine for 0.12, but not for every release that reads a ConfigMap. */
function asHint(finding: Finding): Finding {
  const message = `${finding.message} (0.9.5 refuses it)`;
  return { ...finding, severity: "warning", message };
}
