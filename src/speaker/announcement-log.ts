/** What the log says of announcements. */

import { formatAddress } from "../ip/index.ts";
import type { Announcement } from "./announcements.ts";
import type { SpeakerCommand } from "./speaker-messages.ts";

/** One address is written as v0.9.5 does, several as later releases do. */
export function logFields(
  service: string,
  { ips, pool, protocol }: Announcement,
): Readonly<Record<string, unknown>> {
  const texts = ips.map(formatAddress);
  const addresses = texts.length === 1 ? { ip: texts[0] } : { ips: texts };
  return { service, ...addresses, pool, protocol };
}

export function notSupportedLog(service: string): SpeakerCommand {
  const msg =
    "not announced: this speaker announces addresses of pools with protocol layer2; " +
    "give the service an address of such a pool";
  return { kind: "log", level: "warn", fields: { op: "setBalancer", service, msg } };
}
