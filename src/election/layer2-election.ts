/** Which node announces an address: every speaker sorts the same candidates and looks whether it comes first. */
import { formatAddress, type IpAddress } from "../ip/index.ts";
import type { ElectionHashes } from "./election-hashes.ts";

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

/** The candidate that announces; undefined without candidates (L2-32). */
export function electedNode(
  candidates: Iterable<string>,
  key: string,
  hashes: ElectionHashes,
  scores: Scores = NO_SCORES,
): string | undefined {
  let first: string | undefined;
  for (const node of candidates) {
    if (first === undefined || comesBefore(node, first, { key, hashes, scores })) first = node;
  }
  return first;
}

/** All candidates in the order in which they would take over: higher score first, then smaller digest. */
export function electionOrder(
  candidates: Iterable<string>,
  key: string,
  hashes: ElectionHashes,
  scores: Scores = NO_SCORES,
): string[] {
  const order = { key, hashes, scores };
  return [...new Set(candidates)].sort((a, b) => (comesBefore(a, b, order) ? -1 : 1));
}

interface Order {
  readonly key: string;
  readonly hashes: ElectionHashes;
  readonly scores: Scores;
}

function comesBefore(a: string, b: string, { key, hashes, scores }: Order): boolean {
  const byScore = (scores.get(b) ?? 0) - (scores.get(a) ?? 0);
  return byScore === 0 ? hashes.compare(key, a, b) < 0 : byScore < 0;
}
