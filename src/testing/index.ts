/** Fixtures of tests and benchmarks; shipped to nobody. */
export { ControllerProcess } from "./controller-process.ts";
export { LanProbe, monotonicNow } from "./lan-probe.ts";
export { LineProgram } from "./line-program.ts";
export { CabledNamespaces, whyNoNamespaces } from "./network-namespaces.ts";
export { enterPrivateNetwork, whyNoPrivateNetwork } from "./private-network.ts";
export {
  startMetallbCluster,
  type ClusterAnswer,
  type MetallbCluster,
  type MetallbClusterOptions,
} from "./metallb-cluster.ts";
