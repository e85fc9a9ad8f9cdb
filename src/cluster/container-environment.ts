/** The environment and arguments of a container, from its pod and what it refers to. Pure. */
import type { ConfigMap, Secret } from "../kube/index.ts";
import type { Container, EnvVar, Pod } from "./objects.ts";

/** Configuration that the pods of a node refer to, by `namespace/name`. */
export interface References {
  secret(namespace: string, name: string): Secret | undefined;
  configMap(namespace: string, name: string): ConfigMap | undefined;
}

export interface NodeFacts {
  readonly nodeName: string;
  readonly hostIP: string;
  readonly podIP: string;
}

/** The container cannot be made yet; the kubelet shows reason and message and tries again. */
export class ContainerConfigError extends Error {
  readonly code: string;

  constructor(message: string, code = "CreateContainerConfigError") {
    super(message);
    this.code = code;
  }
}

/** Throws ContainerConfigError, in the words of the real kubelet, when something referred to is missing. */
export function containerEnvironment(
  pod: Pod,
  container: Container,
  { references, facts }: { references: References; facts: NodeFacts },
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const variable of container.env ?? []) {
    const value = variableValue(variable, pod, { references, facts });
    if (value !== undefined) values[variable.name] = expand(value, values);
  }
  return values;
}

/** `$(NAME)` in arguments and values is replaced when NAME is known; `$$` is a dollar sign. */
export function expand(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([\w.-]+)\)/g, (found, name: string | undefined) =>
    name === undefined ? "$" : (values[name] ?? found),
  );
}

function variableValue(
  { name, value, valueFrom }: EnvVar,
  pod: Pod,
  { references, facts }: { references: References; facts: NodeFacts },
): string | undefined {
  if (valueFrom === undefined) return value ?? "";
  const { fieldRef, secretKeyRef, configMapKeyRef } = valueFrom;
  if (fieldRef) return fieldValue(fieldRef.fieldPath, pod, facts);
  const reference = secretKeyRef ?? configMapKeyRef;
  if (!reference) throw new ContainerConfigError(`env ${name}: unknown valueFrom`);
  return referredValue(reference, {
    kind: secretKeyRef ? "secret" : "configMap",
    namespace: pod.metadata.namespace ?? "default",
    references,
  });
}

function referredValue(
  { name, key, optional }: { name: string; key: string; optional?: boolean },
  at: { kind: "secret" | "configMap"; namespace: string; references: References },
): string | undefined {
  const found = at.references[at.kind](at.namespace, name);
  const stored = found?.data?.[key];
  if (stored !== undefined) {
    return at.kind === "secret" ? Buffer.from(stored, "base64").toString() : stored;
  }
  if (optional) return undefined;
  const kind = at.kind === "secret" ? "Secret" : "ConfigMap";
  if (found === undefined) {
    throw new ContainerConfigError(`${kind.toLowerCase()} "${name}" not found`);
  }
  throw new ContainerConfigError(`couldn't find key ${key} in ${kind} ${at.namespace}/${name}`);
}

function fieldValue(path: string, pod: Pod, facts: NodeFacts): string {
  const { metadata, spec } = pod;
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) return metadata[keyed[1] as "labels" | "annotations"]?.[keyed[2] ?? ""] ?? "";
  const fields: Record<string, string | undefined> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "metadata.uid": metadata.uid,
    "spec.nodeName": facts.nodeName,
    "spec.serviceAccountName": spec.serviceAccountName ?? "default",
    "status.hostIP": facts.hostIP,
    "status.podIP": facts.podIP,
    "status.podIPs": facts.podIP,
  };
  const value = fields[path];
  if (value === undefined) throw new ContainerConfigError(`unsupported fieldPath: ${path}`);
  return value;
}
