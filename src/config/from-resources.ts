/** The custom resources become a Config, or the list of all that is wrong with them. */
import type { KubeObject } from "../kube/index.ts";
import type { Config } from "./config.ts";
import { refuseEchoWithIpv6 } from "./echo-conflicts.ts";
import { type Finding, isError } from "./finding.ts";
import { FindingList, nameOf } from "./finding-list.ts";
import { refuseForFrr } from "./frr-limits.ts";
import { LabelIndex } from "./label-index.ts";
import { refuseForNative } from "./native-limits.ts";
import { PoolMemory } from "./pool-memory.ts";
import { targetsOf } from "./resource-attachment.ts";
import { compileBfdProfiles } from "./resource-bfd-profiles.ts";
import {
  attachBgpAdvertisements,
  refuseEqualBgpAdvertisements,
} from "./resource-bgp-advertisements.ts";
import { compileAliases } from "./resource-communities.ts";
import { Fields } from "./resource-fields.ts";
import { attachL2Advertisements } from "./resource-l2-advertisements.ts";
import { warnOfProbesWithoutLayer2 } from "./probe-annotation.ts";
import { compilePeers } from "./resource-peers.ts";
import { compilePools, finishPool } from "./resource-pools.ts";
import { emptyResourceSet, type ConfigKind, type ResourceSet } from "./resource-set.ts";
import { SelectorList } from "./resource-selectors.ts";
import { matchesAnySelector } from "./selector.ts";

export interface CompileOptions {
  /** Whose limits apply: `native`, `frr`, `frr-k8s`, or another word; undefined: nobody's (CFG-26..29). */
  readonly bgpType: string | undefined;
  /** MetalLB's own, for the names of objects in findings. */
  readonly namespace: string;
  /** What the controller reads, everything, or what the speaker of one node reads (CFG-3). */
  readonly scope: CompileScope;
  /** Passwords go to FRR-K8s as names of secrets, which are not looked at (CFG-23). */
  readonly passesSecrets?: boolean;
  /** False where secrets cannot be seen, as for files: what they hold is not checked. */
  readonly knowsSecrets?: boolean;
}

export type CompileScope = "controller" | "everything" | { readonly nodeName: string };

export interface CompiledResources {
  /** Present iff no finding is an error: all or nothing (CFG-2). */
  readonly config?: Config;
  /** All that is wrong; the first error is the one that MetalLB would report. */
  readonly findings: readonly Finding[];
}

/**
 * Compiles in the order of CFG-2. Never throws, whatever the shape of the objects; changes none.
 * Who compiles again and again hands in the same memory each time.
 */
export function compileResources(
  resources: ResourceSet,
  options: CompileOptions,
  memory = new PoolMemory(),
): CompiledResources {
  const list = new FindingList(options.namespace);
  const sorted = selectScope(sortAll(resources), options.scope, list);
  const nodes = new LabelIndex(sorted.nodes);
  refuseLimits(sorted, { nodes, ...options }, list);
  const bfdProfiles = compileBfdProfiles(sorted.bfdProfiles, list);
  const peers = compilePeers(
    sorted.peers,
    {
      bfdProfiles,
      secrets: sorted.secrets,
      knowsSecrets: options.knowsSecrets ?? true,
      passesSecrets: options.passesSecrets ?? false,
    },
    list,
  );
  const aliases = compileAliases(sorted.communities, list);
  const namespaces = new LabelIndex(sorted.namespaces);
  const pools = compilePools(sorted.pools, { namespaces, memory }, list);
  const targets = targetsOf(pools, nodes);
  attachL2Advertisements(sorted.l2Advertisements, targets, list);
  refuseEqualBgpAdvertisements(sorted.bgpAdvertisements, list);
  attachBgpAdvertisements(sorted.bgpAdvertisements, { targets, aliases }, list);
  refuseEchoWithIpv6(pools.values(), { objects: sorted.peers, compiled: peers, bfdProfiles }, list);
  // Programs see only some of the advertisements.
  if (options.scope === "everything") warnOfProbesWithoutLayer2(pools, list);
  const findings = list.toFindings();
  if (findings.some(isError)) return { findings };
  const config: Config = {
    generation: "modern",
    pools: new Map([...pools].map(([name, draft]) => [name, finishPool(draft)])),
    peers,
    ...(bfdProfiles.size > 0 && { bfdProfiles }),
    ...(sorted.bgpExtras && { bgpExtras: sorted.bgpExtras }),
  };
  return { config, findings };
}

/** CFG-26..CFG-29: in a speaker, whatever is not native is FRR. */
function refuseLimits(
  resources: ResourceSet,
  { bgpType, scope, nodes }: CompileOptions & { readonly nodes: LabelIndex },
  list: FindingList,
): void {
  const isSpeaker = typeof scope === "object";
  const isFrr = bgpType === "frr" || bgpType === "frr-k8s";
  if (bgpType === "native") refuseForNative(resources, list);
  else if (isFrr || (isSpeaker && bgpType !== undefined)) {
    refuseForFrr(resources.peers, nodes, list);
  }
}

/** CFG-1. */
function sortAll(resources: ResourceSet): ResourceSet {
  return {
    ...resources,
    pools: sortByName(resources.pools),
    l2Advertisements: sortByName(resources.l2Advertisements),
    bgpAdvertisements: sortByName(resources.bgpAdvertisements),
    peers: sortByName(resources.peers),
    bfdProfiles: sortByName(resources.bfdProfiles),
    communities: sortByName(resources.communities),
  };
}

function sortByName<T extends KubeObject>(objects: readonly T[]): readonly T[] {
  const named = objects.map((object) => ({ name: nameOf(object), object }));
  named.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  return named.map(({ object }) => object);
}

/** CFG-3: what the program reads at all. */
function selectScope(resources: ResourceSet, scope: CompileScope, list: FindingList): ResourceSet {
  if (scope === "everything") return resources;
  if (scope === "controller") {
    const { pools, communities, namespaces } = resources;
    return { ...emptyResourceSet, pools, communities, namespaces };
  }
  const labels = resources.nodes.get(scope.nodeName) ?? {};
  const isHere = (kind: ConfigKind, rule: string) => (object: KubeObject) => {
    const { spec } = (object ?? {}) as { spec?: unknown };
    const report = list.begin(kind, object);
    const selectors = new SelectorList(new Fields(spec, "spec", report, rule), "nodeSelectors");
    const compiled = selectors.compile();
    if (report.problems.length > 0) return false;
    return selectors.length === 0 || matchesAnySelector(compiled, labels);
  };
  return {
    ...resources,
    bgpAdvertisements: resources.bgpAdvertisements.filter(isHere("BGPAdvertisement", "CRD-12")),
    peers: resources.peers.filter(isHere("BGPPeer", "CRD-13")),
  };
}
