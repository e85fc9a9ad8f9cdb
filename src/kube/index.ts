/** Kubernetes words and machines without effects. */

export type * from "./objects.ts";
export type * from "./resources.ts";
export { conditionStatus, isReady } from "./conditions.ts";
export { EventCorrelator, type EventAction, type EventNote } from "./event-correlator.ts";
export { matchesLabels, type LabelExpression, type LabelSelector } from "./label-selector.ts";
export { formatJson, parseJson } from "./json-text.ts";
export { objectKey, serviceKey } from "./object-key.ts";
export { isOlderVersion } from "./resource-version.ts";
export {
  Reflector,
  type Failure,
  type ReflectorCommand,
  type ReflectorEvent,
  type ReflectorOptions,
} from "./reflector.ts";
export { viewService, type ServiceView } from "./service-view.ts";
export { WorkQueue } from "./work-queue.ts";
