/** BGPPeers become peers (CFG-20..CFG-25). */
import { parseAddress, type IpAddress } from "../ip/index.ts";
import type { BGPPeer } from "../kube/index.ts";
import type { BfdProfile, Peer } from "./config.ts";
import { nameOf, type FindingList } from "./finding-list.ts";
import { Fields } from "./resource-fields.ts";
import { compilePassword, type SecretKnowledge } from "./resource-passwords.ts";
import { SelectorList } from "./resource-selectors.ts";
import { compileAsns } from "./resource-asns.ts";
import { compileDuration, compileTimers } from "./resource-timers.ts";
import { isSameValue } from "./same-value.ts";

/** What peers are compiled with. */
export interface PeerContext extends SecretKnowledge {
  readonly bfdProfiles: ReadonlyMap<string, BfdProfile>;
}

/** By name; of two with one name the later. */
export function compilePeers(
  objects: readonly BGPPeer[],
  context: PeerContext,
  findings: FindingList,
): readonly Peer[] {
  const peers = new Map<string, Peer>();
  for (const object of objects) {
    const report = findings.begin("BGPPeer", object);
    const spec = new Fields(object?.spec, "spec", report, "CRD-13");
    const peer = compilePeer(nameOf(object), spec, context);
    if (isSameValue(peers.get(peer.name), peer)) {
      const message = `the peer "${peer.name}" already exists with the same fields`;
      report.add({ code: "CFG-25", path: "", message, fix: "remove one of the two" });
    }
    peers.set(peer.name, peer);
  }
  return [...peers.values()];
}

/** The checks come in MetalLB's order, as the first one that fails is what it reports. */
function compilePeer(name: string, spec: Fields, context: PeerContext): Peer {
  const asns = compileAsns(spec);
  checkWhere(spec);
  const timers = compileTimers(spec);
  const address = readAddress(spec, "peerAddress", "CFG-22");
  const routerId = readAddress(spec, "routerID", "CFG-25");
  const sourceAddress = readAddress(spec, "sourceAddress", "CFG-25");
  const selectors = new SelectorList(spec, "nodeSelectors");
  selectors.refuseRepeats();
  const nodeSelectors = selectors.compile();
  const password = compilePassword(spec, context);
  const bfdProfile = readProfile(spec, context);
  const connectTimeSeconds = compileDuration(spec, "connectTime");
  const [face, vrf] = [spec.text("interface"), spec.text("vrf")];
  return {
    name,
    ...asns,
    ...(address && { address }),
    ...(face !== "" && { interface: face }),
    // A peer of v1beta1 may say 0.
    port: spec.integer("peerPort", 0, 0xffff) || 179,
    ...timers,
    ...(connectTimeSeconds !== undefined && { connectTimeSeconds }),
    ...(routerId && { routerId }),
    ...(sourceAddress && { sourceAddress }),
    nodeSelectors: nodeSelectors.length === 0 ? [[]] : nodeSelectors,
    ...password,
    ...(bfdProfile !== "" && { bfdProfile }),
    ebgpMultiHop: spec.flag("ebgpMultiHop"),
    ...(spec.flag("enableGracefulRestart") && { gracefulRestart: true }),
    ...(vrf !== "" && { vrf }),
    ...(spec.flag("dualStackAddressFamily") && { dualStackAddressFamily: true }),
  };
}

/** CFG-22: exactly one of the two. */
function checkWhere(spec: Fields): void {
  const [address, face] = [spec.text("peerAddress"), spec.text("interface")];
  if ((address === "") !== (face === "") || spec.isBroken("peerAddress", "interface")) return;
  const message =
    address === ""
      ? "the peer has neither an address nor an interface"
      : "the peer has both an address and an interface";
  const fix = "give either peerAddress or interface";
  spec.report.add({ code: "CFG-22", path: spec.pathOf("peerAddress"), message, fix });
}

function readAddress(spec: Fields, key: string, code: string): IpAddress | undefined {
  const text = spec.text(key);
  if (text === "") return undefined;
  const address = parseAddress(text);
  if (address === undefined) {
    const message = `"${text}" is not an IP address`;
    const fix = "write an IPv4 or IPv6 address; names are not looked up";
    spec.report.add({ code, path: spec.pathOf(key), value: text, message, fix });
  }
  return address;
}

/** CFG-24: the profile may come later. */
function readProfile(spec: Fields, { bfdProfiles }: PeerContext): string {
  const name = spec.text("bfdProfile");
  if (name !== "" && !bfdProfiles.has(name)) {
    const message = `no BFDProfile is named "${name}"`;
    const fix = "create it, or remove the field";
    const at = { code: "CFG-24", path: spec.pathOf("bfdProfile"), value: name };
    spec.report.add({ ...at, message, fix, isTransient: true });
  }
  return name;
}
