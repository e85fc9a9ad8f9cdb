/** Whether an object that somebody wrote by hand has the shape that the rules rely on. */
import type { Finding } from "../config/index.ts";
import type { KubeObject } from "../kube/index.ts";

/** Answers with the path of the first misshapen part, or undefined. */
type Shape = (value: unknown, path: string) => string | undefined;

const text: Shape = (value, path) => (typeof value === "string" ? undefined : path);
const whole: Shape = (value, path) => (Number.isInteger(value) ? undefined : path);

const listOf =
  (item: Shape): Shape =>
  (value, path) => {
    if (!Array.isArray(value)) return path;
    return firstFault(value, (one, index) => item(one, `${path}[${index}]`));
  };

const textMap: Shape = (value, path) => {
  if (!isRecord(value)) return path;
  return firstFault(Object.entries(value), ([key, one]) => text(one, `${path}.${key}`));
};

/** Fields with a null are absent to Kubernetes; those not listed may be anything. */
const record =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (value, path) => {
    if (!isRecord(value)) return path;
    return firstFault(Object.entries(fields), ([name, shape]) => {
      const field = Object.hasOwn(value, name) ? value[name] : undefined;
      const fieldPath = path === "" ? name : `${path}.${name}`;
      return field === undefined || field === null ? undefined : shape(field, fieldPath);
    });
  };

const metadata = record({
  name: text,
  namespace: text,
  labels: textMap,
  annotations: textMap,
  creationTimestamp: text,
});

const endpointAddress = record({ ip: text, nodeName: text });
const subset = record({
  addresses: listOf(endpointAddress),
  notReadyAddresses: listOf(endpointAddress),
});
const port = record({ protocol: text, port: whole });
const serviceSpec = record({
  type: text,
  clusterIP: text,
  clusterIPs: listOf(text),
  ipFamilies: listOf(text),
  ipFamilyPolicy: text,
  ports: listOf(port),
  selector: textMap,
  externalTrafficPolicy: text,
  loadBalancerIP: text,
  loadBalancerClass: text,
});
const ingress = listOf(record({ ip: text, hostname: text }));

const shapes = new Map<string, Shape>([
  ["Service", record({ spec: serviceSpec, status: record({ loadBalancer: record({ ingress }) }) })],
  [
    "Node",
    record({
      status: record({
        conditions: listOf(record({ type: text, status: text })),
        addresses: listOf(record({ type: text, address: text })),
      }),
    }),
  ],
  [
    "EndpointSlice",
    record({ endpoints: listOf(record({ nodeName: text, conditions: record({}) })) }),
  ],
  ["Endpoints", record({ subsets: listOf(subset) })],
  ["ConfigMap", record({ data: textMap })],
  ["Secret", record({ type: text, data: textMap, stringData: textMap })],
]);

/** The finding about an object that cannot be looked at, or undefined. */
export function findMalformed(object: KubeObject): Finding | undefined {
  const { kind = "" } = object;
  const name: unknown = isRecord(object.metadata) ? object.metadata.name : undefined;
  const fault =
    typeof name === "string" && name !== ""
      ? (metadata(object.metadata, "metadata") ?? shapes.get(kind)?.(object, ""))
      : "metadata.name";
  if (fault === undefined) return undefined;
  return {
    code: "PLAN-4",
    severity: "error",
    object: `${kind} ${typeof name === "string" ? name : "without a name"}`,
    path: fault,
    message: "the field is missing or of the wrong type, so the object is left out",
    fix: `write it as \`kubectl explain ${kind.toLowerCase()}.${fault.replace(/\[\d+\]/g, "")}\` says`,
  };
}

function firstFault<T>(
  values: readonly T[],
  faultOf: (value: T, index: number) => string | undefined,
): string | undefined {
  for (const [index, value] of values.entries()) {
    const fault = faultOf(value, index);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
