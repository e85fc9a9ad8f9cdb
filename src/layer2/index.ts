/** ARP and NDP for announced addresses: codecs, responders, unasked announcements, the choice of interfaces. */
export {
  type AddressCounters,
  AnnouncedAddresses,
  type InterfaceSet,
} from "./announced-addresses.ts";
export {
  type AnsweringAbility,
  type AnsweringInterface,
  canAnswerNow,
  formatAbility,
  parseAbility,
  unknownAbility,
} from "./answering-ability.ts";
export { type AskingInterface, canAsk } from "./asking-interfaces.ts";
export { ETHERTYPE_ARP, ETHERTYPE_IPV6 } from "./ethernet-frame.ts";
export { type BurstEvent, GratuitousBursts, PACE_MS, ROUND_PERIOD_MS } from "./gratuitous.ts";
export {
  type ArpInterface,
  compileExclusion,
  type InterfacePlan,
  type NdpInterface,
  type NetworkInterface,
  planInterfaces,
} from "./interface-plan.ts";
export { hasCarrier, linkHoldMs, LinkWatch, type LinkNews } from "./link-watch.ts";
export { solicitedNodeGroup } from "./multicast-address.ts";
export { probeFrames, questionFrame } from "./question-frames.ts";
export type { Drop, ReceivedFrame, Reply } from "./resolution.ts";
export { arp, ndp, type ResolutionProtocol } from "./resolution-protocols.ts";
export { RingNeighbors } from "./ring-neighbors.ts";
export { sightArp, type Sighting, sightNdp } from "./sighting.ts";
export { strictArpAdvice } from "./strict-arp.ts";
