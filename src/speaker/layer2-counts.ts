/** The announcer and the kernel count; the metrics and the status page take their numbers when they are asked. */

import type { AddressCounters } from "../layer2/index.ts";
import type { SpeakerMetrics } from "../platform/index.ts";
import type { Layer2Announcer } from "./layer2-announcer.ts";

type Layer2Metrics = Omit<SpeakerMetrics, "announced">;
type Counting = Pick<Layer2Announcer, "addresses" | "counts" | "kernelCounts" | "way">;

/**
 * L2-140, L2-141, L2-142 by address, of both protocols and both ways. Drops are user space's alone: what the kernel does
 * not answer it passes on, so user space sees and counts it.
 */
export function showLayer2Counts(metrics: Layer2Metrics, announcer: Counting): void {
  const { requestsReceived, responsesSent, gratuitousSent, dropped, responders } = metrics;
  const { wayInUse, passedOn, kernelTroubles } = metrics;
  const ofKernel = [wayInUse, passedOn, kernelTroubles];
  for (const metric of [requestsReceived, responsesSent, gratuitousSent, dropped, ...ofKernel]) {
    metric.reset();
  }
  // First: reading them may show that the kernel's part is over.
  const kernel = announcer.kernelCounts();
  const { way, reason } = announcer.way;
  wayInUse.set(1, { way, reason });
  for (const [ip, count] of countsByAddress(announcer.addresses.counters(), kernel?.answers)) {
    requestsReceived.inc(count.requestsReceived, { ip });
    responsesSent.inc(count.responsesSent, { ip });
    gratuitousSent.inc(count.gratuitousSent, { ip });
  }
  for (const { protocol, interfaces, drops } of announcer.counts()) {
    responders.set(interfaces.length, { protocol });
    for (const [reason, frames] of drops) dropped.inc(frames, { protocol, reason });
  }
  if (kernel === undefined) return;
  for (const [reason, frames] of Object.entries(kernel.passedOn)) passedOn.inc(frames, { reason });
  for (const [kind, times] of kernel.troubles) kernelTroubles.inc(times, { kind });
}

/** By canonical text of the address: an answer in the kernel is a request received and a response sent. */
export function* countsByAddress(
  ofUserSpace: ReadonlyMap<string, Readonly<AddressCounters>>,
  inKernel: ReadonlyMap<string, number> = new Map(),
): IterableIterator<[ip: string, counts: AddressCounters]> {
  for (const [ip, { requestsReceived, responsesSent, gratuitousSent }] of ofUserSpace) {
    const answers = inKernel.get(ip) ?? 0;
    yield [
      ip,
      {
        requestsReceived: requestsReceived + answers,
        responsesSent: responsesSent + answers,
        gratuitousSent,
      },
    ];
  }
}
