/** A peer of the ConfigMap as a BGPPeer (MIG-7). */
import { parseDurationSeconds, type LegacyDocument } from "../config/index.ts";
import type { BGPPeer, LabelSelector } from "../kube/index.ts";
import { givenFields } from "./given-fields.ts";
import { goDuration } from "./go-duration.ts";
import type { Notes } from "./notes.ts";

type LegacyPeer = LegacyDocument["peers"][number];
type LegacySelector = LegacyPeer["node-selectors"][number];

/** The peer as it stands in the output, where its empty secret is always shown (MIG-4). */
export function migratePeer(peer: LegacyPeer, path: string, notes: Notes): BGPPeer["spec"] {
  const profile = peer["bfd-profile"];
  const selectors = peer["node-selectors"].map(migrateSelector);
  return {
    myASN: peer["my-asn"] ?? 0,
    holdTime: holdTime(peer["hold-time"], `${path}.hold-time`, notes),
    passwordSecret: {},
    ...givenFields({
      peerASN: peer["peer-asn"] || undefined,
      peerAddress: peer["peer-address"] || undefined,
      sourceAddress: peer["source-address"] || undefined,
      peerPort: peer["peer-port"] || undefined,
      keepaliveTime: keepaliveTime(peer["keepalive-time"], `${path}.keepalive-time`, notes),
      routerID: peer["router-id"] || undefined,
      nodeSelectors: selectors.length > 0 ? selectors : undefined,
      password: peer.password || undefined,
      bfdProfile: profile ? notes.rename("BFDProfile", profile, `${path}.bfd-profile`) : undefined,
      ebgpMultiHop: peer["ebgp-multihop"] || undefined,
    }),
  };
}

/** LC-5, the default included. */
function holdTime(text: string | undefined, path: string, notes: Notes): string {
  const seconds = text ? parseDurationSeconds(text) : 90;
  if (seconds === undefined || (seconds !== 0 && seconds < 3)) {
    notes.refuse(
      "LC-5",
      { path, value: text },
      `"${text}" is no hold time`,
      "use 0s, or 3s and more",
    );
  }
  return goDuration(seconds ?? 90);
}

function keepaliveTime(text: string | undefined, path: string, notes: Notes): string | undefined {
  if (!text) return undefined;
  const seconds = parseDurationSeconds(text);
  if (seconds === undefined) {
    notes.refuse(
      "LC-4",
      { path, value: text },
      `"${text}" is no duration`,
      "write it as 30s or 1m30s",
    );
  }
  return goDuration(seconds ?? 0);
}

/** The values are sorted, as the reference's compiler leaves them. */
function migrateSelector(selector: LegacySelector): LabelSelector {
  const labels = selector["match-labels"];
  const expressions = selector["match-expressions"].map(({ key = "", operator = "", values }) => ({
    key,
    operator: operator as "In",
    ...(values.length > 0 && { values: values.map((value) => value ?? "").sort() }),
  }));
  return {
    ...(labels.size > 0 && { matchLabels: Object.fromEntries(labels) }),
    ...(expressions.length > 0 && { matchExpressions: expressions }),
  };
}
