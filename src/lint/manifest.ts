/** One object of a file, and where each of its fields stands there. */
import { isRecord, textOf, type JsonObject } from "../schema/index.ts";

export interface ManifestFile {
  /** A path, or another name that tells people which text it was. */
  readonly name: string;
  readonly text: string;
}

/** From 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Manifest {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: JsonObject;
  /** Where the field stands, or the nearest one around it that does: `spec.addresses[1]`. */
  readonly positionOf: (path: string) => Position;
  /** Where a position in the text that the field holds lies in the file. */
  readonly positionInside: (path: string, inner: Position) => Position;
}

/** `Kind namespace/name`, as in findings; MetalLB's namespace where the object names none. */
export function objectTitle({ kind, object }: Manifest, namespace: string): string {
  const { name, namespace: own } = metadataOf(object);
  return `${kind} ${own ?? namespace}/${name}`;
}

/** Name and namespace, whatever the shape of the object. */
export function metadataOf({ metadata }: JsonObject): {
  name: string;
  namespace: string | undefined;
} {
  const { name = "", namespace = "" } = isRecord(metadata) ? metadata : {};
  return { name: textOf(name), namespace: textOf(namespace) || undefined };
}
