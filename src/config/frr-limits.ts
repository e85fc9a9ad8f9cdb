/** What peers that run in one FRR, so on one node, must have in common (CFG-26). */
import type { BGPPeer } from "../kube/index.ts";
import type { NodeNames } from "./config.ts";
import { nameOf, Report, type FindingList } from "./finding-list.ts";
import type { LabelIndex } from "./label-index.ts";
import { shareNode } from "./node-names.ts";
import { Fields } from "./resource-fields.ts";
import { SelectorList } from "./resource-selectors.ts";

/** What is compared, as it was written. */
interface Session {
  readonly name: string;
  readonly routerId: string;
  readonly identity: string;
  readonly asn: number | undefined;
  readonly vrf: string;
  /** Undefined: every node. */
  readonly nodes: NodeNames;
}

/** Of each peer, the first earlier one that it cannot share a node with is told. */
export function refuseForFrr(
  peers: readonly BGPPeer[],
  nodes: LabelIndex,
  findings: FindingList,
): void {
  const sessions: Session[] = [];
  for (const peer of peers) {
    const report = findings.begin("BGPPeer", peer);
    // MetalLB resolves selectors, and tells which are none, as soon as there is something to compare.
    const isResolved = nodes.size > 0 && peers.length > 1;
    const session = readSession(peer, nodes, isResolved ? report : new Report(""));
    for (const earlier of sessions) {
      // Nodes are looked at last, as they are the dear part.
      const problem = problemBetween(session, earlier);
      if (problem === undefined) continue;
      // While no node is known, they are taken to share one.
      if (nodes.size > 0 && !shareNode(session.nodes, earlier.nodes, nodes.size)) continue;
      report.add({ code: "CFG-26", ...problem });
      break;
    }
    sessions.push(session);
  }
}

function readSession(peer: BGPPeer, nodes: LabelIndex, report: Report): Session {
  // Other shapes are told of when the peer itself is compiled.
  const spec = new Fields(peer?.spec, "spec", new Report(""), "");
  const selectors = new SelectorList(
    new Fields(peer?.spec, "spec", report, "CRD-13"),
    "nodeSelectors",
  );
  const vrf = spec.text("vrf");
  return {
    name: nameOf(peer),
    routerId: spec.text("routerID"),
    identity: `${spec.text("peerAddress") || spec.text("interface")} ${vrf}`,
    asn: spec.integer("myASN", 0, 0xffff_ffff),
    vrf,
    nodes: selectors.length === 0 ? undefined : nodes.namesMatching(selectors.compile()),
  };
}

function problemBetween(one: Session, other: Session) {
  const others = `of BGPPeer "${other.name}", which may run on the same node`;
  if (one.routerId !== other.routerId) {
    const message = `the router ID "${one.routerId}" differs from "${other.routerId}" ${others}`;
    const fix = "give both the same routerID, or keep them apart with nodeSelectors";
    return { path: "spec.routerID", message, fix };
  }
  if (one.identity === other.identity) {
    const message = `address and VRF (${one.identity.trimEnd()}) are those ${others}`;
    const fix = "remove one of the two, or keep them apart with nodeSelectors";
    return { path: "spec.peerAddress", message, fix };
  }
  if (one.asn !== other.asn && one.vrf === other.vrf) {
    const message = `the local ASN ${one.asn} differs from ${other.asn} ${others}`;
    const fix = "give both the same myASN, or keep them apart with nodeSelectors or VRFs";
    return { path: "spec.myASN", message, fix };
  }
  return undefined;
}
