/** The only folder with effects: sockets, files, clocks, the API server. */

export {
  makeCertificateAuthority,
  makeSelfSigned,
  makeServerCertificate,
  type CertificateWish,
  type KeyPair,
} from "./certificates.ts";
export { clusterFlags, openCluster } from "./cluster-flags.ts";
export {
  monotonicMs,
  NamedTimers,
  restartNumber,
  timestamp,
  timestampMs,
  timestampOfSecond,
} from "./clock.ts";
export { EventRecorder, referenceTo } from "./event-recorder.ts";
export {
  parseGoFlags,
  type FlagResult,
  type FlagSpec,
  type FlagSpecs,
  type FlagValues,
} from "./go-flags.ts";
export { fetchText } from "./fetch-text.ts";
export { GossipSockets, type GossipSocketOptions } from "./gossip-sockets.ts";
export { serveHealth, serveMetrics, type HttpServer, type JsonPages } from "./http-server.ts";
export {
  RequestRefused,
  serveHttps,
  type HttpsAnswer,
  type HttpsOptions,
  type HttpsRequest,
  type HttpsServer,
} from "./https-server.ts";
export {
  followKeyPair,
  readKeyPair,
  type KeyPairListener,
  type KeyPairResult,
} from "./key-pair-files.ts";
export { Informer, type InformerOptions } from "./informer.ts";
export { BpfError } from "./bpf-call.ts";
export { MapFullError } from "./bpf-map.ts";
export {
  HEARTBEAT_LIMIT_MS,
  KernelResponder,
  type AnsweringLink,
  type InterfaceTrouble,
  type KernelResponderOptions,
} from "./kernel-responder.ts";
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
  type KubeConfigSource,
  type KubeConnection,
} from "./kube-config.ts";
export {
  createLogger,
  logLevels,
  silentLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
} from "./logger.ts";
export type { Metric } from "./metric.ts";
export {
  Metrics,
  type PoolUsageRow,
  type ClientMetrics,
  type RingMetrics,
  type SpeakerMetrics,
  type WireMetrics,
} from "./metrics.ts";
export { MulticastMemberships } from "./multicast-memberships.ts";
export {
  readArpIgnore,
  scanNetworkInterfaces,
  watchNetworkInterfaces,
  type InterfaceWatchOptions,
} from "./network-interfaces.ts";
export {
  ARP_REQUEST_FILTER,
  arpSightingFilter,
  type SenderRange,
  NEIGHBOR_SIGHTING_FILTER,
  NEIGHBOR_SOLICITATION_FILTER,
  PacketSocket,
  type FilterInstruction,
  type PacketSocketOptions,
} from "./packet-socket.ts";
export type { TlsOptions } from "./tls-options.ts";
export { modernFlags, modernOnly, parseTlsFlags, switchFlag, textFlag } from "./modern-flags.ts";
export { type PostAnswer, TlsPoster } from "./post-text.ts";
export { processOutput, stopSignal, type Output, type StopSignal } from "./process.ts";
export { serveProfiles } from "./profiler.ts";
export { sendFrame } from "./send-frame.ts";
export { keepHeapSmall, keepReturningMemory } from "./small-heap.ts";
export { startProgram, type ProcessInterface, type ProgramStart } from "./start-program.ts";
