/** L2Advertisements are attached to the pools that they select (CFG-34, CFG-37). */
import type { L2Advertisement as L2AdvertisementObject } from "../kube/index.ts";
import type { L2Advertisement, NodeNames } from "./config.ts";
import { nameOf, type FindingList } from "./finding-list.ts";
import type { LabelIndex } from "./label-index.ts";
import { readSetting, subnetAware } from "./own-annotations.ts";
import { preempt, spread } from "./ownership-annotations.ts";
import { refuseRepeats, selectNodes, selectPools, type Targets } from "./resource-attachment.ts";
import { Fields } from "./resource-fields.ts";
import type { PoolDraft } from "./resource-pools.ts";
import { compileOneSelector, selectorText, SelectorList } from "./resource-selectors.ts";

export function attachL2Advertisements(
  objects: readonly L2AdvertisementObject[],
  targets: Targets,
  findings: FindingList,
): void {
  const attached = new Map<PoolDraft, Set<string>>();
  const isTwin = (pool: PoolDraft, contents: string): boolean => {
    const known = attached.get(pool) ?? new Set<string>();
    const isKnown = known.has(contents);
    attached.set(pool, known.add(contents));
    return isKnown;
  };
  for (const object of objects) {
    const report = findings.begin("L2Advertisement", object);
    const spec = new Fields(object?.spec, "spec", report, "CRD-11");
    const names = spec.words("ipAddressPools");
    const lists = {
      pools: new SelectorList(spec, "ipAddressPoolSelectors"),
      nodes: new SelectorList(spec, "nodeSelectors"),
      services: new SelectorList(spec, "serviceSelectors"),
    };
    refuseRepeats(names, "CFG-34", spec);
    for (const list of Object.values(lists)) list.refuseRepeats();
    const nodes = selectNodes(lists.nodes, targets.nodes);
    const advertisement: L2Advertisement = {
      name: nameOf(object),
      nodes,
      interfaces: setOrAll(spec.words("interfaces").map(({ text }) => text)),
      serviceSelectors: lists.services.compileSorted(),
      preference: compilePreference(spec, nodes, targets.nodes),
      ...(readSetting(object, preempt, report) === "false" && { preempt: false }),
      ...(readSetting(object, spread, report) === "bounded" && { spread: "bounded" }),
    };
    const isAware = readSetting(object, subnetAware, report) === "true";
    const [plain, aware] = [advertisement, { ...advertisement, isSubnetAware: true }].map((one) => {
      return { one, contents: contentsOf(one, targets.nodes) };
    }) as [Attachable, Attachable];
    for (const pool of selectPools(names, lists.pools, targets)) {
      const { one, contents } = isAware || pool.isSubnetAware ? aware : plain;
      if (contents !== undefined && isTwin(pool, contents)) continue;
      pool.l2Advertisements.push(one);
    }
  }
}

interface Attachable {
  readonly one: L2Advertisement;
  readonly contents: string | undefined;
}

function setOrAll(names: readonly string[]): ReadonlySet<string> | undefined {
  return names.length === 0 ? undefined : new Set(names);
}

/** CFG-37: the weights of all preferences that a node meets add up, if it is eligible at all. */
function compilePreference(
  spec: Fields,
  eligible: NodeNames,
  nodes: LabelIndex,
): ReadonlyMap<string, number> {
  const scores = new Map<string, number>();
  for (const one of spec.objects("preferredNodeSelectors")) {
    const weight = one.integer("weight", 1, 100) ?? 0;
    const selector = compileOneSelector(one.inner("preference"));
    if (selector === undefined) continue;
    for (const node of nodes.namesMatching([selector])) {
      if (eligible?.has(node) === false) continue;
      scores.set(node, (scores.get(node) ?? 0) + weight);
    }
  }
  return new Map([...scores].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Equal for advertisements that announce the same, whatever their names. One that prefers nodes, or says who keeps
 * addresses, equals no other, as its twin would hide that.
 */
function contentsOf(advertisement: L2Advertisement, nodes: LabelIndex): string | undefined {
  const { nodes: names, interfaces, serviceSelectors, isSubnetAware } = advertisement;
  const { preference, preempt: preempts, spread: spreads } = advertisement;
  if (preference.size > 0 || preempts !== undefined || spreads !== undefined) return undefined;
  // Today, all known nodes by name are the same as no selector at all.
  const isAll = names === undefined || names.size === nodes.size;
  return JSON.stringify([
    isAll || [...names].sort(),
    interfaces === undefined || [...interfaces].sort(),
    serviceSelectors.map(selectorText),
    isSubnetAware === true,
  ]);
}
