/** Who announces: candidates, their order, and the readiness of endpoints. */
export { ElectionHashes } from "./election-hashes.ts";
export { isNotReady, legacyEligibleNodes } from "./eligible-nodes.ts";
export { electedNode, legacyElectionKey } from "./layer2-election.ts";
export {
  endpointsOfObject,
  endpointsOfSlices,
  type ServiceEndpoint,
  serviceOfSlice,
} from "./service-endpoints.ts";
