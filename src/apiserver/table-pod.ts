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
    const { spec = {}, status = {} } = pod;
    const statuses: ContainerStatus[] = status.containerStatuses ?? [];
    const ready = statuses.filter((one) => one.ready && one.state?.running).length;
    return [
      pod.metadata.name,
      `${ready}/${spec.containers?.length ?? 0}`,
      statusWord(pod, statuses),
      restarts(statuses, now),
      fullAge(pod.metadata.creationTimestamp, now),
      status.podIP || "<none>",
      spec.nodeName || "<none>",
      status.nominatedNodeName || "<none>",
      spec.readinessGates ? `0/${spec.readinessGates.length}` : "<none>",
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
  const { reason, phase = "Unknown" } = pod.status ?? {};
  const words = statuses.map(containerWord).filter((word) => word !== undefined);
  return words.at(-1) ?? String(reason ?? phase);
}

/** Why a container does not run; undefined for one that does. */
function containerWord({ state = {} }: ContainerStatus): string | undefined {
  const { waiting, terminated } = state;
  if (waiting?.reason) return waiting.reason;
  if (!terminated) return undefined;
  const { reason, signal, exitCode } = terminated;
  return reason ?? (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);
}
