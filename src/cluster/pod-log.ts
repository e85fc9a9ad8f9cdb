/**
 * Where a kubelet keeps what a container printed, and what `kubectl logs` reads of it.
 *
 * Left out: following (`-f` shows what there is and ends), times, limits by age or size.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "./objects.ts";

/** Below the folder of the pod's node. */
export function podFolder({ metadata }: Pod): string {
  return `${metadata.namespace}_${metadata.name}`;
}

export function logName(container: string): string {
  return `${container}.log`;
}

/** Of the run before the last restart. */
export function previousLog(logFile: string): string {
  return `${logFile}.previous`;
}

/** What one container of a pod has printed; empty as long as it has not been started. */
export async function readPodLog(
  nodesFolder: string,
  pod: Pod,
  query: URLSearchParams,
): Promise<string> {
  const asked = query.get("container") ?? pod.spec.containers[0]?.name;
  const container = pod.spec.containers.find(({ name }) => name === asked)?.name;
  if (container === undefined) {
    throw new Error(`container ${asked} is not valid for pod ${pod.metadata.name}`);
  }
  const folder = join(nodesFolder, pod.spec.nodeName ?? "", podFolder(pod));
  const current = join(folder, logName(container));
  const file = query.get("previous") === "true" ? previousLog(current) : current;
  const text = await readFile(file, "utf8").catch(() => "");
  const tail = query.get("tailLines");
  if (tail === null) return text;
  const lines = text.split(/(?<=\n)/);
  return lines.slice(Math.max(0, lines.length - Number(tail))).join("");
}
