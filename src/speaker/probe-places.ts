/** Where this node can ask on the wire whether an address is free: the rules, without a network. */

import { type Config, poolContaining } from "../config/index.ts";
import { type IpAddress, parsePrefix, prefixContains } from "../ip/index.ts";
import { canAsk, hasCarrier, type InterfacePlan, type NetworkInterface } from "../layer2/index.ts";

export interface ProbeGround {
  /** In force here; undefined: none yet. */
  readonly config: Config | undefined;
  readonly nodeName: string;
  readonly plan: InterfacePlan;
}

export type ProbePlace =
  | { readonly kind: "here"; readonly on: ReadonlySet<string> }
  /** In words, why not. Without the address, so that a thousand of them are one trouble. */
  | { readonly kind: "elsewhere"; readonly why: string };

/**
 * A node is on the segment of an address if it would announce it there: by an advertisement for this node, on an
 * interface that the advertisement names, or else on one that has a subnet with the address. Without a carrier nobody
 * hears the questions, though the kernel takes them.
 */
export function probePlace(ip: IpAddress, ground: ProbeGround): ProbePlace {
  const { config, nodeName, plan } = ground;
  if (config === undefined) return elsewhere("its speaker has no configuration yet");
  const pool = poolContaining(config, ip);
  if (pool === undefined) return elsewhere("its speaker knows no such pool yet");
  if (pool.l2Advertisements.length === 0) return elsewhere("no L2Advertisement selects the pool");
  const advertisements = pool.l2Advertisements.filter(({ nodes }) => nodes?.has(nodeName) ?? true);
  if (advertisements.length === 0) return elsewhere("no L2Advertisement of the pool is for it");
  const inSubnet = namesInSubnet(ip, plan.all);
  const able = plan.asking.filter((on) => canAsk(on, ip.family));
  const names = able
    .map(({ name }) => name)
    .filter((name) =>
      advertisements.some(({ interfaces }) => interfaces?.has(name) ?? inSubnet.has(name)),
    );
  const linked = names.filter((name) => isLinked(name, plan.all));
  if (linked.length > 0) return { kind: "here", on: new Set(linked) };
  if (names.length > 0) return elsewhere("its interface on the segment has no carrier");
  return elsewhere("no interface that announces is named or has a subnet with the address");
}

/** The interface of this machine that has the address itself: nobody would answer us. */
export function ownInterface(
  text: string,
  interfaces: readonly NetworkInterface[],
): NetworkInterface | undefined {
  return interfaces.find(({ addresses }) => addresses.includes(text));
}

function isLinked(name: string, interfaces: readonly NetworkInterface[]): boolean {
  return interfaces.some((one) => one.name === name && hasCarrier(one));
}

function namesInSubnet(
  ip: IpAddress,
  interfaces: readonly NetworkInterface[],
): ReadonlySet<string> {
  const contains = (text: string): boolean => {
    const subnet = parsePrefix(text);
    return subnet !== undefined && prefixContains(subnet, ip);
  };
  const found = interfaces.filter(({ subnets = [] }) => subnets.some(contains));
  return new Set(found.map(({ name }) => name));
}

function elsewhere(why: string): ProbePlace {
  return { kind: "elsewhere", why };
}
