/** The row of a pod: what its containers do, told in one word. */
import type { ApiObject, Json } from "./api-object.ts";
import { fullAge } from "./table-age.ts";
import type { TableColumns } from "./table-columns.ts";

interface ContainerStatus {
  ready?: boolean;
  restartCount?: number;
  state?: {
    waiting?: { reason?: string };
    terminated?: { reason?: string; exitCode?: number; signal?: number };
    running?: object;
  };
  lastState?: { terminated?: { finishedAt?: string } };
}

export const POD_COLUMNS: TableColumns = {
  names: [
    "Name",
    "Ready",
    "Status",
    "Restarts",
    "Age",
    "+IP",
    "+Node",
    "+Nominated Node",
    "+Readiness Gates",
  ],
  cells(pod, now): Json[] {
    const statuses: ContainerStatus[] = pod.status?.containerStatuses ?? [];
    const ready = statuses.filter((one) => one.ready && one.state?.running).length;
    return [
      pod.metadata.name,
      `${ready}/${pod.spec?.containers?.length ?? 0}`,
      statusWord(pod, statuses),
      restarts(statuses, now),
      fullAge(pod.metadata.creationTimestamp, now),
      pod.status?.podIP || "<none>",
      pod.spec?.nodeName || "<none>",
      pod.status?.nominatedNodeName || "<none>",
      pod.spec?.readinessGates ? `0/${pod.spec.readinessGates.length}` : "<none>",
    ];
  },
};

function restarts(statuses: readonly ContainerStatus[], now: number): string {
  const count = statuses.reduce((sum, one) => sum + (one.restartCount ?? 0), 0);
  const times = statuses.map((one) => one.lastState?.terminated?.finishedAt ?? "").sort();
  const last = times.at(-1);
  return count > 0 && last ? `${count} (${fullAge(last, now)} ago)` : String(count);
}

function statusWord(pod: ApiObject, statuses: readonly ContainerStatus[]): string {
  if (pod.metadata.deletionTimestamp) return "Terminating";
  let word = String(pod.status?.reason ?? pod.status?.phase ?? "Unknown");
  for (const { state } of statuses) {
    const { waiting, terminated } = state ?? {};
    if (waiting?.reason) word = waiting.reason;
    else if (terminated?.reason) word = terminated.reason;
    else if (terminated) {
      word = terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
    }
  }
  return word;
}
