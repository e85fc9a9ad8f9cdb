/** The file in which operators give memberlist's numbers: ConfigMap metallb-memberlist-config, mounted (ML-131). */

import { parseDuration } from "../config/index.ts";
import type { Timings } from "../memberlist/index.ts";
import { readMountedFile } from "./mounted-file.ts";

const FILE = "/etc/metallb/memberlist/config.json";

type Kind = "duration" | "number" | "boolean";

/** The keys in the file, what they hold, and whose number they are. */
const keys: readonly (readonly [key: string, kind: Kind, field: keyof Timings])[] = [
  ["TCPTimeout", "duration", "tcpTimeoutMs"],
  ["IndirectChecks", "number", "indirectChecks"],
  ["RetransmitMult", "number", "retransmitMult"],
  ["SuspicionMult", "number", "suspicionMult"],
  ["SuspicionMaxTimeoutMult", "number", "suspicionMaxTimeoutMult"],
  ["PushPullInterval", "duration", "pushPullIntervalMs"],
  ["ProbeTimeout", "duration", "probeTimeoutMs"],
  ["ProbeInterval", "duration", "probeIntervalMs"],
  ["DisableTcpPings", "boolean", "disableTcpPings"],
  ["AwarenessMaxMultiplier", "number", "awarenessMaxMultiplier"],
  ["GossipNodes", "number", "gossipNodes"],
  ["GossipInterval", "duration", "gossipIntervalMs"],
  ["GossipToTheDeadTime", "duration", "gossipToTheDeadMs"],
  ["GossipVerifyIncoming", "boolean", "gossipVerifyIncoming"],
  ["GossipVerifyOutgoing", "boolean", "gossipVerifyOutgoing"],
  ["EnableCompression", "boolean", "enableCompression"],
  ["HandoffQueueDepth", "number", "handoffQueueDepth"],
  ["UDPBufferSize", "number", "udpBufferSize"],
  ["QueueCheckInterval", "duration", "queueCheckIntervalMs"],
];

/** Undefined without the file. Throws where the speaker must not start: a half-read file could switch off encryption. */
export function readTimingsFile(file = FILE): Timings | undefined {
  const mend = "mend the ConfigMap metallb-memberlist-config and restart the speaker";
  return readMountedFile(file, parseTimings, mend);
}

/** All of the keys must be there, of any kind (ML-132); unknown ones are ignored. Throws with the first that is wrong. */
export function parseTimings(text: string): Timings {
  const document: unknown = JSON.parse(text);
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new Error("it must hold a JSON object");
  }
  const given = new Map(Object.entries(document));
  const values = keys.map(([key, kind, field]) => [field, readValue(given.get(key), key, kind)]);
  return Object.fromEntries(values) as Timings;
}

function readValue(value: unknown, key: string, kind: Kind): number | boolean {
  if (value === undefined)
    throw new Error(`${key} is missing: all of memberlist's keys are needed`);
  const shown = JSON.stringify(value).slice(0, 100);
  switch (kind) {
    case "boolean":
      if (typeof value === "boolean") return value;
      throw new Error(`${key}: ${shown} must be true or false`);
    case "number":
      if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
      throw new Error(`${key}: ${shown} must be a whole number, 0 or more`);
    default: {
      const duration = typeof value === "string" ? parseDuration(value) : undefined;
      if (duration !== undefined && duration > 0n) return Number(duration) / 1e6;
      throw new Error(`${key}: ${shown} must be a duration above zero, such as "200ms"`);
    }
  }
}
