/** Which node announces an address: every speaker sorts the same candidates and looks whether it comes first. */
import { hash } from "node:crypto";
import { formatAddress, type IpAddress } from "../ip/index.ts";

/** Preference scores by node name; a node without a score has 0 (L2-44). */
export type Scores = ReadonlyMap<string, number>;

const NO_SCORES: Scores = new Map();

/** v0.9.5 hashes the service, so two services on one address can have two announcers (L2-40, L2-49). */
export function legacyElectionKey(serviceKey: string): string {
  return serviceKey;
}

/** Later releases hash the first ingress address, so services that share it agree (L2-41, L2-42). */
export function electionKey(firstIngressIp: IpAddress): string {
  return formatAddress(firstIngressIp);
}

/**
 * All candidates in the order in which they announce, the next one when those before it are gone: higher score first,
 * then smaller digest. None, when there is no candidate (L2-32).
 */
export function electionOrder(
  candidates: Iterable<string>,
  key: string,
  scores: Scores = NO_SCORES,
): string[] {
  return [...new Set(candidates)]
    .map((node) => ({ node, score: scores.get(node) ?? 0, digest: electionDigest(node, key) }))
    .sort(compare)
    .map(({ node }) => node);
}

/** The first `count` of `electionOrder`, without sorting the others. */
export function leadingNodes(
  candidates: Iterable<string>,
  key: string,
  scores: Scores,
  count: number,
): string[] {
  const front: Place[] = [];
  for (const node of candidates) {
    const place = { node, score: scores.get(node) ?? 0, digest: electionDigest(node, key) };
    let at = front.length;
    while (at > 0 && compare(place, front[at - 1] as Place) < 0) at--;
    if (at === count) continue;
    front.splice(at, 0, place);
    if (front.length > count) front.pop();
  }
  return front.map(({ node }) => node);
}

interface Place {
  readonly node: string;
  readonly score: number;
  readonly digest: string;
}

function compare(a: Place, b: Place): number {
  return b.score - a.score || (a.digest < b.digest ? -1 : 1);
}

/**
 * SHA-256 over the UTF-8 bytes of `node#key`, without salt (L2-40, L2-41, L2-43). Hexadecimal text sorts as its bytes
 * do, and is much cheaper to get than a Buffer.
 */
export function electionDigest(node: string, key: string): string {
  return hash("sha256", `${node}#${key}`, "hex");
}
