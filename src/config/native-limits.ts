/** What the native BGP implementation cannot do (CFG-27, CFG-28, CFG-29). */
import type { BGPPeer } from "../kube/index.ts";
import { parseDuration } from "./duration.ts";
import { nameOf, Report, type FindingList } from "./finding-list.ts";
import { LabelIndex } from "./label-index.ts";
import { parseCommunity } from "./resource-communities.ts";
import { readEntry } from "./resource-pools.ts";
import { Fields, labelsOf, type Word } from "./resource-fields.ts";
import { SelectorList } from "./resource-selectors.ts";
import type { ResourceSet } from "./resource-set.ts";

export function refuseForNative(resources: ResourceSet, findings: FindingList): void {
  for (const peer of resources.peers) refusePeerFields(peer, findings);
  for (const profile of resources.bfdProfiles) {
    const message = "BFD profiles do not work with native BGP";
    findings.begin("BFDProfile", profile).add({ code: "CFG-27", path: "", message, fix });
  }
  refuseIpv6(resources, findings);
  refuseLargeCommunities(resources, findings);
}

const fix = "remove it, or run the speakers with BGP type frr-k8s";

/** In MetalLB's order. */
const frrOnly = [
  "bfdProfile",
  "keepaliveTime",
  "vrf",
  "connectTime",
  "enableGracefulRestart",
  "disableMP",
  "dualStackAddressFamily",
  "dynamicASN",
  "interface",
  "localASN",
] as const;

/** CFG-27. */
function refusePeerFields(peer: BGPPeer, findings: FindingList): void {
  const report = findings.begin("BGPPeer", peer);
  const spec: Readonly<Record<string, unknown>> = { ...peer?.spec };
  for (const key of frrOnly) {
    const value = spec[key];
    if (!value || (key === "keepaliveTime" && isZero(value))) continue;
    const message = `${key} does not work with native BGP`;
    const shown = typeof value === "object" ? {} : { value };
    report.add({ code: "CFG-27", path: `spec.${key}`, ...shown, message, fix });
  }
}

function isZero(duration: unknown): boolean {
  return typeof duration === "string" && parseDuration(duration) === 0n;
}

/**
 * CFG-28: of each pool with IPv6 that is advertised by BGP, the first such entry. Entries that are
 * none are told already here, as MetalLB does.
 */
function refuseIpv6(resources: ResourceSet, findings: FindingList): void {
  if (resources.bgpAdvertisements.length === 0) return;
  const advertised = advertisedPools(resources, findings);
  for (const pool of resources.pools) {
    if (advertised?.has(nameOf(pool)) === false) continue;
    const report = findings.begin("IPAddressPool", pool);
    const entry = wordsOf(pool?.spec, "addresses").find(
      (word) => readEntry(word, report)[0]?.family === 6,
    );
    if (entry === undefined) continue;
    const message = `native BGP cannot advertise the IPv6 addresses "${entry.text}"`;
    const mend = "advertise this pool by layer 2 only, or run the speakers with BGP type frr-k8s";
    const at = { code: "CFG-28", path: entry.path, value: entry.text };
    report.add({ ...at, message, fix: mend });
  }
}

/** Names of the pools that some BGPAdvertisement selects; undefined: all. */
function advertisedPools(
  resources: ResourceSet,
  findings: FindingList,
): ReadonlySet<string> | undefined {
  const labels = new LabelIndex(resources.pools.map((pool) => [nameOf(pool), labelsOf(pool)]));
  const advertised = new Set<string>();
  for (const advertisement of resources.bgpAdvertisements) {
    const report = findings.begin("BGPAdvertisement", advertisement);
    const spec = new Fields(advertisement?.spec, "spec", report, "CRD-12");
    const names = spec.words("ipAddressPools");
    const selectors = new SelectorList(spec, "ipAddressPoolSelectors");
    if (names.length + selectors.length === 0) return undefined;
    for (const { text } of names) advertised.add(text);
    for (const name of labels.namesMatching(selectors.compile())) advertised.add(name);
  }
  return advertised;
}

/** CFG-29. */
function refuseLargeCommunities(resources: ResourceSet, findings: FindingList): void {
  for (const advertisement of resources.bgpAdvertisements) {
    const report = findings.begin("BGPAdvertisement", advertisement);
    refuseLarge(wordsOf(advertisement?.spec, "communities"), report);
  }
  for (const community of resources.communities) {
    const report = findings.begin("Community", community);
    const aliases = unreported(community?.spec).objects("communities");
    const values = aliases.map((one) => ({ text: one.text("value"), path: one.pathOf("value") }));
    refuseLarge(values, report);
  }
}

function refuseLarge(words: readonly Word[], report: Report): void {
  for (const { text, path } of words) {
    const parsed = parseCommunity(text);
    if (!parsed.ok || !("large" in parsed.value)) continue;
    const message = `native BGP has no large communities such as "${text}"`;
    report.add({ code: "CFG-29", path, value: text, message, fix });
  }
}

function wordsOf(spec: unknown, key: string): readonly Word[] {
  return unreported(spec).words(key);
}

/** Fields whose shape is told of later, when the object itself is compiled. */
function unreported(spec: unknown): Fields {
  return new Fields(spec, "spec", new Report(""), "");
}
