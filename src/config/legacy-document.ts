/** The document of the legacy ConfigMap as it is written, before anybody asks what it means. */
import { bfdProfileShape } from "./bfd-profiles.ts";
import { Faults, findingOf } from "./config-error.ts";
import type { Finding } from "./finding.ts";
import { peerShape } from "./peers.ts";
import { poolShape } from "./pools.ts";
import { list, mapping, readDocument, textMap, type Located, type ShapeOf } from "./strict-yaml.ts";

export const documentShape = mapping(
  {
    peers: list(peerShape),
    "bgp-communities": textMap,
    "address-pools": list(poolShape),
    "bfd-profiles": list(bfdProfileShape),
  },
  ["bfd-profiles"],
);

/** Without the places: what remains of a reader's shape. */
type Plain<T> =
  T extends Located<infer V>
    ? Plain<V>
    : T extends ReadonlyMap<string, infer V>
      ? ReadonlyMap<string, Plain<V>>
      : T extends readonly (infer I)[]
        ? readonly Plain<I>[]
        : T extends object
          ? { readonly [K in keyof T]: Plain<T[K]> }
          : T;

/** What is absent or null is undefined, and lists are empty then. */
export type LegacyDocument = Plain<ShapeOf<typeof documentShape>>;

export type LegacyDocumentResult =
  | { readonly ok: true; readonly document: LegacyDocument }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** Reads any release's document; unknown keys are passed over (MIG-2). `name` is `namespace/name`. */
export function readLegacyDocument(text: string, name: string): LegacyDocumentResult {
  const faults = new Faults();
  const { value } = readDocument(text, documentShape, { faults, keys: "any" });
  if (value !== undefined && faults.errors.length === 0) {
    return { ok: true, document: plain(value) as LegacyDocument };
  }
  return { ok: false, findings: faults.errors.map((one) => findingOf(one, `ConfigMap ${name}`)) };
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, plain(one)]));
  if (typeof value !== "object" || value === null) return value;
  if ("place" in value && "value" in value) return plain(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}
