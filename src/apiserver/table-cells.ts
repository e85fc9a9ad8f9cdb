/** The cells of built-in tables that are more than one field of the object, by the names that table-columns.ts uses. */
import { conditionStatus } from "../kube/index.ts";
import type { Json } from "../schema/index.ts";
import type { ApiObject } from "./api-object.ts";
import { fullAge } from "./table-age.ts";

/** `now` in milliseconds since 1970, for ages. */
export type Cell = (object: ApiObject, now: number) => Json;

const NONE = "<none>";

function listed(words: readonly unknown[], shown = words.length): string {
  const some = words.filter(Boolean).slice(0, shown).join(",");
  const more = words.length > shown ? ` + ${words.length - shown} more...` : "";
  return some ? some + more : NONE;
}

/** A field of every item of a list that may be absent; any value, as each kind has its own fields. */
function each<T>(items: T[] | undefined, of: (item: T) => unknown): unknown[] {
  return (items ?? []).map(of);
}

function labelsText(labels: Record<string, string> | undefined): string {
  return listed(Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`));
}

interface Expression {
  key: string;
  operator: string;
  values?: string[];
}

function expressionText({ key, operator, values = [] }: Expression): string {
  if (operator === "Exists") return key;
  if (operator === "DoesNotExist") return `!${key}`;
  return `${key} ${operator.toLowerCase()} (${values.join(",")})`;
}

function labelSelector({ spec }: ApiObject): string {
  const { matchLabels, matchExpressions } = spec?.selector ?? {};
  const equalities = matchLabels ? [labelsText(matchLabels)] : [];
  return listed([...equalities, ...each(matchExpressions, expressionText)]);
}

const containers =
  (field: "name" | "image"): Cell =>
  ({ spec }) =>
    listed(each<Record<string, string>>(spec?.template?.spec?.containers, (one) => one[field]));

function externalIp({ spec, status }: ApiObject): string {
  if (spec.type === "ExternalName") return spec.externalName ?? NONE;
  if (spec.type !== "LoadBalancer") return listed(spec.externalIPs ?? []);
  const ingress: { ip?: string; hostname?: string }[] = status?.loadBalancer?.ingress ?? [];
  const all = [...ingress.map(({ ip, hostname }) => ip || hostname), ...(spec.externalIPs ?? [])];
  return all.filter(Boolean).join(",") || "<pending>";
}

interface Port {
  port: number;
  protocol: string;
  nodePort?: number;
}

function portText({ port, protocol, nodePort }: Port): string {
  return `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`;
}

function nodeState({ spec = {}, status = {} }: ApiObject): string {
  const words: Record<string, string> = { True: "Ready", False: "NotReady", Unknown: "NotReady" };
  const state = words[conditionStatus({ status }, "Ready") ?? ""] ?? "Unknown";
  return spec.unschedulable ? `${state},SchedulingDisabled` : state;
}

function nodeRoles({ metadata }: ApiObject): string {
  const keys = Object.keys(metadata.labels ?? {});
  const roles = keys.map((key) => /^node-role\.kubernetes\.io\/(.*)/.exec(key)?.[1]);
  return listed(roles.filter(Boolean).sort());
}

const nodeAddress =
  (type: string): Cell =>
  ({ status }) =>
    status?.addresses?.find((one: { type: string }) => one.type === type)?.address ?? NONE;

interface Subset {
  addresses?: { ip: string }[];
  ports?: { port: number }[];
}

function endpoints({ subsets = [] }: ApiObject): string {
  const all = (subsets as Subset[]).flatMap(({ addresses = [], ports }) =>
    (ports ?? [undefined]).flatMap((port) =>
      addresses.map(({ ip }) => {
        if (!port) return ip;
        return ip.includes(":") ? `[${ip}]:${port.port}` : `${ip}:${port.port}`;
      }),
    ),
  );
  return listed(all, 3);
}

function sliceText(words: unknown[]): string {
  return words.length > 0 ? listed(words, 3) : "<unset>";
}

const seen =
  (field: string): Cell =>
  (event, now) => {
    const time: string | undefined = event[field] ?? event.eventTime;
    return time ? fullAge(time, now) : "<unknown>";
  };

interface Subject {
  kind: string;
  name: string;
  namespace?: string;
}

const subjects =
  (kind: string): Cell =>
  (binding) => {
    const all: Subject[] = (binding.subjects ?? []).filter((one: Subject) => one.kind === kind);
    return all.map((one) => (one.namespace ? `${one.namespace}/${one.name}` : one.name)).join(", ");
  };

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

function containersReady({ spec, status }: ApiObject): string {
  const statuses: ContainerStatus[] = status?.containerStatuses ?? [];
  const ready = statuses.filter((one) => one.ready && one.state?.running).length;
  return `${ready}/${spec?.containers?.length ?? 0}`;
}

function restarts({ status }: ApiObject, now: number): string {
  const statuses: ContainerStatus[] = status?.containerStatuses ?? [];
  const count = statuses.reduce((sum, one) => sum + (one.restartCount ?? 0), 0);
  const times = statuses.map((one) => one.lastState?.terminated?.finishedAt ?? "").sort();
  const last = times.at(-1);
  return count > 0 && last ? `${count} (${fullAge(last, now)} ago)` : String(count);
}

/** What the containers of a pod do, told in one word. */
function podState({ metadata, status = {} }: ApiObject): string {
  if (metadata.deletionTimestamp) return "Terminating";
  const words = each<ContainerStatus>(status.containerStatuses, containerWord).filter(Boolean);
  return String(words.at(-1) ?? status.reason ?? status.phase ?? "Unknown");
}

/** Why a container does not run; undefined for one that does. */
function containerWord({ state = {} }: ContainerStatus): string | undefined {
  const { waiting, terminated } = state;
  if (waiting?.reason || !terminated) return waiting?.reason;
  const { reason, signal, exitCode } = terminated;
  return reason ?? (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);
}

const size = (map: unknown): number => Object.keys(map ?? {}).length;

export const CELLS: Record<string, Cell> = {
  age: ({ metadata }, now) => fullAge(metadata.creationTimestamp, now),
  nodeState,
  nodeRoles,
  internalIp: nodeAddress("InternalIP"),
  externalAddress: nodeAddress("ExternalIP"),
  externalIp,
  ports: ({ spec }) => listed(each(spec.ports, portText)),
  selector: ({ spec }) => labelsText(spec.selector),
  nodeSelector: ({ spec }) => labelsText(spec?.template?.spec?.nodeSelector),
  labelSelector,
  containers: containers("name"),
  images: containers("image"),
  endpoints,
  data: ({ data, binaryData }) => size(data) + size(binaryData),
  ready: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
  slicePorts: ({ ports }) => sliceText(each<Port>(ports, ({ port }) => port ?? "*")),
  sliceAddresses: (slice) =>
    sliceText(each<{ addresses: string[] }>(slice.endpoints, (one) => one.addresses).flat()),
  lastSeen: seen("lastTimestamp"),
  firstSeen: seen("firstTimestamp"),
  about: ({ involvedObject: about }) => `${String(about?.kind).toLowerCase()}/${about?.name}`,
  source: ({ source, reportingComponent }) =>
    [source?.component || reportingComponent, source?.host].filter(Boolean).join(", "),
  message: ({ message }) => String(message ?? "").trim(),
  count: ({ count, series }) => count ?? series?.count ?? 1,
  role: ({ roleRef }) => `${roleRef?.kind}/${roleRef?.name}`,
  users: subjects("User"),
  groups: subjects("Group"),
  accounts: subjects("ServiceAccount"),
  webhooks: ({ webhooks }) => webhooks?.length ?? 0,
  containersReady,
  restarts,
  podState,
  gates: ({ spec }) => (spec?.readinessGates ? `0/${spec.readinessGates.length}` : NONE),
};
