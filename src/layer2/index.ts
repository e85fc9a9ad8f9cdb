/** ARP for announced addresses: codecs, the responder, bursts of gratuitous ARP, the choice of interfaces. */
export {
  type AddressCounters,
  AnnouncedAddresses,
  type InterfaceSet,
} from "./announced-addresses.ts";
export {
  type BurstCommand,
  type BurstEvent,
  gratuitousArpFrames,
  GratuitousBursts,
  ROUND_PERIOD_MS,
} from "./gratuitous.ts";
export { BROADCAST_MAC, ETHERTYPE_ARP } from "./ethernet-frame.ts";
export {
  type ArpInterface,
  compileExclusion,
  type InterfacePlan,
  type NetworkInterface,
  planInterfaces,
} from "./interface-plan.ts";
export {
  answerArp,
  type AnsweringInterface,
  type ArpOutcome,
  type DropReason,
  type ReceivedFrame,
} from "./responder.ts";
