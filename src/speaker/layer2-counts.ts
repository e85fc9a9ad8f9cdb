/** The announcer counts; the metrics take its numbers when they are scraped. */

import type { SpeakerMetrics } from "../platform/index.ts";
import type { Layer2Announcer } from "./layer2-announcer.ts";

type Layer2Metrics = Pick<
  SpeakerMetrics,
  "requestsReceived" | "responsesSent" | "gratuitousSent" | "dropped" | "responders"
>;

/** L2-140, L2-141, L2-142 by address, of both protocols; drops and responders by protocol. */
export function showLayer2Counts(
  metrics: Layer2Metrics,
  announcer: Pick<Layer2Announcer, "addresses" | "counts">,
): void {
  const { requestsReceived, responsesSent, gratuitousSent, dropped, responders } = metrics;
  for (const metric of [requestsReceived, responsesSent, gratuitousSent, dropped]) metric.reset();
  for (const [ip, count] of announcer.addresses.counters()) {
    requestsReceived.inc(count.requestsReceived, { ip });
    responsesSent.inc(count.responsesSent, { ip });
    gratuitousSent.inc(count.gratuitousSent, { ip });
  }
  for (const { protocol, responders: count, drops } of announcer.counts()) {
    responders.set(count, { protocol });
    for (const [reason, frames] of drops) dropped.inc(frames, { protocol, reason });
  }
}
