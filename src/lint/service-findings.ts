/** What is wrong with our annotations on Services, which no API server and no webhook looks at. */
import { parsePreempt, preemptAnnotation, type Finding } from "../config/index.ts";
import { isRecord } from "../schema/index.ts";
import type { Manifest } from "./manifest.ts";

/** `title` is the object in findings. */
export function serviceFindings({ kind, object }: Manifest, title: string): readonly Finding[] {
  const { metadata } = object;
  const annotations = isRecord(metadata) ? metadata["annotations"] : undefined;
  const value = isRecord(annotations) ? annotations[preemptAnnotation] : undefined;
  if (kind !== "Service" || value === undefined) return [];
  if (typeof value === "string" && parsePreempt(value) !== undefined) return [];
  const isPlain = typeof value !== "object";
  return [
    {
      code: "OWN-1",
      severity: "error",
      object: title,
      path: `metadata.annotations.${preemptAnnotation}`,
      ...(isPlain && { value }),
      message: `${JSON.stringify(value)} is no value of the annotation ${preemptAnnotation}`,
      fix: 'write "true" or "false", in quotes',
    },
  ];
}
