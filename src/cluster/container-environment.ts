/** The environment and arguments of a container, from its pod and what it refers to. Pure. */
import type { ConfigMap, Secret } from "../kube/index.ts";
import type { Container, EnvVar, KeySelector, Pod } from "./objects.ts";

/** Configuration of a pod's namespace, as far as pods refer to it. */
export interface References {
  readonly secrets: readonly Secret[];
  readonly configMaps: readonly ConfigMap[];
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

/** The content of a Secret or ConfigMap, decoded; undefined when it does not exist. */
export function contentOf(
  kind: "secret" | "configmap",
  name: string,
  { secrets, configMaps }: References,
): Record<string, Buffer> | undefined {
  const objects: readonly (Secret | ConfigMap)[] = kind === "secret" ? secrets : configMaps;
  const found = objects.find(({ metadata }) => metadata.name === name);
  const encoding = kind === "secret" ? "base64" : "utf8";
  const entries = Object.entries(found?.data ?? {});
  return found && Object.fromEntries(entries.map(([k, text]) => [k, Buffer.from(text, encoding)]));
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
  if (secretKeyRef) return referredValue("secret", secretKeyRef, { pod, references });
  if (configMapKeyRef) return referredValue("configmap", configMapKeyRef, { pod, references });
  throw new ContainerConfigError(`env ${name}: unknown valueFrom`);
}

function referredValue(
  kind: "secret" | "configmap",
  { name, key, optional }: KeySelector,
  { pod, references }: { pod: Pod; references: References },
): string | undefined {
  const content = contentOf(kind, name, references);
  const stored = content?.[key];
  if (stored !== undefined || optional) return stored?.toString();
  if (!content) throw new ContainerConfigError(`${kind} "${name}" not found`);
  const where = `${kind === "secret" ? "Secret" : "ConfigMap"} ${pod.metadata.namespace}/${name}`;
  throw new ContainerConfigError(`couldn't find key ${key} in ${where}`);
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
