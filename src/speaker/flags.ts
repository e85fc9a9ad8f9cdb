/** The speaker's command line: v0.9.5's flags, those to run outside a pod, and v0.16's (LC-40, LC-41, INS-3). */

import {
  clusterFlags,
  type FlagResult,
  type FlagSpecs,
  type FlagValues,
  modernFlags,
  parseGoFlags,
  parseTlsFlags,
  switchFlag,
  textFlag,
} from "../platform/index.ts";
import { responderChoices } from "./layer2-way.ts";

/** v0.16's flags of the speaker alone that have no effect before the custom-resource generation. */
export const modernSpeakerFlags = {
  "ml-secret-key-path": textFlag("folder with the gossip secret in file secretkey", {
    env: "METALLB_ML_SECRET_KEY_PATH",
  }),
  "ml-wan-config": switchFlag("gossip timers for wide area networks"),
  "ignore-exclude-lb": switchFlag("announce from nodes excluded by label too"),
  "frrk8s-namespace": textFlag("namespace of frr-k8s", { env: "FRRK8S_NAMESPACE" }),
  "frrk8s-secret-passthrough": switchFlag("hand secret references to frr-k8s"),
  "bgp-debounce-timeout": {
    kind: "int",
    default: 3000,
    usage: "milliseconds to collect changes before they are sent to FRR",
    env: "METALLB_BGP_DEBOUNCE_TIMEOUT",
  },
} as const satisfies FlagSpecs;

const speakerFlags = {
  port: {
    kind: "port",
    default: 80,
    usage: "port of the metrics page; without --config 9120, and 0: none",
  },
  config: textFlag("name of the ConfigMap", { fallback: "config" }),
  host: textFlag("address of the metrics page", { env: "METALLB_HOST" }),
  "node-name": textFlag("name of the node that this speaker runs on (required)", {
    env: "METALLB_NODE_NAME",
  }),
  "ml-bindaddr": textFlag("address for gossip between speakers", {
    env: "METALLB_ML_BIND_ADDR",
  }),
  "ml-bindport": textFlag("port for gossip between speakers, 7946 if empty", {
    env: "METALLB_ML_BIND_PORT",
  }),
  "ml-labels": textFlag("labels of the speaker pods, to find gossip peers", {
    env: "METALLB_ML_LABELS",
  }),
  "ml-namespace": textFlag("namespace of the speaker pods", { env: "METALLB_ML_NAMESPACE" }),
  "ml-secret-key": textFlag("secret that encrypts gossip", { env: "METALLB_ML_SECRET_KEY" }),
  "fast-failover": {
    kind: "bool",
    default: true,
    usage: "notice dead speakers of our own kind in under a second; false: gossip's own timers",
    env: "METALLB_FAST_FAILOVER",
  },
  "layer2-link-handover": {
    kind: "bool",
    default: true,
    usage:
      "hand addresses over while the interfaces that they are announced on are down; false: as MetalLB",
    env: "METALLB_LAYER2_LINK_HANDOVER",
  },
  "layer2-responder": textFlag(
    "who answers ARP and NDP: kernel (eBPF, with packet sockets behind it), packet (sockets alone), auto: as it can",
    { fallback: "auto", env: "METALLB_LAYER2_RESPONDER" },
  ),
  "wire-check": {
    kind: "bool",
    default: true,
    usage:
      "ask on the wire for addresses that other nodes announce, and look for other machines that use ours",
    env: "METALLB_WIRE_CHECK",
  },
  ...clusterFlags,
  ...modernFlags,
  ...modernSpeakerFlags,
} as const satisfies FlagSpecs;

export type SpeakerFlags = FlagValues<typeof speakerFlags>;

/** Reads the command line; environment variables stand in for absent flags (FL-1). */
export function parseSpeakerFlags(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): FlagResult<typeof speakerFlags> {
  const parsed = parseGoFlags("speaker", speakerFlags, argv, env);
  // Without --config the process looks like v0.16's (INS-36), down to the port of its metrics.
  const isModern = parsed.ok && !parsed.given.has("config") && !parsed.given.has("port");
  return isModern ? { ...parsed, values: { ...parsed.values, port: MODERN_PORT } } : parsed;
}

const MODERN_PORT = 9120;

/** BGP-1: a variable that is set, but empty, names none of them. */
const bgpTypes = ["native", "frr", "frr-k8s"];

/** The first value without which, or with which, the speaker must not start, as a sentence (FL-2: exit 1). */
export function findBadValue(flags: SpeakerFlags, bgpType: string): string | undefined {
  if (flags["node-name"] === "") {
    return "the node's name is unknown: set METALLB_NODE_NAME (from spec.nodeName) or --node-name";
  }
  if (!bgpTypes.includes(bgpType)) {
    return `METALLB_BGP_TYPE="${bgpType}": it must be one of ${bgpTypes.join(", ")}, or not set`;
  }
  const responder = flags["layer2-responder"];
  if (!responderChoices.includes(responder)) {
    return `--layer2-responder=${responder}: it must be one of ${responderChoices.join(", ")}`;
  }
  const debounceMs = flags["bgp-debounce-timeout"];
  if (debounceMs <= 0) {
    return `--bgp-debounce-timeout=${debounceMs}: it must be a positive number of milliseconds`;
  }
  if (flags["frrk8s-secret-passthrough"]) {
    const needs = "--frrk8s-secret-passthrough: it needs";
    if (bgpType !== "frr-k8s") return `${needs} METALLB_BGP_TYPE=frr-k8s, not "${bgpType}"`;
    if (flags["frrk8s-namespace"] === "") return `${needs} --frrk8s-namespace`;
  }
  const tls = parseTlsFlags(flags);
  return tls.ok ? undefined : tls.error;
}
