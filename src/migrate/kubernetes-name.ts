/** Names of a ConfigMap's pools and profiles as names of Kubernetes objects (MIG-6). */

const fitting = /^[a-z][-a-z0-9]{0,61}[a-z0-9]$/;

/** The name as it is if it fits, else the nearest that does in most cases; undefined without a letter. */
export function kubernetesName(name: string): string | undefined {
  if (fitting.test(name)) return name;
  const text = name.slice(0, 63).toLowerCase().replaceAll("_", "-");
  const first = text.search(/[a-z]/);
  return first === -1 ? undefined : text.slice(first);
}
