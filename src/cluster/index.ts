/** The least of a cluster around the API server: workloads, endpoints, kubelets, a service proxy. */
export { refOf } from "./actions.ts";
export { ControlLoop } from "./control-loop.ts";
export type { KubeletOptions } from "./pod-worker.ts";
export type { Pod, Workload } from "./objects.ts";
export { readPodLog } from "./pod-log.ts";
