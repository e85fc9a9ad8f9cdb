/** The whole check of files: what the API server, the webhooks and the programs would say of them. */
import { compileResources, type Finding } from "../config/index.ts";
import {
  configMapFindings,
  documentOf,
  documentPath,
  textlessFindings,
} from "./configmap-findings.ts";
import { placed, reportOf, type LintFinding, type LintReport } from "./lint-finding.ts";
import { metadataOf, objectTitle, type Manifest, type ManifestFile } from "./manifest.ts";
import { isOfMetalLb, objectFindings } from "./object-findings.ts";
import { readManifests, type ReadManifests } from "./read-manifests.ts";
import { serviceFindings } from "./service-findings.ts";
import { resourceSetOf } from "./resource-set-of.ts";

export interface LintOptions {
  /** As METALLB_BGP_TYPE: whose limits apply (CFG-26..29). */
  readonly bgpType: string;
  /** MetalLB's own. */
  readonly namespace: string;
  /** Judges the ConfigMap as this release; undefined: as the last one that had a ConfigMap. */
  readonly legacyVersion?: "0.9.5" | undefined;
}

/**
 * All that is wrong with the objects of the files, in the order in which it would show: text, each
 * object by itself, then all of them together. Never throws.
 */
export function lintDocuments(files: readonly ManifestFile[], options: LintOptions): LintReport {
  return lintManifests(readManifests(files), options);
}

/** The same for files that were read already. */
export function lintManifests(read: ReadManifests, options: LintOptions): LintReport {
  const { manifests, findings } = read;
  const { namespace } = options;
  const resources = manifests.filter(isOfMetalLb);
  const own = resources.filter((one) => isInside(one, namespace));
  const single = manifests.flatMap((one) => [
    ...schemaFindings(one, namespace),
    ...annotationFindings(one),
    ...foreignFindings(one, namespace),
  ]);
  const configMaps = manifests.filter((one) => isConfigMap(one, namespace));
  return reportOf([
    ...findings,
    ...single,
    ...together(single, { own, all: manifests, options }),
    ...configMaps.flatMap((one) => [
      ...textlessFindings(one, namespace),
      ...(documentOf(one) ? legacy(one, options) : []),
      ...(documentOf(one) ? bothPresent(one, own, namespace) : []),
    ]),
  ]);
}

function isInside({ object }: Manifest, namespace: string): boolean {
  return (metadataOf(object).namespace ?? namespace) === namespace;
}

function isConfigMap(manifest: Manifest, namespace: string): boolean {
  const isNamed = manifest.kind === "ConfigMap" && metadataOf(manifest.object).name === "config";
  return isNamed && isInside(manifest, namespace);
}

/** WH-3: what stands in another namespace is not read, and cannot be created. */
function foreignFindings(manifest: Manifest, namespace: string): readonly LintFinding[] {
  const isResource = isOfMetalLb(manifest);
  const mayBeMeant = documentOf(manifest)?.includes("address-pools") ?? false;
  if (isInside(manifest, namespace)) {
    const isRead = isResource || !mayBeMeant || isConfigMap(manifest, namespace);
    return isRead ? [] : [otherName(manifest, namespace)];
  }
  if (!isResource && !mayBeMeant) return [];
  const path = "metadata.namespace";
  const finding: Finding = {
    code: isResource ? "WH-3" : "LC-1",
    severity: isResource ? "error" : "warning",
    object: objectTitle(manifest, namespace),
    path,
    value: metadataOf(manifest.object).namespace,
    message: isResource ? `resource must be created in ${namespace} namespace` : "not read there",
    fix: `put it into namespace ${namespace}, or say --namespace if MetalLB runs in another one`,
  };
  return [placed(finding, manifest.file, manifest.positionOf(path))];
}

/** LC-1: charts named it after the release, and told the programs. */
function otherName(manifest: Manifest, namespace: string): LintFinding {
  const path = "metadata.name";
  const finding: Finding = {
    code: "LC-1",
    severity: "warning",
    object: objectTitle(manifest, namespace),
    path,
    value: metadataOf(manifest.object).name,
    message:
      'not read: the programs read the ConfigMap "config", unless --config names another one',
    fix: 'name it "config"; the check passes over any other',
  };
  return placed(finding, manifest.file, manifest.positionOf(path));
}

function schemaFindings(manifest: Manifest, namespace: string): readonly LintFinding[] {
  if (!isOfMetalLb(manifest)) return [];
  const findings = objectFindings(manifest, objectTitle(manifest, namespace));
  return findings.map((one) => placed(one, manifest.file, manifest.positionOf(one.path)));
}

function annotationFindings(manifest: Manifest): readonly LintFinding[] {
  const findings = serviceFindings(manifest, objectTitle(manifest, "default"));
  return findings.map((one) => placed(one, manifest.file, manifest.positionOf(one.path)));
}

interface Everything {
  /** The custom resources of MetalLB's namespace. */
  readonly own: readonly Manifest[];
  readonly all: readonly Manifest[];
  readonly options: LintOptions;
}

/** All custom resources as one configuration; `told` are the findings about single objects. */
function together(
  told: readonly LintFinding[],
  { own, all, options: { bgpType, namespace } }: Everything,
): readonly LintFinding[] {
  const homes = new Map(own.map((one) => [objectTitle(one, namespace), one]));
  const { resources, knowsSecrets } = resourceSetOf(own, all, namespace);
  const options = { bgpType, namespace, scope: "everything", knowsSecrets } as const;
  const { findings } = compileResources(resources, options);
  return withoutTold(findings, told).map((finding) => {
    const home = homes.get(finding.object);
    return home === undefined ? finding : placed(finding, home.file, home.positionOf(finding.path));
  });
}

/** One fault is told once, in the words of whoever sees it first. */
function withoutTold(findings: readonly Finding[], told: readonly Finding[]): readonly Finding[] {
  const toldPaths = Map.groupBy(told, ({ object }) => object);
  return findings.filter(({ object, path }) => {
    const isSame = (other: string) => path.startsWith(other) || other.startsWith(path || "/");
    return !toldPaths.get(object)?.some((one) => isSame(one.path));
  });
}

/** Positions count in the document, which begins somewhere inside the file. */
function legacy(
  manifest: Manifest,
  { namespace, legacyVersion }: LintOptions,
): readonly LintFinding[] {
  return configMapFindings(manifest, namespace, legacyVersion).map((finding) => {
    const { line = 1, column = 1 } = finding;
    const position = manifest.positionInside(documentPath, { line, column });
    return placed(finding, manifest.file, position);
  });
}

/** With both, resources win without a word about the ConfigMap: certainly not what was meant. */
function bothPresent(
  manifest: Manifest,
  own: readonly Manifest[],
  namespace: string,
): readonly LintFinding[] {
  const pool = own.find(({ kind }) => kind === "IPAddressPool");
  if (pool === undefined) return [];
  const finding: Finding = {
    code: "INS-46",
    severity: "error",
    object: objectTitle(manifest, namespace),
    path: documentPath,
    message: `the ConfigMap and ${objectTitle(pool, namespace)} both configure MetalLB; the ConfigMap is not used`,
    fix: "delete the ConfigMap; `metallb migrate` makes resources of it",
  };
  return [placed(finding, manifest.file, manifest.positionOf("metadata.name"))];
}
