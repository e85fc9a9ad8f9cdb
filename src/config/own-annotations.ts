/** Settings that MetalLB does not know are annotations of its objects: its own programs and definitions pass them over. */
import type { KubeObject } from "../kube/index.ts";
import type { Report } from "./finding-list.ts";

const prefix = "metallb-ts/";

/** On an L2Advertisement, or an IPAddressPool for all of its advertisements. */
export const subnetAwareAnnotation = `${prefix}subnet-aware`;

/** Ours among the annotations of the object, whatever its shape; they matter, others do not. */
export function ownAnnotations(object: KubeObject): Readonly<Record<string, unknown>> {
  const { annotations } = (object?.metadata ?? {}) as { annotations?: unknown };
  if (typeof annotations !== "object" || annotations === null) return {};
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith(prefix)));
}

/** False if absent. Anything but "true" and "false" is a warning, and counts as absent: what works goes on. */
export function readOwnFlag(object: KubeObject, name: string, report: Report): boolean {
  const value = ownAnnotations(object)[name];
  if (value === "true") return true;
  if (value === undefined || value === "false") return false;
  report.add({
    code: "OWN-1",
    severity: "warning",
    path: `metadata.annotations.${name}`,
    value,
    message: `${JSON.stringify(value)} is neither "true" nor "false", so the annotation has no effect`,
    fix: 'write "true" or "false", in quotes',
  });
  return false;
}
