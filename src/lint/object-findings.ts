/** What the API server would refuse in one object of the group `metallb.io` (CRD-1, CRD-10..CRD-22). */
import type { Finding } from "../config/index.ts";
import { customResourceDefinitions } from "../crds/index.ts";
import { objectFaults, type Fault, type Schema } from "../schema/index.ts";
import { metadataOf, type Manifest } from "./manifest.ts";

const group = "metallb.io";

/** The rule that says what fields a kind has. */
const ruleOfKind: Readonly<Record<string, string>> = {
  IPAddressPool: "CRD-10",
  L2Advertisement: "CRD-11",
  BGPAdvertisement: "CRD-12",
  BGPPeer: "CRD-13",
  BFDProfile: "CRD-17",
  Community: "CRD-17",
  ServiceL2Status: "CRD-20",
  ServiceBGPStatus: "CRD-21",
  ConfigurationState: "CRD-22",
};

export function isOfMetalLb({ apiVersion }: Manifest): boolean {
  return apiVersion.split("/")[0] === group;
}

/** `title` is the object in findings. All faults; none for an object that can be applied. */
export function objectFindings(manifest: Manifest, title: string): readonly Finding[] {
  const schema = schemaOf(manifest);
  if (typeof schema === "string") {
    const fix = "use one of the kinds and versions of today's MetalLB";
    return [fault("CRD-1", title, { path: "kind", message: schema, fix })];
  }
  const code = ruleOfKind[manifest.kind] ?? "CRD-1";
  const faults = objectFaults(manifest.object, schema);
  return [
    ...nameFindings(manifest, title),
    ...faults.map((one) => schemaFinding(meaningRule(manifest.kind, one) ?? code, title, one)),
  ];
}

/** The rule of compilation that a schema only repeats: it names the fault better than the list of fields does. */
function meaningRule(kind: string, { reason, message }: Fault): string | undefined {
  if (reason !== "FieldValueInvalid") return undefined;
  if (kind === "BFDProfile" && message.includes("in body should be")) return "CFG-36";
  return kind === "BGPAdvertisement" && message.includes("serviceSelectors") ? "CFG-33" : undefined;
}

/** The schema of the object's version, or why there is none. */
function schemaOf({ apiVersion, kind }: Manifest): Schema | string {
  const definition = customResourceDefinitions.find(({ spec }) => spec.names.kind === kind);
  if (definition === undefined) return `there is no kind "${kind}" in ${group}`;
  const { versions } = definition.spec;
  const version = versions.find(({ name }) => `${group}/${name}` === apiVersion);
  if (version !== undefined) return version.schema.openAPIV3Schema;
  const served = versions.map(({ name }) => `${group}/${name}`).join(", ");
  return `${kind} has no version "${apiVersion}", only ${served}`;
}

function schemaFinding(
  code: string,
  title: string,
  { path, message, value, reason }: Fault,
): Finding {
  const isUnknown = reason === "UnknownField";
  const shown = isUnknown ? undefined : value;
  // Of a whole object the API server says that its value is "object", which tells nobody anything.
  const text = message.replace(/^Invalid value: "object": /, "");
  const fix = fixOf({ message, value, reason, isRule: text !== message });
  return fault(code, title, { path, message: text, fix, ...(isScalar(shown) && { value: shown }) });
}

type FaultKind = Pick<Fault, "message" | "value" | "reason"> & { readonly isRule: boolean };

function fixOf({ message, value, reason, isRule }: FaultKind): string {
  if (reason === "UnknownField") return "correct or remove the field";
  if (reason === "FieldValueRequired") return "add the field";
  if (isRule) return "change the fields that the rule names";
  if (message.includes("in body should be")) return "give a value within that bound";
  return quotesMend(message, value) ?? "correct the value";
}

/** YAML reads `y`, `010` and `1.10` as something else than text; and what stands in quotes is only text. */
function quotesMend(message: string, value: unknown): string | undefined {
  const wanted = /must be of type (\w+)/.exec(message)?.[1];
  if (wanted === "string" && isScalar(value)) {
    return `put it in quotes: without them YAML makes a ${typeof value} of it`;
  }
  if (typeof value !== "string") return undefined;
  const isMeant = wanted === "boolean" ? /^(?:true|false)$/.test(value) : /^-?\d+$/.test(value);
  const takesPlain = wanted === "boolean" || wanted === "integer";
  return takesPlain && isMeant ? "write it without quotes" : undefined;
}

const namePattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Kubernetes' rule for names of custom resources: a DNS subdomain (RFC 1123). */
function nameFindings({ object }: Manifest, title: string): readonly Finding[] {
  const { name } = metadataOf(object);
  if (name.length <= 253 && namePattern.test(name)) return [];
  const path = "metadata.name";
  const fix =
    "use at most 253 lower case letters, digits, - and ., with a letter or digit at both ends";
  if (name === "") return [fault("CRD-1", title, { path, message: "the object has no name", fix })];
  const message = "not a name for an object";
  return [fault("CRD-1", title, { path, value: name, message, fix })];
}

type FaultFields = Pick<Finding, "path" | "message" | "fix"> & { readonly value?: unknown };

function fault(code: string, object: string, fields: FaultFields): Finding {
  return { code, severity: "error", object, ...fields };
}

function isScalar(value: unknown): boolean {
  return ["string", "number", "bigint", "boolean"].includes(typeof value);
}
