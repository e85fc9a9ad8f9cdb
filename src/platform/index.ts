/** The only folder with effects: sockets, files, clocks, the API server. */

export { monotonicMs, NamedTimers, timestamp } from "./clock.ts";
export { Informer, type InformerOptions } from "./informer.ts";
export { hasStatus, KubeApiError } from "./kube-api-error.ts";
export {
  KubeClient,
  resourcePath,
  type DeleteOptions,
  type ListOptions,
  type ListResult,
  type PatchOptions,
  type ResourceRef,
  type Selectors,
  type WatchOptions,
} from "./kube-client.ts";
export {
  KubeConfigError,
  loadKubeConnection,
  serviceAccountDir,
  type KubeConfigSource,
  type KubeConnection,
} from "./kube-config.ts";
