/** Judges the legacy ConfigMap: as 0.9.5 reads it, or as the last release that had one. */
import { compileConfigMap, type Finding } from "../config/index.ts";
import { isRecord } from "../schema/index.ts";
import { placed, type LintFinding } from "./lint-finding.ts";
import { metadataOf, objectTitle, type Manifest } from "./manifest.ts";

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

/** LC-1: the API server takes text alone; without the `|` the document becomes something else. */
export function textlessFindings(manifest: Manifest, namespace: string): readonly LintFinding[] {
  const { data } = manifest.object;
  const document = isRecord(data) ? (data["config"] ?? "") : "";
  const hasNoData = data === undefined || data === null || isRecord(data);
  if (hasNoData && typeof document === "string") return [];
  const path = hasNoData ? documentPath : "data";
  const finding: Finding = {
    code: "LC-1",
    severity: "error",
    object: objectTitle(manifest, namespace),
    path,
    message: hasNoData ? "the document is not text" : "the data is not a mapping of keys to texts",
    fix: "write `config: |` below `data:`, and indent the document below that",
  };
  return [placed(finding, manifest.file, manifest.positionOf(path))];
}

/** Fine for 0.12, but not for every release that reads a ConfigMap. */
function asHint(finding: Finding): Finding {
  const message = `${finding.message} (0.9.5 refuses it)`;
  return { ...finding, severity: "warning", message };
}
