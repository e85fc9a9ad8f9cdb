/** Compiled configurations of layer 2 pools, made directly: for tests of what follows from them. */
import type { Config, L2Advertisement, Pool } from "../config/index.ts";
import { parsePrefix } from "../ip/index.ts";

export function advertisement(more: Partial<L2Advertisement> = {}): L2Advertisement {
  const all = { nodes: undefined, interfaces: undefined };
  return { name: "ad", ...all, serviceSelectors: [], preference: new Map(), ...more };
}

export function poolOf(name: string, prefixes: string[], ads = [advertisement()]): Pool {
  return {
    name,
    prefixes: prefixes.map((text) => parsePrefix(text)!),
    autoAssign: true,
    avoidBuggyIps: false,
    l2Advertisements: ads,
    bgpAdvertisements: [],
  };
}

export function configOf(...pools: Pool[]): Config {
  const byName = new Map(pools.map((pool) => [pool.name, pool]));
  return { generation: "modern", pools: byName, peers: [] };
}
