/** What the status of MetalLB's own objects should say, as values. */
export { mergeConditions } from "./conditions.ts";
export {
  conditionOf,
  configurationStateOf,
  fieldOwner,
  isLabelledAs,
  labelPatch,
  resultOf,
  unknownErrorCode,
  type ConfigurationStateOwner,
} from "./configuration-state.ts";
export { poolCounters, poolStatusOf, showsPoolStatus, type PoolStatus } from "./pool-status.ts";
export {
  nextStatusAction,
  serviceBgpStatuses,
  serviceL2Statuses,
  serviceOfStatus,
  statusesAbout,
  statusesOfNode,
  statusesOfOthers,
  type ServiceAnnouncement,
  type ServiceStatus,
  type ServiceStatusKind,
  type StatusAction,
  type StatusWriter,
} from "./service-status.ts";
