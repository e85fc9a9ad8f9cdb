/** Who announces: candidates, their order, and the readiness of endpoints. */
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
export { isNotReady } from "./eligible-nodes.ts";
export { Electorate } from "./electorate.ts";
export { interfacesOn } from "./layer2-advertisements.ts";
export {
  layer2Candidates,
  type Layer2Candidate,
  type Layer2Question,
} from "./layer2-candidates.ts";
export { LegacyElection } from "./legacy-election.ts";
export { type ElectionRefusal, ModernElection } from "./modern-election.ts";
export {
  endpointsOfObject,
  endpointsOfSlices,
  type ServiceEndpoint,
  serviceOfSlice,
} from "./service-endpoints.ts";
