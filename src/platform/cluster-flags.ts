/** The flags that say which cluster and which namespace a program works in, and the client they lead to. */

import type { FlagSpecs, FlagValues } from "./go-flags.ts";
import { KubeClient } from "./kube-client.ts";
import { textFlag } from "./modern-flags.ts";

/** Our additions to v0.9.5: running outside a pod (LC-41). */
export const clusterFlags = {
  kubeconfig: textFlag("kubeconfig file, to run outside a pod"),
  namespace: textFlag("namespace of the configuration; default: that of the pod", {
    env: "METALLB_NAMESPACE",
  }),
  "config-ns": textFlag("old name of --namespace"),
} as const satisfies FlagSpecs;

/** A client, and the namespace of the configuration. Throws `KubeConfigError`, or an `Error` where no namespace is known. */
export function openCluster(
  flags: FlagValues<typeof clusterFlags>,
  env: Readonly<Record<string, string | undefined>>,
  program: "controller" | "speaker",
): { client: KubeClient; namespace: string } {
  const client = KubeClient.fromEnvironment({ kubeconfig: flags.kubeconfig, env }, program);
  const namespace = flags.namespace || flags["config-ns"] || client.connection.namespace;
  if (namespace === undefined) {
    throw new Error("the namespace of the configuration is unknown: give --namespace");
  }
  return { client, namespace };
}
