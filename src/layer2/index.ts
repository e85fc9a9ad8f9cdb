/** ARP for announced addresses: codecs, the responder, bursts of gratuitous ARP, the choice of interfaces. */
export {
  type AddressCounters,
  AnnouncedAddresses,
  type InterfaceSet,
} from "./announced-addresses.ts";
export {
  type BurstEvent,
  gratuitousArpFrames,
  GratuitousBursts,
  ROUND_PERIOD_MS,
} from "./gratuitous.ts";
export { ETHERTYPE_ARP } from "./ethernet-frame.ts";
export {
  type ArpInterface,
  compileExclusion,
  type NetworkInterface,
  planInterfaces,
} from "./interface-plan.ts";
export { answerArp, type ArpOutcome, type ReceivedFrame } from "./responder.ts";
export { strictArpAdvice } from "./strict-arp.ts";
