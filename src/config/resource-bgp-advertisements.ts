/** BGPAdvertisements are attached to the pools that they select (CFG-30..CFG-34, CFG-38). */
import type { BGPAdvertisement } from "../kube/index.ts";
import type { BgpAdvertisement } from "./config.ts";
import { nameOf, type FindingList } from "./finding-list.ts";
import { checkLengths, readLengths } from "./resource-aggregation.ts";
import { refuseRepeats, selectNodes, selectPools, type Targets } from "./resource-attachment.ts";
import { compileCommunities, type CommunityAliases } from "./resource-communities.ts";
import { Fields } from "./resource-fields.ts";
import { LocalPrefs } from "./resource-local-prefs.ts";
import { SelectorList } from "./resource-selectors.ts";
import { isSameValue } from "./same-value.ts";

/** CFG-38; the API server has no two objects of one name, but files may. */
export function refuseEqualBgpAdvertisements(
  objects: readonly BGPAdvertisement[],
  findings: FindingList,
): void {
  const byName = new Map<string, BGPAdvertisement>();
  for (const object of objects) {
    const name = nameOf(object);
    if (isSameValue(byName.get(name), object)) {
      const message = `a second BGPAdvertisement "${name}" equals the first`;
      const fix = "remove one of the two";
      findings.begin("BGPAdvertisement", object).add({ code: "CFG-38", path: "", message, fix });
    }
    byName.set(name, object);
  }
}

export function attachBgpAdvertisements(
  objects: readonly BGPAdvertisement[],
  context: { readonly targets: Targets; readonly aliases: CommunityAliases },
  findings: FindingList,
): void {
  const localPrefs = new LocalPrefs(context.targets.nodes.size);
  for (const object of objects) {
    const report = findings.begin("BGPAdvertisement", object);
    const spec = new Fields(object?.spec, "spec", report, "CRD-12");
    const read = readLists(spec);
    const advertisement = compileAdvertisement(nameOf(object), { spec, read, ...context });
    const told = new Set<string>();
    for (const pool of selectPools(read.pools, read.poolSelectors, context.targets)) {
      checkLengths(advertisement, pool, { spec, told });
      localPrefs.check(advertisement, pool, { spec, told });
      pool.bgpAdvertisements.push(advertisement);
    }
  }
}

/** All lists, each without repeats; MetalLB looks for these before anything else. */
function readLists(spec: Fields) {
  const lists = {
    pools: spec.words("ipAddressPools"),
    communities: spec.words("communities"),
    peers: spec.words("peers"),
    poolSelectors: new SelectorList(spec, "ipAddressPoolSelectors"),
    nodeSelectors: new SelectorList(spec, "nodeSelectors"),
    serviceSelectors: new SelectorList(spec, "serviceSelectors"),
  };
  refuseRepeats(lists.pools, "CFG-34", spec);
  refuseRepeats(lists.communities, "CFG-30", spec);
  refuseRepeats(lists.peers, "CFG-34", spec);
  lists.poolSelectors.refuseRepeats();
  lists.nodeSelectors.refuseRepeats();
  lists.serviceSelectors.refuseRepeats();
  return lists;
}

interface AdvertisementContext {
  readonly spec: Fields;
  readonly read: ReturnType<typeof readLists>;
  readonly targets: Targets;
  readonly aliases: CommunityAliases;
}

function compileAdvertisement(
  name: string,
  { spec, read, targets, aliases }: AdvertisementContext,
): BgpAdvertisement {
  const peers = read.peers.map(({ text }) => text);
  return {
    name,
    ...readLengths(spec, read.serviceSelectors.length > 0),
    localPref: spec.integer("localPref", 0, 0xffff_ffff) ?? 0,
    peers: peers.length === 0 ? undefined : new Set(peers),
    ...compileCommunities(read.communities, aliases, spec),
    nodes: selectNodes(read.nodeSelectors, targets.nodes),
    serviceSelectors: read.serviceSelectors.compileSorted(),
  };
}
