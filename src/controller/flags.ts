/** The controller's command line: v0.9.5's flags, those to run outside a pod, and v0.16's (LC-40, LC-41, INS-3). */

import {
  clusterFlags,
  modernFlags,
  parseGoFlags,
  parseTlsFlags,
  switchFlag,
  textFlag,
  type FlagResult,
  type FlagSpecs,
  type FlagValues,
} from "../platform/index.ts";

/** v0.16's flags of the controller alone; without effect beside `--config`. */
export const webhookFlags = {
  "webhook-mode": textFlag("enabled, disabled or onlywebhook", { fallback: "enabled" }),
  "webhook-secret": textFlag("secret of the webhook's certificates", {
    fallback: "metallb-webhook-cert",
  }),
  "webhook-http2": switchFlag("allow HTTP/2 to the webhook server"),
  "cert-service-name": textFlag("service in front of the webhook server", {
    fallback: "metallb-webhook-service",
  }),
  "cert-dir": textFlag("folder of the webhook's certificates", {
    fallback: "/tmp/k8s-webhook-server/serving-certs",
  }),
  "disable-cert-rotation": switchFlag("leave the webhook's certificates to somebody else"),
} as const;

/** v0.9.5's. */
const legacyPort = 7472;

const controllerFlags = {
  port: {
    kind: "port",
    default: 9120,
    usage: `port of the metrics page, ${legacyPort} beside --config; 0: none`,
  },
  config: textFlag("name of the ConfigMap; if given, we run as v0.9.5 did", {
    fallback: "config",
  }),
  ...clusterFlags,
  "ml-secret-name": textFlag("gossip secret to create if absent; empty: none", {
    env: "METALLB_ML_SECRET_NAME",
  }),
  deployment: textFlag("our Deployment, which will own that secret", {
    env: "METALLB_DEPLOYMENT",
  }),
  ...modernFlags,
  ...webhookFlags,
} as const satisfies FlagSpecs;

export type ControllerFlags = FlagValues<typeof controllerFlags>;

/** Reads the command line; environment variables stand in for absent flags (FL-1). */
export function parseControllerFlags(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): FlagResult<typeof controllerFlags> {
  const parsed = parseGoFlags("controller", controllerFlags, argv, env);
  if (!parsed.ok || !parsed.given.has("config") || parsed.given.has("port")) return parsed;
  return { ...parsed, values: { ...parsed.values, port: legacyPort } };
}

const webhookModes = ["enabled", "disabled", "onlywebhook"];

/** The first value that is well-formed but means nothing, as a sentence (FL-2: exit 1). */
export function findBadValue(flags: ControllerFlags): string | undefined {
  const tls = parseTlsFlags(flags);
  if (!tls.ok) return tls.error;
  const mode = flags["webhook-mode"];
  if (!webhookModes.includes(mode)) {
    return `--webhook-mode=${mode}: it must be one of ${webhookModes.join(", ")}`;
  }
  return undefined;
}
