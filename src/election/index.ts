/** Who announces: candidates, their order, and the readiness of endpoints. */
export { ElectionHashes } from "./election-hashes.ts";
export {
  type AliveSpeakers,
  type EligibilityInput,
  eligibleNodes,
  legacyEligibleNodes,
  nodesNotKnownDead,
} from "./eligible-nodes.ts";
export {
  electedNode,
  electionKey,
  electionOrder,
  legacyElectionKey,
  type Scores,
} from "./layer2-election.ts";
export {
  endpointsOfObject,
  endpointsOfSlices,
  type ServiceEndpoint,
  serviceOfSlice,
} from "./service-endpoints.ts";
