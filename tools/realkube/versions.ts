/** Which Kubernetes the project tests against, and where its binaries are kept between runs. */
import { homedir } from "node:os";
import { join } from "node:path";

export const kubernetesVersion = "v1.36.3";

/** Upstream's release builds drop gRPC's tracing pages by this tag, and so do we. */
export const buildTags = "grpcnotrace";

export type Component =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-proxy"
  | "kube-scheduler"
  | "kubectl"
  | "kubelet";

/** The folder that builds fill and later runs read; it is shared by all checkouts of a user. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(base, "realkube", kubernetesVersion);
}

/** What a component's stamp says before the Go version: its own version and the build tags. */
export function stampPrefix(component: Component): string {
  const version = component === "etcd" ? `of-${kubernetesVersion}` : kubernetesVersion;
  return `${component} ${version} ${buildTags} `;
}
