/** Flags that plan and explain share: how MetalLB runs, and where the cluster is. */
import { bgpTypes } from "./plan-input.ts";
import { readRing } from "./read-ring.ts";

export const planFlags = {
  mode: {
    type: "string",
    choices: bgpTypes,
    help: "METALLB_BGP_TYPE of the programs; native unless given",
  },
  namespace: {
    type: "string",
    short: "n",
    value: "NAMESPACE",
    help: "MetalLB's own; metallb-system unless given",
  },
  "lb-class": { type: "string", value: "CLASS", help: "--lb-class of the programs" },
  ring: {
    type: "string",
    value: "FILE|URL",
    help: "what metallb members -o json prints, or the page it asks: who is there, and can answer",
  },
  "ignore-exclude-lb": { type: "boolean", help: "--ignore-exclude-lb of the speakers" },
} as const;

export const clusterFlags = {
  kubeconfig: {
    type: "string",
    value: "FILE",
    help: "$KUBECONFIG or ~/.kube/config unless given",
  },
  context: { type: "string", value: "NAME", help: "context of the kubeconfig" },
} as const;

interface GivenFlags {
  readonly mode: string | undefined;
  readonly namespace: string | undefined;
  readonly ring: string | undefined;
  readonly "lb-class": string | undefined;
  readonly "ignore-exclude-lb": boolean;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

/** What the flags mean for reading and planning. Throws `UnreadableError`. */
export async function planOptions(given: GivenFlags) {
  const { mode, namespace, kubeconfig, context, ...flags } = given;
  return {
    bgpType: bgpTypes.find((known) => known === mode) ?? "native",
    namespace: namespace ?? "metallb-system",
    loadBalancerClass: flags["lb-class"] ?? "",
    ignoresExcludeLabel: flags["ignore-exclude-lb"],
    ring: await readRing(flags.ring),
    kubeconfig,
    context,
  };
}
