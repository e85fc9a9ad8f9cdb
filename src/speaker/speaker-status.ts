/** The page `/status` of a speaker: what it does on the LAN just now, for `metallb status`. */

import { countsByAddress } from "./layer2-counts.ts";
import type { Layer2Announcer } from "./layer2-announcer.ts";

type Announcing = Pick<
  Layer2Announcer,
  "addresses" | "counts" | "kernelCounts" | "kernelStatus" | "way"
>;

/** What the page holds: plain data, a part of its own for each thing that a speaker does. `wire`: what is seen there. */
export function speakerStatus(nodeName: string, announcer: Announcing, wire: object): object {
  return { self: nodeName, layer2: layer2Status(announcer), wire };
}

function layer2Status(announcer: Announcing): object {
  const inKernel = announcer.kernelCounts();
  const kernel = announcer.kernelStatus();
  const protocols = announcer.counts().map(({ protocol, interfaces, drops }) => {
    const family = protocol === "arp" ? 4 : 6;
    const counted = [...countsByAddress(announcer.addresses.counters(), inKernel?.answers)];
    const answers = counted.filter(([ip]) => ip.includes(":") === (family === 6));
    return {
      protocol,
      interfaces,
      addresses: [...announcer.addresses.addresses(family)].length,
      answers: answers.reduce((sum, [, { responsesSent }]) => sum + responsesSent, 0),
      answersInKernel: answers.reduce((sum, [ip]) => sum + (inKernel?.answers.get(ip) ?? 0), 0),
      drops: Object.fromEntries([...drops].filter(([, frames]) => frames > 0)),
    };
  });
  return {
    ...announcer.way,
    protocols,
    ...(kernel !== undefined && { kernel: { ...kernel, passedOn: inKernel?.passedOn } }),
  };
}
