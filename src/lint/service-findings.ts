/** What is wrong with our annotations on Services, which no API server and no webhook looks at. */
import {
  type Finding,
  ownAnnotations,
  preempt,
  preemptAnnotation,
  settingProblem,
} from "../config/index.ts";
import type { KubeObject } from "../kube/index.ts";
import type { Manifest } from "./manifest.ts";

/** `title` is the object in findings. */
export function serviceFindings({ kind, object }: Manifest, title: string): readonly Finding[] {
  if (kind !== "Service") return [];
  const value = ownAnnotations(object as unknown as KubeObject)[preemptAnnotation];
  const problem = settingProblem(preempt, value);
  return problem === undefined ? [] : [{ severity: "warning", ...problem, object: title }];
}
