/** Whether an object has the types of its kind, as a strictly typed reader would find (WH-8); values are not judged. */

import type { ConfigKind } from "../config/index.ts";
import { isRecord, type JsonObject } from "./json-text.ts";

type Shape = "text" | "number" | "boolean" | readonly [Shape] | { readonly [field: string]: Shape };

const texts: Shape = ["text"];
const textMap: Shape = { "*": "text" };
const selector: Shape = {
  matchLabels: textMap,
  matchExpressions: [{ key: "text", operator: "text", values: texts }],
};
const selectors: Shape = [selector];

const metadata: Shape = {
  name: "text",
  generateName: "text",
  namespace: "text",
  labels: textMap,
  annotations: textMap,
};

const specs: Readonly<Record<ConfigKind, Shape>> = {
  IPAddressPool: {
    addresses: texts,
    autoAssign: "boolean",
    avoidBuggyIPs: "boolean",
    serviceAllocation: {
      priority: "number",
      namespaces: texts,
      namespaceSelectors: selectors,
      serviceSelectors: selectors,
    },
  },
  L2Advertisement: {
    ipAddressPools: texts,
    ipAddressPoolSelectors: selectors,
    nodeSelectors: selectors,
    interfaces: texts,
    serviceSelectors: selectors,
    preferredNodeSelectors: [{ weight: "number", preference: selector }],
  },
  BGPAdvertisement: {
    aggregationLength: "number",
    aggregationLengthV6: "number",
    localPref: "number",
    communities: texts,
    ipAddressPools: texts,
    ipAddressPoolSelectors: selectors,
    nodeSelectors: selectors,
    serviceSelectors: selectors,
    peers: texts,
  },
  BGPPeer: {
    myASN: "number",
    peerASN: "number",
    dynamicASN: "text",
    localASN: "number",
    peerAddress: "text",
    interface: "text",
    sourceAddress: "text",
    peerPort: "number",
    holdTime: "text",
    keepaliveTime: "text",
    connectTime: "text",
    routerID: "text",
    nodeSelectors: selectors,
    password: "text",
    passwordSecret: { name: "text", namespace: "text" },
    bfdProfile: "text",
    enableGracefulRestart: "boolean",
    ebgpMultiHop: "boolean",
    vrf: "text",
    disableMP: "boolean",
    dualStackAddressFamily: "boolean",
  },
  BFDProfile: {
    receiveInterval: "number",
    transmitInterval: "number",
    detectMultiplier: "number",
    echoInterval: "number",
    echoMode: "boolean",
    passiveMode: "boolean",
    minimumTtl: "number",
  },
  Community: { communities: [{ name: "text", value: "text" }] },
};

/** Where `object` is not what its kind says, as `spec.addresses[0]: must be text`; undefined when it is. Unknown fields are passed over. */
export function shapeFault(kind: ConfigKind, object: JsonObject): string | undefined {
  if (!isRecord(object.metadata)) return "metadata: must be an object";
  return faultOf({ metadata, spec: specs[kind] }, object, "");
}

function faultOf(shape: Shape, value: unknown, path: string): string | undefined {
  // Absent and null are the same to the API.
  if (value === undefined || value === null) return undefined;
  if (shape === "text") {
    return typeof value === "string" ? undefined : `${path}: must be text`;
  }
  if (shape === "number" || shape === "boolean") {
    return typeof value === shape ? undefined : `${path}: must be a ${shape}`;
  }
  return isListShape(shape) ? listFault(shape[0], value, path) : recordFault(shape, value, path);
}

function isListShape(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function listFault(item: Shape, value: unknown, path: string): string | undefined {
  if (!Array.isArray(value)) return `${path}: must be a list`;
  for (const [at, one] of value.entries()) {
    const fault = faultOf(item, one, `${path}[${at}]`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function recordFault(
  fields: { readonly [field: string]: Shape },
  value: unknown,
  path: string,
): string | undefined {
  if (!isRecord(value)) return `${path}: must be an object`;
  for (const [name, one] of Object.entries(value)) {
    const shape = Object.hasOwn(fields, name) ? fields[name] : fields["*"];
    if (shape === undefined) continue;
    const fault = faultOf(shape, one, path === "" ? name : `${path}.${name}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
