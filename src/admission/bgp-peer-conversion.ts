/** BGPPeer between v1beta1 and v1beta2, the stored version (CRD-15, CRD-16). */

import { isRecord, textOf, type JsonObject } from "./json-text.ts";

export type ConversionResult =
  | { readonly ok: true; readonly object: JsonObject }
  | { readonly ok: false; readonly error: string };

const group = "metallb.io";
const older = `${group}/v1beta1`;
const newer = `${group}/v1beta2`;

/** Fields with the same name and meaning in both. */
const shared = [
  "myASN",
  "peerASN",
  "peerAddress",
  "sourceAddress",
  "peerPort",
  "routerID",
  "password",
  "bfdProfile",
  "ebgpMultiHop",
] as const;

/** `object` in the version `wanted`; its status is not carried. */
export function convertBgpPeer(object: unknown, wanted: unknown): ConversionResult {
  if (!isRecord(object) || object.kind !== "BGPPeer" || !isVersion(object.apiVersion)) {
    return fault(object, `only BGPPeer objects of ${older} and ${newer} are converted`);
  }
  if (!isVersion(wanted)) return fault(object, `it has no version "${textOf(wanted)}"`);
  if (wanted === object.apiVersion) return { ok: true, object };
  const { kind, metadata, spec } = object;
  if (!isRecord(spec)) return fault(object, "spec: must be an object");
  const selectors = spec.nodeSelectors ?? [];
  if (!Array.isArray(selectors) || !selectors.every(isSelector)) {
    return fault(object, "spec.nodeSelectors: must be a list of selectors");
  }
  const convert = wanted === newer ? toNewer : toOlder;
  const converted = { ...convert(spec, selectors), ...timersOf(spec) };
  return { ok: true, object: { apiVersion: wanted, kind, metadata, spec: converted } };
}

function isVersion(version: unknown): version is string {
  return version === older || version === newer;
}

function fault(object: unknown, error: string): ConversionResult {
  const metadata = isRecord(object) && isRecord(object.metadata) ? object.metadata : {};
  const name = `${textOf(metadata.namespace)}/${textOf(metadata.name)}`;
  return { ok: false, error: `BGPPeer ${name}: ${error}` };
}

interface Selector {
  readonly matchLabels?: JsonObject | null;
  readonly matchExpressions?: readonly JsonObject[] | null;
}

function isSelector(value: unknown): value is Selector {
  if (!isRecord(value)) return false;
  const { matchLabels, matchExpressions } = value;
  const expressions = matchExpressions ?? [];
  return isRecord(matchLabels ?? {}) && Array.isArray(expressions) && expressions.every(isRecord);
}

function toNewer(spec: JsonObject, selectors: readonly Selector[]): JsonObject {
  return { ...sharedOf(spec), ...selectorsOf(selectors, withoutEmptyValues) };
}

function withoutEmptyValues({ values, ...expression }: JsonObject): JsonObject {
  return Array.isArray(values) && values.length > 0 ? { ...expression, values } : expression;
}

/** What is required there and may be absent here gets its zero value. */
function toOlder(spec: JsonObject, selectors: readonly Selector[]): JsonObject {
  const withValues = (one: JsonObject) => ({ ...one, values: one.values ?? [] });
  return { peerASN: 0, peerAddress: "", ...sharedOf(spec), ...selectorsOf(selectors, withValues) };
}

/** What is empty is not written, in either version. */
function selectorsOf(
  selectors: readonly Selector[],
  convertExpression: (expression: JsonObject) => JsonObject,
): JsonObject {
  const nodeSelectors = selectors.map(({ matchLabels, matchExpressions }) => ({
    ...(Object.keys(matchLabels ?? {}).length > 0 ? { matchLabels } : {}),
    ...((matchExpressions ?? []).length > 0
      ? { matchExpressions: (matchExpressions ?? []).map(convertExpression) }
      : {}),
  }));
  return nodeSelectors.length > 0 ? { nodeSelectors } : {};
}

/** Zero is absent: the `peerPort: 0` of v1beta1 would be no port that v1beta2 allows. */
function sharedOf(spec: JsonObject): JsonObject {
  const given = shared.filter((field) => field === "myASN" || Boolean(spec[field]));
  return Object.fromEntries(given.map((field) => [field, spec[field]]));
}

/** Absent in one version is zero in the other. */
function timersOf({ holdTime, keepaliveTime }: JsonObject): JsonObject {
  return { holdTime: holdTime ?? "0s", keepaliveTime: keepaliveTime ?? "0s" };
}
