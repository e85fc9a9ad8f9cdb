/** The least of a cluster around the API server: workloads, endpoints, kubelets, a service proxy. */
export { refOf } from "./actions.ts";
export { ControlLoop, type ControlLoopOptions } from "./control-loop.ts";
export type { KubeletOptions } from "./kubelet.ts";
export { isNodeReady, isPodReady, type Pod } from "./objects.ts";
export { readPodLog } from "./pod-log.ts";
export type { TokenUser } from "./service-accounts.ts";
