/** Who announces: candidates, their order, and the readiness of endpoints. */
export { equallyReady, notReadyBy } from "./advertised-readiness.ts";
export {
  addressesAnnotation,
  addressesMoved,
  addressMoved,
  type AddressMove,
  duration,
  moveAnnotation,
  moveText,
  parseMove,
  whyMoved,
} from "./address-move.ts";
export { AddressClaims } from "./address-claims.ts";
export { spreadAddresses } from "./address-spread.ts";
export { legacyBgpEndpoints } from "./bgp-endpoints.ts";
export { uniteAttributes } from "./bgp-paths.ts";
export {
  bgpRoutes,
  bgpSessions,
  type BgpNode,
  type BgpRoute,
  type BgpRoutesInput,
  type BgpSessions,
} from "./bgp-routes.ts";
export {
  type ElectionRefusal,
  type ElectionSubject,
  objectionOf,
  refusalOf,
  type ServiceObjection,
} from "./election-outcome.ts";
export { isNotReady } from "./eligible-nodes.ts";
export { Electorate, type NodeObjection } from "./electorate.ts";
export { advertisementsFor, interfacesOn } from "./layer2-advertisements.ts";
export {
  layer2Candidates,
  type Layer2Candidate,
  type Layer2Question,
} from "./layer2-candidates.ts";
export { LegacyElection } from "./legacy-election.ts";
export { ModernElection } from "./modern-election.ts";
export { type OwnerStanding, standingWords } from "./owner-standing.ts";
export { ownershipOf, preemptProblem } from "./ownership.ts";
export {
  endpointsOfObject,
  endpointsOfSlice,
  endpointsOfSlices,
  type ServiceEndpoint,
  serviceOfSlice,
} from "./service-endpoints.ts";
