/** The kubeconfig that reaches this server. */
import { stringify } from "yaml";

/** YAML for kubectl; `ca` is PEM, `token` a bearer token. */
export function kubeconfigFor(
  url: string,
  access: { ca?: string | undefined; token?: string | undefined },
): string {
  const { ca, token } = access;
  const authority = ca ? { "certificate-authority-data": Buffer.from(ca).toString("base64") } : {};
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "metallb", cluster: { server: url, ...authority } }],
    users: [{ name: "admin", user: token ? { token } : {} }],
    contexts: [{ name: "metallb", context: { cluster: "metallb", user: "admin" } }],
    "current-context": "metallb",
  });
}
