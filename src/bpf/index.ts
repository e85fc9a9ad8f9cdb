/** eBPF: an assembler, and the program that answers ARP and NDP in the kernel. */
export { type ResponderProgramOptions } from "./answer-steps.ts";
export { type KernelDropReason } from "./drop-reasons.ts";
export {
  addressKey,
  addressValue,
  answersOf,
  dropsOf,
  heartbeatValue,
  INTERFACE_SLOTS,
  interfaceKey,
  interfaceValue,
  type KernelInterface,
  MAP_SHAPES,
  type MapShape,
  type MapUse,
} from "./map-layout.ts";
export { responderProgram } from "./responder-program.ts";
