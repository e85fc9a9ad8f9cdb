/** The offline check of configuration files. */
export { lintDocuments, lintManifests, type LintOptions } from "./lint-documents.ts";
export type { LintFinding, LintReport } from "./lint-finding.ts";
export type { Manifest, ManifestFile, Position } from "./manifest.ts";
export { readManifests, type ReadManifests } from "./read-manifests.ts";
export { reportJson } from "./report-json.ts";
export { asStored, withoutValues } from "./resource-set-of.ts";
export { reportSarif } from "./report-sarif.ts";
export { reportText, type Paint } from "./report-text.ts";
