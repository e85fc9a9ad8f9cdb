/** The program at tc ingress: answers for announced addresses, and leaves everything else as it was. */
import { answerArpRequest } from "./arp-steps.ts";
import type { ResponderProgramOptions } from "./answer-steps.ts";
import { assemble } from "./assembler.ts";
import { KERNEL_DROP_REASONS } from "./drop-reasons.ts";
import { packet } from "./frame-steps.ts";
import {
  at,
  atomicAdd,
  exit,
  jump,
  jumpIf,
  label,
  load,
  loadMapValue,
  move,
  r0,
  r1,
  r2,
  type Step,
} from "./instruction.ts";
import { ETHERTYPE_ARP, ETHERTYPE_IPV6, PACKET, TCX_NEXT, wire16 } from "./kernel-interface.ts";
import { answerSolicitation } from "./solicitation-steps.ts";

/**
 * The whole program, ready for the kernel. What it answers goes out at once and is seen by nobody else; every other
 * packet is passed on unchanged.
 */
export function responderProgram(options: ResponderProgramOptions): Uint8Array {
  return assemble([
    move(packet, r1),
    load(r1, 32, at(packet, PACKET.protocol)),
    jumpIf(r1, "==", wire16(ETHERTYPE_ARP), "arp"),
    jumpIf(r1, "==", wire16(ETHERTYPE_IPV6), "ipv6"),
    jump("pass"),
    label("arp"),
    ...answerArpRequest(options),
    label("ipv6"),
    ...answerSolicitation(options),
    ...countDrop(options.maps.drops),
    label("pass"),
    move(r0, TCX_NEXT),
    exit(),
  ]);
}

/**
 * A label for each reason; behind them the reason is counted. Without CAP_PERFMON the kernel allows no address of a
 * counter that is computed, so each is named.
 */
function countDrop(drops: number): Step[] {
  return [
    ...KERNEL_DROP_REASONS.flatMap((reason, index) => [
      label(reason),
      loadMapValue(r1, drops, index * 8),
      jump("count-drop"),
    ]),
    label("count-drop"),
    move(r2, 1),
    atomicAdd(at(r1, 0), r2),
  ];
}
