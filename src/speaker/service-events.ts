/** What a speaker tells the owners of services in events (L2-150, L2-151). */

import { type Generation, preemptAnnotation } from "../config/index.ts";
import { preemptProblem } from "../election/index.ts";
import { formatAddress } from "../ip/index.ts";
import type { EventNote, ObjectReference } from "../kube/index.ts";
import type { Announcement, KnownService } from "./announcements.ts";

/** This node announces the service; later releases name the protocol. */
export function nodeAssigned(
  object: ObjectReference,
  node: string,
  generation: Generation,
): EventNote {
  const protocol = generation === "legacy" ? "" : ' with protocol "layer2"';
  const message = `announcing from node "${node}"${protocol}`;
  return { object, type: "Normal", reason: "nodeAssigned", message };
}

/** This node is elected, but has none of the interfaces that the advertisements list (L2-86): one for each address. */
export function announceFailed(
  object: ObjectReference,
  node: string,
  { ips, protocol }: Announcement,
): EventNote[] {
  return ips.map((ip) => {
    const where = `assigned node "${node}" with protocol "${protocol}"`;
    const message = `the interfaces specified by LB IP "${formatAddress(ip)}" doesn't exist in ${where}`;
    return { object, type: "Warning", reason: "announceFailed", message };
  });
}

/** Ours: the advertisements ask for a node in the subnet of the address, and none of those can answer. */
export function announcedOutsideSubnet(
  object: ObjectReference,
  node: string,
  { ips: [ip] }: Announcement,
): EventNote {
  const address = ip === undefined ? "" : formatAddress(ip);
  const message =
    `no node that may announce ${address} and can answer has an interface with an address in its subnet, ` +
    `as metallb-ts/subnet-aware asks; node "${node}" announces it all the same`;
  return { object, type: "Warning", reason: "NoNodeInSubnet", message };
}

/** The Service's own wish about its owner is not followed. */
export function preemptIgnored(
  { reference: object, view }: KnownService,
  generation: Generation,
): EventNote[] {
  const isAsked = Object.hasOwn(view.annotations, preemptAnnotation);
  if (!isAsked) return [];
  const legacy = `the annotation ${preemptAnnotation} has no effect with a ConfigMap: use custom resources`;
  const message = generation === "legacy" ? legacy : preemptProblem(view);
  if (message === undefined) return [];
  return [{ object, type: "Warning", reason: "preemptIgnored", message }];
}
