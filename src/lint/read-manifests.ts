/** Reads the objects of YAML and JSON files as kubectl does, and keeps where they stand. */
import { LineCounter, parseAllDocuments, type Tags } from "yaml";
import { findControlCharacter, findDeepNesting, yamlProblem } from "../config/index.ts";
import { customResourceDefinitions } from "../crds/index.ts";
import { isRecord, type Json } from "../schema/index.ts";
import { jsonOfYaml } from "./json-of-yaml.ts";
import type { LintFinding } from "./lint-finding.ts";
import type { Manifest, ManifestFile, Position } from "./manifest.ts";
import { positionInside, positionOf, type ParsedText } from "./yaml-position.ts";

export interface ReadManifests {
  readonly manifests: readonly Manifest[];
  /** What could not be read. */
  readonly findings: readonly LintFinding[];
}

/**
 * The objects of all files in their order: of each document one, of a `List` its items. A document
 * that is empty holds none; a fault of syntax leaves out its whole file. Never throws.
 */
export function readManifests(files: readonly ManifestFile[]): ReadManifests {
  const read = files.map(readFile);
  return {
    manifests: read.flatMap(({ manifests }) => manifests),
    findings: read.flatMap(({ findings }) => findings),
  };
}

function readFile({ name: file, text }: ManifestFile): ReadManifests {
  const lines = new LineCounter();
  const deep = findDeepNesting(text);
  if (deep !== undefined) {
    const line = text.slice(0, deep).split("\n").length;
    const position = { line, column: 1 };
    return { manifests: [], findings: [unreadable(file, position, "nested too deeply")] };
  }
  const parsed = parseAllDocuments(text, {
    version: "1.1",
    customTags: plainTags,
    intAsBigInt: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
    lineCounter: lines,
  });
  const documents = [...parsed];
  const control = findControlCharacter(text);
  const error = control ?? documents.flatMap(({ errors }) => errors)[0];
  const fault = (offset: number, problem: string): ReadManifests => {
    const { line, col } = lines.linePos(offset);
    const position = { line: Math.max(line, 1), column: Math.max(col, 1) };
    return { manifests: [], findings: [unreadable(file, position, problem)] };
  };
  if (error !== undefined) return fault(error.pos[0], yamlProblem(error.message));
  const manifests: Manifest[] = [];
  const findings: LintFinding[] = [];
  for (const document of documents) {
    const source: ParsedText = { document, lines, text };
    const value = jsonOfYaml(document, text.length);
    if (!value.ok) return fault(value.offset, value.problem);
    for (const { at, json } of objectsOf(value.json)) {
      const manifest = manifestOf(json, { at, file, source });
      if (manifest === undefined) findings.push(noObject(json, file, positionOf(source, at)));
      else manifests.push(manifest);
    }
  }
  return { manifests, findings };
}

/** kubectl's YAML knows no times and no numbers to the base of 60: `65000:8` and dates are text. */
function plainTags(tags: Tags): Tags {
  return tags.filter((tag) => {
    if (typeof tag === "string") return true;
    return tag.format !== "TIME" && !/:(?:timestamp|binary|omap|pairs|set)$/.test(tag.tag);
  });
}

/** A document, or the items of a list of objects, each with its path in the document. */
function objectsOf(json: Json): readonly { readonly at: string; readonly json: Json }[] {
  if (json === null) return [];
  const { kind = "", items = null } = isRecord(json) ? json : {};
  const isList = typeof kind === "string" && kind.endsWith("List") && Array.isArray(items);
  return isList
    ? items.map((item, index) => ({ at: `items[${index}]`, json: item }))
    : [{ at: "", json }];
}

interface ObjectPlace {
  readonly at: string;
  readonly file: string;
  readonly source: ParsedText;
}

function manifestOf(json: Json, { at, file, source }: ObjectPlace): Manifest | undefined {
  if (!isRecord(json)) return undefined;
  const { apiVersion, kind } = json;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return undefined;
  const full = (path: string): string => [at, path].filter((part) => part !== "").join(".");
  return {
    file,
    apiVersion,
    kind,
    object: json,
    positionOf: (path) => positionOf(source, full(path)),
    positionInside: (path, inner) => positionInside(source, full(path), inner),
  };
}

function unreadable(file: string, position: Position, problem: string): LintFinding {
  return {
    code: "YAML",
    severity: "error",
    object: "",
    path: "",
    message: `not valid YAML: ${problem}`,
    fix: "correct the YAML at this position",
    file,
    ...position,
  };
}

/** Folders hold other YAML too, such as the values of a chart; but what is plainly meant for MetalLB must not pass. */
function noObject(json: Json, file: string, position: Position): LintFinding {
  const { kind, "address-pools": pools, peers } = isRecord(json) ? json : {};
  const ours = customResourceDefinitions.find(({ spec }) => spec.names.kind === kind)?.spec;
  const isDocument = pools !== undefined || peers !== undefined;
  const version = ours?.versions.find(({ storage }) => storage)?.name;
  const fix =
    ours !== undefined
      ? `add apiVersion: ${ours.group}/${version}`
      : isDocument
        ? 'put it below `config: |` in the data of the ConfigMap "config"'
        : "give it apiVersion and kind, or leave the file out";
  return {
    code: "YAML",
    severity: ours === undefined ? "warning" : "error",
    object: "",
    path: "",
    message: "not a Kubernetes object, hence not read",
    fix,
    file,
    ...position,
  };
}
