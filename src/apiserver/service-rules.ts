/** Services: their defaults, what changes with their type, and which of them are valid. */
import { parseAddress, parsePrefix } from "../ip/index.ts";
import { type Cause, equal, fieldError, unless, unlessOneOf, unlessSame } from "../schema/index.ts";
import { type ApiObject } from "./api-object.ts";
import { LABEL_1123 } from "./object-metadata.ts";

const { required, invalid, forbidden } = fieldError;

interface Port {
  name?: string;
  protocol: string;
  port: number;
  targetPort?: number | string;
  nodePort?: number;
}

type Spec = ApiObject["spec"];

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const ADDRESS_FIELDS = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];

function isExternal(type: string): boolean {
  return type === "NodePort" || type === "LoadBalancer";
}

/** Defaults that depend on other fields; the schema has the rest. */
export function serviceDefaults(object: ApiObject): ApiObject {
  const spec = { ...object.spec };
  const { type } = spec;
  if (type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  else dropEmptyAddresses(spec);
  if (isExternal(type)) spec.externalTrafficPolicy ||= "Cluster";
  if (type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
  defaultAffinity(spec);
  const withTarget = (port: Port) => ({ ...port, targetPort: port.targetPort || port.port });
  if (Array.isArray(spec.ports)) spec.ports = spec.ports.map(withTarget);
  return { ...object, spec, status: statusWithModes(object.status ?? {}) };
}

function dropEmptyAddresses(spec: Spec): void {
  for (const field of ADDRESS_FIELDS) if (!spec[field]?.length) delete spec[field];
}

function defaultAffinity(spec: Spec): void {
  if (spec.sessionAffinity !== "ClientIP") {
    delete spec.sessionAffinityConfig;
    return;
  }
  const timeoutSeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  spec.sessionAffinityConfig = { clientIP: { timeoutSeconds } };
}

function statusWithModes(status: ApiObject["status"]): ApiObject["status"] {
  const loadBalancer = { ...status.loadBalancer };
  const ingress: { ip?: string; ipMode?: string }[] | undefined = loadBalancer.ingress;
  if (ingress)
    loadBalancer.ingress = ingress.map((one) => (one.ip ? { ipMode: "VIP", ...one } : one));
  return { ...status, loadBalancer };
}

/** An update that leaves allocated values out keeps them; fields of a type that the service leaves go. */
export function serviceUpdate(object: ApiObject, old: ApiObject): ApiObject {
  const spec = keptAllocations({ ...object.spec }, old.spec);
  const before = old.spec;
  const drop = (field: string, needed: (spec: Spec) => boolean) => {
    if (needed(before) && !needed(spec) && equal(spec[field], before[field])) delete spec[field];
  };
  drop("externalTrafficPolicy", ({ type }) => isExternal(type));
  drop("allocateLoadBalancerNodePorts", ({ type }) => type === "LoadBalancer");
  drop("loadBalancerClass", ({ type }) => type === "LoadBalancer");
  drop("healthCheckNodePort", needsHealthCheckPort);
  for (const field of [...ADDRESS_FIELDS, "internalTrafficPolicy"])
    drop(field, ({ type }) => type !== "ExternalName");
  if (isExternal(before.type) && !isExternal(spec.type) && Array.isArray(spec.ports)) {
    const numbers = new Set((before.ports ?? []).map((port: Port) => port.nodePort));
    spec.ports = spec.ports.map(({ nodePort, ...port }: Port) =>
      nodePort && !numbers.has(nodePort) ? { ...port, nodePort } : port,
    );
  }
  const status =
    spec.type === "LoadBalancer" ? object.status : { ...object.status, loadBalancer: {} };
  return { ...object, spec, status };
}

function keptAllocations(spec: Spec, before: Spec): Spec {
  const both = (has: (one: Spec) => boolean) => has(before) && has(spec);
  if (both(({ type }) => type !== "ExternalName")) keepClusterIps(spec, before);
  if (both(({ type }) => isExternal(type))) keepNodePorts(spec, before);
  if (both(needsHealthCheckPort)) spec.healthCheckNodePort ||= before.healthCheckNodePort;
  return spec;
}

function keepClusterIps(spec: Spec, before: Spec): void {
  spec.clusterIP ??= before.clusterIP;
  if (spec.clusterIP === before.clusterIP) spec.clusterIPs ??= before.clusterIPs;
  spec.ipFamilies ??= before.ipFamilies;
  spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
}

function keepNodePorts(spec: Spec, before: Spec): void {
  const numbers = new Map<string, number | undefined>();
  for (const port of (before.ports ?? []) as Port[]) {
    numbers.set(`${port.protocol}/${port.port}`, port.nodePort);
  }
  const ports = spec.ports as Port[] | undefined;
  spec.ports = ports?.map((port) => {
    const nodePort = port.nodePort || numbers.get(`${port.protocol}/${port.port}`);
    return nodePort ? { ...port, nodePort } : port;
  });
}

export function needsHealthCheckPort(spec: Spec): boolean {
  return spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
}

/** Field errors of a service, in the order and the words of the real server. */
export function serviceErrors({ spec, status }: ApiObject, old?: ApiObject): Cause[] {
  const isNameless = spec.type === "ExternalName" && !spec.externalName;
  return [
    ...portsErrors(spec),
    ...unlessOneOf(TYPES, "spec.type", spec.type),
    ...unlessOneOf(["ClientIP", "None"], "spec.sessionAffinity", spec.sessionAffinity),
    ...unless(!isNameless, required("spec.externalName")),
    ...addressErrors(spec),
    ...trafficPolicyErrors(spec),
    ...(old ? changeErrors(spec, old.spec) : []),
    ...ingressErrors(spec, status?.loadBalancer?.ingress ?? []),
  ];
}

const ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const RANGE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

function addressErrors(spec: Spec): Cause[] {
  const external: string[] = spec.externalIPs ?? [];
  const isBalanced = spec.type === "LoadBalancer";
  const ranges: string[] = (isBalanced && spec.loadBalancerSourceRanges) || [];
  return [
    ...external.flatMap((text, at) =>
      unless(parseAddress(text), invalid(`spec.externalIPs[${at}]`, text, ADDRESS)),
    ),
    ...ranges.flatMap((text, at) =>
      unless(
        parsePrefix(text.trim()),
        invalid(`spec.LoadBalancerSourceRanges[${at}]`, text, RANGE),
      ),
    ),
  ];
}

function portsErrors(spec: Spec): Cause[] {
  const ports: Port[] = spec.ports ?? [];
  const mayLackPorts = spec.clusterIP === "None" || spec.type === "ExternalName";
  if (ports.length === 0) return unless(mayLackPorts, required("spec.ports"));
  const unused = `may not be used when \`type\` is '${spec.type}'`;
  return [
    ...ports.flatMap((port, at) => portErrors(port, ports, `spec.ports[${at}]`)),
    ...ports.flatMap((port, at) => {
      const isSame = (one: Port) => one.protocol === port.protocol && one.port === port.port;
      const mayHaveNodePort = !port.nodePort || isExternal(spec.type);
      const field = `spec.ports[${at}]`;
      return [
        ...unless(ports.findIndex(isSame) === at, fieldError.duplicate(field, shownPort(port))),
        ...unless(mayHaveNodePort, forbidden(`${field}.nodePort`, unused)),
      ];
    }),
  ];
}

/** Go prints its internal structure in this one message. */
function shownPort({ name = "", protocol, port }: Port): unknown {
  const internal = { TargetPort: 0, NodePort: 0 };
  return { Name: name, Protocol: protocol, AppProtocol: null, Port: port, ...internal };
}

const PORT_RANGE = "must be between 1 and 65535, inclusive";
const PORT_LETTERS = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";

function isPort(number: number): boolean {
  return number >= 1 && number <= 65_535;
}

function isLabel(name: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name);
}

function portErrors(port: Port, all: readonly Port[], path: string): Cause[] {
  const { name, protocol, targetPort = "" } = port;
  const isTarget =
    typeof targetPort === "number" ? isPort(targetPort) : !targetPort || isLabel(targetPort);
  const why = typeof targetPort === "number" ? PORT_RANGE : PORT_LETTERS;
  const isFirst = all.find((one) => one.name === name) === port;
  return [
    ...unless(name || all.length === 1, required(`${path}.name`)),
    ...unless(!name || isLabel(name), invalid(`${path}.name`, name, LABEL_1123)),
    ...unless(!name || isFirst, fieldError.duplicate(`${path}.name`, name)),
    ...unless(isPort(port.port), invalid(`${path}.port`, port.port, PORT_RANGE)),
    ...unlessOneOf(PROTOCOLS, `${path}.protocol`, protocol),
    ...unless(isTarget, invalid(`${path}.targetPort`, targetPort, why)),
  ];
}

function trafficPolicyErrors(spec: Spec): Cause[] {
  const policies = ["Cluster", "Local"];
  const { type, externalTrafficPolicy: external, internalTrafficPolicy: internal } = spec;
  const field = "spec.externalTrafficPolicy";
  const notExternal = "may only be set for externally-accessible services";
  const notBalanced = "may only be used when `type` is 'LoadBalancer'";
  return [
    ...(external && isExternal(type) ? unlessOneOf(policies, field, external) : []),
    ...unless(!external || isExternal(type), invalid(field, external, notExternal)),
    ...(internal ? unlessOneOf(policies, "spec.internalTrafficPolicy", internal) : []),
    ...unless(
      !spec.loadBalancerClass || type === "LoadBalancer",
      forbidden("spec.loadBalancerClass", notBalanced),
    ),
  ];
}

function changeErrors(spec: Spec, before: Spec): Cause[] {
  const once = "may not change once set";
  const both = (has: (type: string) => boolean) => has(spec.type) && has(before.type);
  const keepsIp = before.clusterIP && both((type) => type !== "ExternalName");
  const keepsClass = both((type) => type === "LoadBalancer");
  const [kind, kindBefore] = [spec.loadBalancerClass ?? null, before.loadBalancerClass ?? null];
  return [
    ...(keepsIp
      ? unlessSame("spec.clusterIPs[0]", [spec.clusterIP ?? ""], [before.clusterIP], once)
      : []),
    ...(keepsClass ? unlessSame("spec.loadBalancerClass", kind, kindBefore, once) : []),
  ];
}

function ingressErrors({ type }: Spec, ingress: { ip?: string }[]): Cause[] {
  const field = "status.loadBalancer.ingress";
  const why = "may only be used when `spec.type` is 'LoadBalancer'";
  if (ingress.length > 0 && type !== "LoadBalancer") return [forbidden(field, why)];
  return ingress.flatMap(({ ip }, at) =>
    unless(!ip || parseAddress(ip), invalid(`${field}[${at}].ip`, ip, ADDRESS)),
  );
}
