/** The order of an object's versions. */
import type { KubeObject } from "./objects.ts";

/**
 * Whether `object` is an earlier version than `known`, as an event may be that was sent before our own write. Versions
 * are whole numbers of one clock for a kind (Kubernetes promises it since 1.35, and it held before); others are not older.
 */
export function isOlderVersion(object: KubeObject, known: KubeObject | undefined): boolean {
  const [a, b] = [object.metadata, known?.metadata];
  if (b === undefined || a.uid !== b.uid) return false;
  const versions = [a.resourceVersion ?? "", b.resourceVersion ?? ""];
  if (!versions.every((version) => /^\d+$/.test(version))) return false;
  return BigInt(versions[0] as string) < BigInt(versions[1] as string);
}
