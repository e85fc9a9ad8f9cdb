/** IPAddressPools become pools without advertisements (CFG-10..CFG-15). */
import { formatPrefix, type Family, type Prefix } from "../ip/index.ts";
import type { IPAddressPool, Labels } from "../kube/index.ts";
import { parseAddressEntry } from "./address-entry.ts";
import type { BgpAdvertisement, L2Advertisement, Pool, ServiceAllocation } from "./config.ts";
import { nameOf, type FindingList, type Report } from "./finding-list.ts";
import type { LabelIndex } from "./label-index.ts";
import { readSetting, subnetAware } from "./own-annotations.ts";
import { spread } from "./ownership-annotations.ts";
import { probe } from "./probe-annotation.ts";
import type { PoolMemory } from "./pool-memory.ts";
import { findOverlaps } from "./prefix-overlap.ts";
import { Fields, labelsOf, type Word } from "./resource-fields.ts";
import { SelectorList } from "./resource-selectors.ts";

/** One entry of `spec.addresses`, as the prefixes that it stands for. */
export interface PoolEntry {
  readonly path: string;
  readonly text: string;
  readonly prefixes: readonly Prefix[];
}

/** The widest block of an entry: for a prefix, the prefix. */
interface Block {
  readonly prefix: Prefix;
  readonly entry: PoolEntry;
}

/** A pool while advertisements are attached to it. */
export interface PoolDraft {
  readonly object: IPAddressPool;
  readonly name: string;
  /** Of the object; advertisements select by them. */
  readonly labels: Labels;
  readonly entries: readonly PoolEntry[];
  /** By family, the entry whose widest block is the smallest; absent if the pool has none. */
  readonly narrowest: Readonly<Record<Family, Block | undefined>>;
  readonly report: Report;
  /** All its advertisements by layer 2 are. */
  readonly isSubnetAware: boolean;
  /** What the object says by itself. */
  readonly settings: Omit<Pool, "l2Advertisements" | "bgpAdvertisements">;
  readonly l2Advertisements: L2Advertisement[];
  readonly bgpAdvertisements: BgpAdvertisement[];
}

export interface PoolContext {
  readonly namespaces: LabelIndex;
  readonly memory: PoolMemory;
}

/** Pools in order of name; of those with one name only the first. */
export function compilePools(
  objects: readonly IPAddressPool[],
  context: PoolContext,
  findings: FindingList,
): ReadonlyMap<string, PoolDraft> {
  const drafts = objects.map((object) =>
    compilePool(object, context, findings.begin("IPAddressPool", object)),
  );
  const pools = new Map<string, PoolDraft>();
  for (const draft of drafts) {
    if (!pools.has(draft.name)) pools.set(draft.name, draft);
    else refuseSecond(draft);
  }
  const entries = drafts.map((draft) => draft.entries);
  if (!context.memory.areApart(entries)) {
    const areApart = refuseOverlaps(drafts);
    context.memory.keepApart(areApart ? entries : []);
  }
  return pools;
}

export function finishPool({ settings, l2Advertisements, bgpAdvertisements }: PoolDraft): Pool {
  return { ...settings, l2Advertisements, bgpAdvertisements };
}

function narrowestBlocks(entries: readonly PoolEntry[]): Record<Family, Block | undefined> {
  const narrowest: Record<Family, Block | undefined> = { 4: undefined, 6: undefined };
  for (const entry of entries) {
    const [first, ...rest] = entry.prefixes;
    if (first === undefined) continue;
    const prefix = rest.reduce((widest, one) => (one.bits < widest.bits ? one : widest), first);
    const rival = narrowest[prefix.family];
    if (rival === undefined || prefix.bits > rival.prefix.bits) {
      narrowest[prefix.family] = { prefix, entry };
    }
  }
  return narrowest;
}

function compilePool(object: IPAddressPool, context: PoolContext, report: Report): PoolDraft {
  const name = nameOf(object);
  if (name === "") {
    const at = { code: "CFG-10", path: "metadata.name" };
    report.add({ ...at, message: "missing pool name", fix: "give the pool a name" });
  }
  const spec = new Fields(object?.spec, "spec", report, "CRD-10");
  const entries = context.memory.soundEntries(object) ?? readEntries(spec);
  if (report.problems.length === 0) context.memory.keepSound(object, entries);
  const serviceAllocation = compileAllocation(spec, context.namespaces);
  return {
    object,
    name,
    labels: labelsOf(object),
    entries,
    narrowest: narrowestBlocks(entries),
    report,
    isSubnetAware: readSetting(object, subnetAware, report) === "true",
    settings: {
      name,
      prefixes: entries.flatMap(({ prefixes }) => prefixes),
      autoAssign: spec.flag("autoAssign", true),
      avoidBuggyIps: spec.flag("avoidBuggyIPs"),
      ...(readSetting(object, spread, report) === "bounded" && { spread: "bounded" }),
      ...(readSetting(object, probe, report) === "true" && { probe: true }),
      ...(serviceAllocation && { serviceAllocation }),
    },
    l2Advertisements: [],
    bgpAdvertisements: [],
  };
}

