/** Label and field selectors, as `kubectl -l` and `--field-selector` write them. */
import { textOf } from "../schema/index.ts";
import { badRequest } from "./api-error.ts";
import { valueAt, type ApiObject } from "./api-object.ts";
import type { Resource } from "./resource.ts";

type Test = (labels: Readonly<Record<string, string>>) => boolean;
type Matcher = (object: ApiObject) => boolean;

const SET = /^([^\s!=,()]+)\s+(in|notin)\s*\(([^)]*)\)$/;
const EQUALITY = /^([^\s!=<>,()]+)\s*(==|=|!=|>|<)\s*([^\s!=<>,()]*)$/;
const EXISTENCE = /^(!?)\s*([^\s!=<>,()]+)$/;
const LABEL_KEY = /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** Commas outside of parentheses part the requirements. */
function requirements(text: string): string[] {
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  return parts.filter((part) => part !== "");
}

/** Throws 400 for text that is no label selector. */
export function labelMatcher(text: string): Test {
  const tests = requirements(text).map(labelTest);
  return (labels) => tests.every((test) => test(labels));
}

function labelTest(text: string): Test {
  const set = SET.exec(text);
  if (set) {
    const key = labelKey(set[1]!, text);
    const values = new Set(set[3]!.split(",").map((value) => value.trim()));
    if (set[2] === "in") return (labels) => labels[key] !== undefined && values.has(labels[key]);
    return (labels) => labels[key] === undefined || !values.has(labels[key]);
  }
  const equality = EQUALITY.exec(text);
  if (equality) return equalityTest(labelKey(equality[1]!, text), equality[2]!, equality[3]!);
  const existence = EXISTENCE.exec(text);
  if (!existence) throw badRequest(`unable to parse requirement: found '${text}'`);
  const key = labelKey(existence[2]!, text);
  return existence[1] ? (labels) => labels[key] === undefined : (labels) => key in labels;
}

function labelKey(key: string, text: string): string {
  if (LABEL_KEY.test(key)) return key;
  throw badRequest(`unable to parse requirement: invalid label key "${key}" in '${text}'`);
}

function equalityTest(key: string, operator: string, value: string): Test {
  switch (operator) {
    case "!=":
      return (labels) => labels[key] !== value;
    case ">":
      return (labels) => Number(labels[key]) > Number(value);
    case "<":
      return (labels) => Number(labels[key]) < Number(value);
    default:
      return (labels) => labels[key] === value;
  }
}

/** Fields beside metadata.name and metadata.namespace that a kind can be selected by. */
const FIELDS: Record<string, string> = {
  Pod:
    "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork " +
    "status.phase status.podIP status.nominatedNodeName",
  Node: "spec.unschedulable",
  Namespace: "status.phase",
  Secret: "type",
  Service: "spec.clusterIP spec.type",
  ReplicaSet: "status.replicas",
  Event:
    "involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid " +
    "involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath " +
    "regarding.kind regarding.namespace regarding.name regarding.uid " +
    "reason reportingComponent reportingController source type",
};

/** Throws 400 for fields that the kind cannot be selected by. */
function fieldMatcher(text: string, resource: Resource): Matcher {
  const tests = text
    .split(",")
    .filter(Boolean)
    .map((part) => fieldTest(part, resource));
  return (object) => tests.every((test) => test(object));
}

function fieldTest(text: string, resource: Resource): Matcher {
  const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(text);
  if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${text}'`);
  const [, field = "", operator, value = ""] = match;
  checkField(field, resource);
  return (object) => (fieldValue(object, field) === value) === (operator !== "!=");
}

function checkField(field: string, resource: Resource): void {
  const names = (!resource.custom && FIELDS[resource.kind]?.split(" ")) || [];
  const common = ["metadata.name", ...(resource.namespaced ? ["metadata.namespace"] : [])];
  if (common.includes(field) || names.includes(field)) return;
  if (resource.custom || names.length > 0) throw badRequest(`field label not supported: ${field}`);
  const only = common.map((one) => JSON.stringify(one)).join(", ");
  throw badRequest(`"${field}" is not a known field selector: only ${only}`);
}

function fieldValue(object: ApiObject, field: string): string {
  if (field === "source") return String(object.source?.component ?? "");
  const value = valueAt(object, field);
  if (value === undefined && BOOLEAN_FIELDS.has(field)) return "false";
  return textOf(value);
}

const BOOLEAN_FIELDS = new Set(["spec.unschedulable", "spec.hostNetwork"]);

/** Both selectors of a request in one test. */
export function objectMatcher(
  query: { labelSelector: string | null; fieldSelector: string | null },
  resource: Resource,
): Matcher {
  const labels = query.labelSelector ? labelMatcher(query.labelSelector) : undefined;
  const fields = query.fieldSelector ? fieldMatcher(query.fieldSelector, resource) : undefined;
  return (object) =>
    (!labels || labels(object.metadata.labels ?? {})) && (!fields || fields(object));
}
