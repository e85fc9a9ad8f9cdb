/** The speaker's command line: v0.9.5's flags, and two of later releases to run it outside a pod (LC-40, LC-41). */

import { type FlagResult, type FlagSpecs, parseGoFlags } from "../platform/index.ts";

const speakerFlags = {
  port: { kind: "port", default: 80, usage: "port of the metrics page" },
  config: { kind: "string", default: "config", usage: "name of the ConfigMap" },
  host: {
    kind: "string",
    default: "",
    usage: "address of the metrics page",
    env: "METALLB_HOST",
  },
  "node-name": {
    kind: "string",
    default: "",
    usage: "name of the node that this speaker runs on (required)",
    env: "METALLB_NODE_NAME",
  },
  "ml-bindaddr": {
    kind: "string",
    default: "",
    usage: "address for gossip between speakers",
    env: "METALLB_ML_BIND_ADDR",
  },
  "ml-bindport": {
    kind: "string",
    default: "",
    usage: "port for gossip between speakers, 7946 if empty",
    env: "METALLB_ML_BIND_PORT",
  },
  "ml-labels": {
    kind: "string",
    default: "",
    usage: "labels of the speaker pods, to find gossip peers",
    env: "METALLB_ML_LABELS",
  },
  "ml-namespace": {
    kind: "string",
    default: "",
    usage: "namespace of the speaker pods",
    env: "METALLB_ML_NAMESPACE",
  },
  "ml-secret-key": {
    kind: "string",
    default: "",
    usage: "secret that encrypts gossip",
    env: "METALLB_ML_SECRET_KEY",
  },
  kubeconfig: {
    kind: "string",
    default: "",
    usage: "kubeconfig file, to run outside a pod",
  },
  namespace: {
    kind: "string",
    default: "",
    usage: "namespace of the ConfigMap; default: that of the pod",
    env: "METALLB_NAMESPACE",
  },
} as const satisfies FlagSpecs;

/** Reads the command line; environment variables stand in for absent flags. */
export function parseSpeakerFlags(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): FlagResult<typeof speakerFlags> {
  return parseGoFlags("speaker", speakerFlags, argv, env);
}
