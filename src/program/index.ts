/** What both programs are made of: the configuration, followed and reported. */
export { ConfigWatch, type ConfigWatchOptions } from "./config-watch.ts";
export {
  ConfigurationStateWriter,
  type ConfigurationStateOptions,
} from "./configuration-state-writer.ts";
export { openPages } from "./pages.ts";
export {
  mostAddresses,
  openReply,
  openRequest,
  probeKey,
  probePath,
  proofUnfit,
  type ProbeReply,
  type ProbeRequest,
  sealReply,
  sealRequest,
  type SpeakerAnswer,
} from "./probe-exchange.ts";
export { configKinds, type WatchedKind } from "./config-kinds.ts";
export { readOwnPod } from "./own-pod.ts";
export { Repeater } from "./repeater.ts";
