/** From flags, files and the machine's addresses to how this speaker takes part in gossip (ML-130, ML-150 to ML-152). */

import { networkInterfaces } from "node:os";
import { addressBytes, parseAddress } from "../ip/index.ts";
import { gossipKeys, lanTimings, type Timings, wanTimings } from "../memberlist/index.ts";
import { defaultBeatMs } from "../ring/index.ts";
import type { SpeakerFlags } from "./flags.ts";

export interface GossipSettings {
  /** Where the sockets listen. */
  readonly bindAddress: string;
  /** What others are told: the same, or our own address where we listen on all of them. */
  readonly advertised: Uint8Array;
  readonly port: number;
  /** The speakers' pods (ML-152). */
  readonly namespace: string;
  readonly labels: string;
  /** Primary first; empty: not encrypted. */
  readonly keys: readonly Uint8Array[];
  readonly timings: Timings;
  /** 0: no fast detector. */
  readonly beatMs: number;
}

export interface GossipSources {
  readonly flags: SpeakerFlags;
  readonly isModern: boolean;
  /** The namespace that we run in. */
  readonly namespace: string;
  readonly secret: string;
  /** From the file, which replaces the flag (ML-131). */
  readonly fileTimings: Timings | undefined;
}

const defaultPort = 7946;

/** Undefined, with the reason, where gossip is off (ML-150). Throws where the speaker must not start. */
export function gossipSettings(
  sources: GossipSources,
): { readonly settings: GossipSettings } | { readonly off: string } {
  const { flags, isModern, namespace, secret, fileTimings } = sources;
  const bindAddress = flags["ml-bindaddr"];
  const labels = flags["ml-labels"];
  const peersIn = isModern ? namespace : flags["ml-namespace"];
  const missing = [
    bindAddress === "" && "METALLB_ML_BIND_ADDR (--ml-bindaddr)",
    labels === "" && "METALLB_ML_LABELS (--ml-labels)",
    peersIn === "" && "METALLB_ML_NAMESPACE (--ml-namespace)",
  ].filter((name) => name !== false);
  if (missing.length > 0) return { off: `${missing.join(" and ")} not set` };
  const timings = fileTimings ?? (flags["ml-wan-config"] ? wanTimings : lanTimings);
  const settings: GossipSettings = {
    bindAddress,
    advertised: advertisedAddress(bindAddress),
    port: readPort(flags["ml-bindport"]),
    namespace: peersIn,
    labels,
    keys: gossipKeys(new TextEncoder().encode(secret), isModern ? 32 : 16),
    timings,
    beatMs: flags["fast-failover"] ? defaultBeatMs : 0,
  };
  return { settings };
}

function readPort(text: string): number {
  if (text === "") return defaultPort;
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port < 65_536) return port;
  throw new Error(`METALLB_ML_BIND_PORT="${text}": it must be a port number, such as 7946`);
}

function advertisedAddress(bindAddress: string): Uint8Array {
  const address = parseAddress(bindAddress);
  if (address === undefined) {
    throw new Error(
      `METALLB_ML_BIND_ADDR="${bindAddress}": it must be an IP address; take it from status.podIP`,
    );
  }
  if (address.value !== 0n) return addressBytes(address);
  const own = privateAddress(address.family);
  if (own !== undefined) return own;
  throw new Error(
    `METALLB_ML_BIND_ADDR="${bindAddress}" listens on all addresses, and none of them is private: give the one that other speakers reach`,
  );
}

/** The first private address (ML-151): RFC 1918, RFC 6598, RFC 4193. */
function privateAddress(family: 4 | 6): Uint8Array | undefined {
  const pattern =
    family === 4
      ? /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/
      : /^f[cd]/i;
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address, internal } of addresses ?? []) {
      const parsed = !internal && pattern.test(address) ? parseAddress(address) : undefined;
      if (parsed !== undefined) return addressBytes(parsed);
    }
  }
  return undefined;
}
