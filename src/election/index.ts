/** Who announces: candidates, their order, and the readiness of endpoints. */
export { isNotReady } from "./eligible-nodes.ts";
export { LegacyElection } from "./legacy-election.ts";
export {
  endpointsOfObject,
  endpointsOfSlices,
  type ServiceEndpoint,
  serviceOfSlice,
} from "./service-endpoints.ts";