/** CFG-10, CFG-11: at least one entry, each a prefix or a range that holds an address. */
function readEntries(spec: Fields): readonly PoolEntry[] {
  const before = spec.report.problems.length;
  const words = spec.words("addresses");
  // What has a wrong shape is told by now, and is not missing.
  if (words.length === 0 && spec.report.problems.length === before) {
    const fix = "list a prefix such as 192.0.2.0/24, or a range such as 192.0.2.10-192.0.2.20";
    const message = "the pool has no prefixes defined";
    spec.report.add({ code: "CFG-11", path: spec.pathOf("addresses"), message, fix });
  }
  return words.map((word) => ({ ...word, prefixes: readEntry(word, spec.report) }));
}

/** CFG-10: the prefixes of one entry; none, and a problem, if it is no entry or holds no address. */
export function readEntry({ text, path }: Word, report: Report): readonly Prefix[] {
  const entry = parseAddressEntry(text);
  const at = { code: "CFG-10", path, value: text };
  if (!entry.ok) {
    report.add({ ...at, message: entry.problem, fix: entry.fix });
    return [];
  }
  if (entry.emptyBecause !== undefined) {
    const message = `the range "${text}" ${entry.emptyBecause}, so it holds no address`;
    report.add({ ...at, message, fix: "write it as first-last, of one family" });
  }
  return entry.prefixes;
}

/** CFG-15: whom the pool serves; undefined if it serves everybody. */
function compileAllocation(pool: Fields, namespaces: LabelIndex): ServiceAllocation | undefined {
  if (!pool.isSet("serviceAllocation")) return undefined;
  const spec = pool.inner("serviceAllocation");
  const names = spec.words("namespaces");
  const listed = new Set<string>();
  for (const { text, path } of names) {
    if (listed.has(text)) {
      const message = `the namespace "${text}" is listed twice`;
      const fix = "remove one of the two";
      spec.report.add({ code: "CFG-15", path, value: text, message, fix });
    }
    listed.add(text);
  }
  // 64 bits, as far as numbers reach.
  const priority = spec.integer("priority", -(2 ** 63), 2 ** 63) ?? 0;
  const ofNamespaces = new SelectorList(spec, "namespaceSelectors");
  const ofServices = new SelectorList(spec, "serviceSelectors");
  if (listed.size + ofNamespaces.length + ofServices.length === 0) {
    return { priority, namespaces: listed, serviceSelectors: [[]] };
  }
  ofNamespaces.refuseRepeats();
  ofServices.refuseRepeats();
  const matching = [...namespaces.namesMatching(ofNamespaces.compile())].sort();
  const serviceSelectors = ofServices.compile();
  return { priority, namespaces: new Set([...listed, ...matching]), serviceSelectors };
}

/** CFG-13; the API server has no two objects of one name, but files may. */
function refuseSecond({ name, report }: PoolDraft): void {
  if (name === "") return;
  const message = `an earlier pool is named "${name}" too`;
  const fix = "give each pool a name of its own";
  report.add({ code: "CFG-13", path: "metadata.name", value: name, message, fix });
}

/** CFG-12: of each entry that overlaps earlier ones, the first such overlap; whether there is none. */
function refuseOverlaps(drafts: readonly PoolDraft[]): boolean {
  const placed = drafts.flatMap((draft) =>
    draft.entries.flatMap((entry) => entry.prefixes.map((prefix) => ({ prefix, entry, draft }))),
  );
  const told = new Set<PoolEntry>();
  for (const { earlier, later } of findOverlaps(placed)) {
    if (told.has(later.entry)) continue;
    told.add(later.entry);
    const { path, text } = later.entry;
    const message =
      `${formatPrefix(later.prefix)} of pool "${later.draft.name}" overlaps ` +
      `${formatPrefix(earlier.prefix)} of pool "${earlier.draft.name}" (${earlier.entry.path})`;
    const fix = "keep each address in one entry of one pool";
    later.draft.report.add({ code: "CFG-12", path, value: text, message, fix });
  }
  return told.size === 0;
}
