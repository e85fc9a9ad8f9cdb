/** memberlist's numbers: how often members are asked, how long is waited, how far news are carried (gossip.md section 10). */

/** All times in milliseconds. */
export interface Timings {
  readonly tcpTimeoutMs: number;
  /** Members asked to ping a silent one for us. */
  readonly indirectChecks: number;
  readonly retransmitMult: number;
  readonly suspicionMult: number;
  readonly suspicionMaxTimeoutMult: number;
  readonly pushPullIntervalMs: number;
  readonly probeTimeoutMs: number;
  readonly probeIntervalMs: number;
  readonly disableTcpPings: boolean;
  readonly awarenessMaxMultiplier: number;
  readonly gossipNodes: number;
  readonly gossipIntervalMs: number;
  readonly gossipToTheDeadMs: number;
  readonly gossipVerifyIncoming: boolean;
  readonly gossipVerifyOutgoing: boolean;
  readonly enableCompression: boolean;
  /** Accepted for its name's sake: our machine has no queue between receiving and deciding (ML-95). */
  readonly handoffQueueDepth: number;
  /** The most bytes of a packet before label, key and checksum. */
  readonly udpBufferSize: number;
  /** Accepted for its name's sake, like the depth above. */
  readonly queueCheckIntervalMs: number;
}

/** What MetalLB's speakers run with unless told otherwise (ML-130). */
export const lanTimings: Timings = {
  tcpTimeoutMs: 10_000,
  indirectChecks: 3,
  retransmitMult: 4,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 6,
  pushPullIntervalMs: 30_000,
  probeTimeoutMs: 500,
  probeIntervalMs: 1000,
  disableTcpPings: false,
  awarenessMaxMultiplier: 8,
  gossipNodes: 3,
  gossipIntervalMs: 200,
  gossipToTheDeadMs: 30_000,
  gossipVerifyIncoming: true,
  gossipVerifyOutgoing: true,
  enableCompression: true,
  handoffQueueDepth: 1024,
  udpBufferSize: 1400,
  queueCheckIntervalMs: 30_000,
};

/** `--ml-wan-config` (ML-130). */
export const wanTimings: Timings = {
  ...lanTimings,
  tcpTimeoutMs: 30_000,
  suspicionMult: 6,
  pushPullIntervalMs: 60_000,
  probeTimeoutMs: 3000,
  probeIntervalMs: 5000,
  gossipNodes: 4,
  gossipIntervalMs: 500,
  gossipToTheDeadMs: 60_000,
};

/** How often one message is sent in a list of `members`, unreaped dead ones included (ML-91). */
export function retransmitLimit({ retransmitMult }: Timings, members: number): number {
  return retransmitMult * Math.ceil(Math.log10(members + 1));
}

/** How long one member passes one message on, and the others as long after it. */
export function newsMs(timings: Timings, members: number): number {
  const { gossipIntervalMs, gossipNodes } = timings;
  return Math.ceil(retransmitLimit(timings, members) / gossipNodes) * gossipIntervalMs;
}

/** Above 32 members the whole state is exchanged less often (ML-110). */
export function pushPullIntervalMs(timings: Timings, members: number): number {
  const { pushPullIntervalMs: interval } = timings;
  return members <= 32 ? interval : interval * (Math.ceil(Math.log2(members) - 5) + 1);
}
