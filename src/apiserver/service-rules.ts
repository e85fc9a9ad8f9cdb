/** Services: their defaults, what changes with their type, and which of them are valid. */
import { fieldError, type Cause } from "./api-error.ts";
import { parseAddress, parsePrefix } from "../ip/index.ts";
import { equal, type ApiObject } from "./api-object.ts";

interface Port {
  name?: string;
  protocol: string;
  port: number;
  targetPort?: number | string;
  nodePort?: number;
}

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
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
  if (Array.isArray(spec.ports)) {
    spec.ports = spec.ports.map((port: Port) => ({
      ...port,
      targetPort: port.targetPort || port.port,
    }));
  }
  return { ...object, spec, status: statusWithModes(object.status ?? {}) };
}

function dropEmptyAddresses(spec: ApiObject["spec"]): void {
  for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) {
    if (!spec[field]?.length) delete spec[field];
  }
}

function defaultAffinity(spec: ApiObject["spec"]): void {
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
  const drop = (field: string, needed: (spec: ApiObject["spec"]) => boolean) => {
    if (needed(before) && !needed(spec) && equal(spec[field], before[field])) delete spec[field];
  };
  drop("externalTrafficPolicy", ({ type }) => isExternal(type));
  drop("allocateLoadBalancerNodePorts", ({ type }) => type === "LoadBalancer");
  drop("loadBalancerClass", ({ type }) => type === "LoadBalancer");
  drop("healthCheckNodePort", needsHealthCheckPort);
  for (const field of [
    "clusterIP",
    "clusterIPs",
    "ipFamilies",
    "ipFamilyPolicy",
    "internalTrafficPolicy",
  ]) {
    drop(field, ({ type }) => type !== "ExternalName");
  }
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

function keptAllocations(spec: ApiObject["spec"], before: ApiObject["spec"]): ApiObject["spec"] {
  const both = (has: (one: ApiObject["spec"]) => boolean) => has(before) && has(spec);
  if (both(({ type }) => type !== "ExternalName")) keepClusterIps(spec, before);
  if (both(({ type }) => isExternal(type))) keepNodePorts(spec, before);
  if (both(needsHealthCheckPort)) spec.healthCheckNodePort ||= before.healthCheckNodePort;
  return spec;
}

function keepClusterIps(spec: ApiObject["spec"], before: ApiObject["spec"]): void {
  spec.clusterIP ??= before.clusterIP;
  if (spec.clusterIP === before.clusterIP) spec.clusterIPs ??= before.clusterIPs;
  spec.ipFamilies ??= before.ipFamilies;
  spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
}

function keepNodePorts(spec: ApiObject["spec"], before: ApiObject["spec"]): void {
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

export function needsHealthCheckPort(spec: ApiObject["spec"]): boolean {
  return spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
}

/** Field errors of a service, in the order and the words of the real server. */
export function serviceErrors(object: ApiObject, old?: ApiObject): Cause[] {
  const { spec } = object;
  return [
    ...portsErrors(spec),
    ...(TYPES.includes(spec.type) ? [] : [fieldError.notSupported("spec.type", spec.type, TYPES)]),
    ...(["None", "ClientIP"].includes(spec.sessionAffinity)
      ? []
      : [
          fieldError.notSupported("spec.sessionAffinity", spec.sessionAffinity, [
            "ClientIP",
            "None",
          ]),
        ]),
    ...externalNameErrors(spec),
    ...addressErrors(spec),
    ...trafficPolicyErrors(spec),
    ...(old ? immutableErrors(spec, old.spec) : []),
    ...ingressErrors(object),
  ];
}

function externalNameErrors(spec: ApiObject["spec"]): Cause[] {
  if (spec.type !== "ExternalName" || spec.externalName) return [];
  return [fieldError.required("spec.externalName")];
}

const ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

function addressErrors(spec: ApiObject["spec"]): Cause[] {
  const external: string[] = spec.externalIPs ?? [];
  const ranges: string[] =
    spec.type === "LoadBalancer" ? (spec.loadBalancerSourceRanges ?? []) : [];
  const range = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
  return [
    ...external.flatMap((text, at) =>
      parseAddress(text) ? [] : [fieldError.invalid(`spec.externalIPs[${at}]`, text, ADDRESS)],
    ),
    ...ranges.flatMap((text, at) =>
      parsePrefix(text.trim())
        ? []
        : [fieldError.invalid(`spec.LoadBalancerSourceRanges[${at}]`, text, range)],
    ),
  ];
}

function portsErrors(spec: ApiObject["spec"]): Cause[] {
  const ports: Port[] = spec.ports ?? [];
  const mayLackPorts = spec.clusterIP === "None" || spec.type === "ExternalName";
  if (ports.length === 0) return mayLackPorts ? [] : [fieldError.required("spec.ports")];
  const causes: Cause[] = [];
  for (const [at, port] of ports.entries())
    causes.push(...portErrors(port, ports, `spec.ports[${at}]`));
  for (const [at, port] of ports.entries()) {
    const field = `spec.ports[${at}]`;
    const same = ports.findIndex((one) => one.protocol === port.protocol && one.port === port.port);
    if (same < at) causes.push(fieldError.duplicate(field, shownPort(port)));
    if (port.nodePort && !isExternal(spec.type)) {
      causes.push(
        fieldError.forbidden(
          `${field}.nodePort`,
          `may not be used when \`type\` is '${spec.type}'`,
        ),
      );
    }
  }
  return causes;
}

/** Go prints its internal structure in this one message. */
function shownPort(port: Port): unknown {
  return {
    Name: port.name ?? "",
    Protocol: port.protocol,
    AppProtocol: null,
    Port: port.port,
    TargetPort: 0,
    NodePort: 0,
  };
}

function portErrors(port: Port, all: readonly Port[], field: string): Cause[] {
  const supported = PROTOCOLS.includes(port.protocol);
  return [
    ...portNameErrors(port, all, field),
    ...(isPort(port.port) ? [] : [fieldError.invalid(`${field}.port`, port.port, PORT_RANGE)]),
    ...(supported ? [] : [fieldError.notSupported(`${field}.protocol`, port.protocol, PROTOCOLS)]),
    ...targetPortErrors(port, `${field}.targetPort`),
  ];
}

const PORT_RANGE = "must be between 1 and 65535, inclusive";

function isPort(number: number): boolean {
  return number >= 1 && number <= 65_535;
}

function portNameErrors(port: Port, all: readonly Port[], path: string): Cause[] {
  const field = `${path}.name`;
  const { name } = port;
  if (!name) return all.length > 1 ? [fieldError.required(field)] : [];
  const isLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name);
  const isFirst = all.find((one) => one.name === name) === port;
  return [
    ...(isLabel ? [] : [fieldError.invalid(field, name, PORT_NAME)]),
    ...(isFirst ? [] : [fieldError.duplicate(field, name)]),
  ];
}

function targetPortErrors({ targetPort }: Port, field: string): Cause[] {
  if (typeof targetPort === "number") {
    return isPort(targetPort) ? [] : [fieldError.invalid(field, targetPort, PORT_RANGE)];
  }
  if (targetPort === undefined || /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(targetPort)) return [];
  const why = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
  return [fieldError.invalid(field, targetPort, why)];
}

const PORT_NAME =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

function trafficPolicyErrors(spec: ApiObject["spec"]): Cause[] {
  const causes: Cause[] = [];
  const policies = ["Cluster", "Local"];
  const { externalTrafficPolicy: external, internalTrafficPolicy: internal } = spec;
  if (external && !isExternal(spec.type)) {
    const why = "may only be set for externally-accessible services";
    causes.push(fieldError.invalid("spec.externalTrafficPolicy", external, why));
  } else if (external && !policies.includes(external)) {
    causes.push(fieldError.notSupported("spec.externalTrafficPolicy", external, policies));
  }
  if (internal && !policies.includes(internal)) {
    causes.push(fieldError.notSupported("spec.internalTrafficPolicy", internal, policies));
  }
  if (spec.loadBalancerClass && spec.type !== "LoadBalancer") {
    const why = "may only be used when `type` is 'LoadBalancer'";
    causes.push(fieldError.forbidden("spec.loadBalancerClass", why));
  }
  return causes;
}

function immutableErrors(spec: ApiObject["spec"], before: ApiObject["spec"]): Cause[] {
  const causes: Cause[] = [];
  const once = "may not change once set";
  const moved = before.clusterIP && spec.clusterIP !== before.clusterIP;
  if (moved && spec.type !== "ExternalName" && before.type !== "ExternalName") {
    const wanted = spec.clusterIP === undefined ? [""] : [spec.clusterIP];
    causes.push(fieldError.invalid("spec.clusterIPs[0]", wanted, once));
  }
  const stays = spec.type === "LoadBalancer" && before.type === "LoadBalancer";
  if (stays && spec.loadBalancerClass !== before.loadBalancerClass) {
    causes.push(fieldError.invalid("spec.loadBalancerClass", spec.loadBalancerClass ?? null, once));
  }
  return causes;
}

function ingressErrors(object: ApiObject): Cause[] {
  const ingress: { ip?: string }[] = object.status?.loadBalancer?.ingress ?? [];
  if (ingress.length > 0 && object.spec.type !== "LoadBalancer") {
    const why = "may only be used when `spec.type` is 'LoadBalancer'";
    return [fieldError.forbidden("status.loadBalancer.ingress", why)];
  }
  return ingress.flatMap(({ ip }, at) =>
    !ip || parseAddress(ip)
      ? []
      : [fieldError.invalid(`status.loadBalancer.ingress[${at}].ip`, ip, ADDRESS)],
  );
}
