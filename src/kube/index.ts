/** Kubernetes words and machines without effects. */

export * from "./objects.ts";
export { objectKey, serviceKey, splitKey } from "./object-key.ts";
export {
  backOffMs,
  Reflector,
  type Failure,
  type ReflectorCommand,
  type ReflectorEvent,
  type ReflectorOptions,
} from "./reflector.ts";
