/** One validated configuration from the text or the objects that users write. */
export {
  isAvoided,
  isBuggyAddress,
  poolContaining,
  spreadsAddresses,
  type BfdProfile,
  type BgpAdvertisement,
  type Config,
  type Generation,
  type L2Advertisement,
  type NodeNames,
  type Peer,
  type Pool,
  type ServiceAllocation,
} from "./config.ts";
export { findingText, isError, type Finding } from "./finding.ts";
export { AliasTargets, findControlCharacter, yamlProblem } from "./yaml-aliases.ts";
export { findDeepNesting } from "./yaml-nesting.ts";
export type { ConfigError, ConfigErrorCode } from "./config-error.ts";
export {
  compileConfigMap,
  type CompileResult,
  type ConfigMapGeneration,
} from "./from-configmap.ts";
export { readLegacyDocument, type LegacyDocument } from "./legacy-document.ts";
export { preempt, preemptAnnotation, spreadAnnotation } from "./ownership-annotations.ts";
export { parseDuration, parseDurationSeconds } from "./duration.ts";
export { matchesAnySelector } from "./selector.ts";
export { findStrandedAddress, type HeldAddress, type TransitionRefusal } from "./transitions.ts";
export {
  ConfigSource,
  type ConfigInput,
  type ConfigOutcome,
  type ConfigSourceOptions,
  type HeldAddresses,
} from "./config-source.ts";
export {
  compileResources,
  type CompiledResources,
  type CompileOptions,
  type CompileScope,
} from "./from-resources.ts";
export type { ConfigObject } from "./resource-store.ts";
export {
  emptyResourceSet,
  withoutTransient,
  type ConfigKind,
  type ResourceSet,
} from "./resource-set.ts";
export { ownAnnotations, settingProblem } from "./own-annotations.ts";
