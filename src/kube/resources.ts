/** MetalLB's custom resources, group `metallb.io`, as the API server gives them (CRD-1..CRD-22). */

import type { LabelSelector } from "./label-selector.ts";
import type { KubeObject } from "./objects.ts";

export interface IPAddressPool extends KubeObject {
  spec: {
    addresses: string[];
    autoAssign?: boolean;
    avoidBuggyIPs?: boolean;
    serviceAllocation?: {
      priority?: number;
      namespaces?: string[];
      namespaceSelectors?: LabelSelector[];
      serviceSelectors?: LabelSelector[];
    };
  };
  /** int64 on the wire: a reader must not take them for exact numbers (ST-2). */
  status?: {
    assignedIPv4: number | bigint;
    assignedIPv6: number | bigint;
    availableIPv4: number | bigint;
    availableIPv6: number | bigint;
  };
}

export interface L2Advertisement extends KubeObject {
  spec?: {
    ipAddressPools?: string[];
    ipAddressPoolSelectors?: LabelSelector[];
    nodeSelectors?: LabelSelector[];
    interfaces?: string[];
    serviceSelectors?: LabelSelector[];
    preferredNodeSelectors?: { weight: number; preference: LabelSelector }[];
  };
}

export interface BGPAdvertisement extends KubeObject {
  spec?: {
    aggregationLength?: number;
    aggregationLengthV6?: number;
    localPref?: number;
    communities?: string[];
    ipAddressPools?: string[];
    ipAddressPoolSelectors?: LabelSelector[];
    nodeSelectors?: LabelSelector[];
    serviceSelectors?: LabelSelector[];
    peers?: string[];
  };
}

/** v1beta2, the stored version. */
export interface BGPPeer extends KubeObject {
  spec: {
    myASN: number;
    peerASN?: number;
    dynamicASN?: string;
    localASN?: number;
    peerAddress?: string;
    interface?: string;
    sourceAddress?: string;
    peerPort?: number;
    holdTime?: string;
    keepaliveTime?: string;
    connectTime?: string;
    routerID?: string;
    nodeSelectors?: LabelSelector[];
    password?: string;
    passwordSecret?: { name?: string; namespace?: string };
    bfdProfile?: string;
    enableGracefulRestart?: boolean;
    ebgpMultiHop?: boolean;
    vrf?: string;
    disableMP?: boolean;
    dualStackAddressFamily?: boolean;
  };
}

export interface BFDProfile extends KubeObject {
  spec?: {
    receiveInterval?: number;
    transmitInterval?: number;
    detectMultiplier?: number;
    echoInterval?: number;
    echoMode?: boolean;
    passiveMode?: boolean;
    minimumTtl?: number;
  };
}

export interface Community extends KubeObject {
  spec?: { communities?: { name?: string; value?: string }[] };
}

export interface ServiceL2Status extends KubeObject {
  status?: {
    node?: string;
    serviceName?: string;
    serviceNamespace?: string;
    interfaces?: { name?: string }[];
    /** Ours: what is seen on the wire. MetalLB's definition does not know it. */
    conditions?: Condition[];
  };
}

export interface ServiceBGPStatus extends KubeObject {
  status?: { node?: string; serviceName?: string; serviceNamespace?: string; peers?: string[] };
}

export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
}

export interface ConfigurationState extends KubeObject {
  status?: {
    result?: "Valid" | "Invalid" | "Unknown";
    errorSummary?: string;
    conditions?: Condition[];
  };
}

export interface Namespace extends KubeObject {
  status?: { phase?: string };
}
