/** Turns a legacy document into custom resources (MIG-5..MIG-8). */
import type { LegacyDocument, ResourceSet } from "../config/index.ts";
import type { BFDProfile, KubeObject } from "../kube/index.ts";
import { givenFields } from "./given-fields.ts";
import { migratePeer } from "./migrate-peer.ts";
import { migrateAdvertisements, migratePool } from "./migrate-pool.ts";
import type { Notes } from "./notes.ts";

/** By kind; in the order of the output (MIG-4). */
export type MigratedResources = Pick<
  ResourceSet,
  "peers" | "pools" | "bgpAdvertisements" | "l2Advertisements" | "bfdProfiles" | "communities"
>;

/** All objects get the namespace. What cannot be converted is taken down in the notes. */
export function resourcesOfDocument(
  document: LegacyDocument,
  namespace: string,
  notes: Notes,
): MigratedResources {
  const object = (kind: string, name: string, fields: object): KubeObject => {
    const apiVersion = kind === "BGPPeer" ? "metallb.io/v1beta2" : "metallb.io/v1beta1";
    return Object.assign({ apiVersion, kind, metadata: { name, namespace }, status: {} }, fields);
  };
  const pools = document["address-pools"].map((pool, at) => ({
    pool,
    name: notes.rename("IPAddressPool", pool.name ?? "", `address-pools[${at}].name`),
  }));
  const migrated: Record<keyof MigratedResources, readonly KubeObject[]> = {
    peers: document.peers.map((peer, at) =>
      object("BGPPeer", `peer${at + 1}`, { spec: migratePeer(peer, `peers[${at}]`, notes) }),
    ),
    pools: pools.map(({ pool, name }) =>
      object("IPAddressPool", name, { spec: migratePool(pool), status: noCounts }),
    ),
    bgpAdvertisements: pools
      .flatMap(({ pool, name }) => migrateAdvertisements(pool, name))
      .map((spec, at) => object("BGPAdvertisement", `bgpadvertisement${at + 1}`, { spec })),
    l2Advertisements: pools
      .filter(({ pool }) => pool.protocol === "layer2")
      .map(({ name }, at) => {
        const spec = { ipAddressPools: [name] };
        return object("L2Advertisement", `l2advertisement${at + 1}`, { spec });
      }),
    bfdProfiles: document["bfd-profiles"].map((profile, at) => {
      const name = notes.rename("BFDProfile", profile.name ?? "", `bfd-profiles[${at}].name`);
      return object("BFDProfile", name, { spec: migrateProfile(profile) });
    }),
    communities: aliasLists(document).map((communities) =>
      object("Community", "communities", { spec: { communities } }),
    ),
  };
  return migrated as MigratedResources;
}

const noCounts = { assignedIPv4: 0, assignedIPv6: 0, availableIPv4: 0, availableIPv6: 0 };

function migrateProfile(profile: LegacyDocument["bfd-profiles"][number]): BFDProfile["spec"] {
  return {
    echoMode: profile["echo-mode"] ?? false,
    passiveMode: profile["passive-mode"] ?? false,
    ...givenFields({
      receiveInterval: profile["receive-interval"],
      transmitInterval: profile["transmit-interval"],
      detectMultiplier: profile["detect-multiplier"],
      echoInterval: profile["echo-interval"],
      minimumTtl: profile["minimum-ttl"],
    }),
  };
}

/** All aliases in one object, sorted by name; none if there is no alias. An empty name is not written. */
function aliasLists(document: LegacyDocument): { name?: string; value: string }[][] {
  const aliases = [...document["bgp-communities"]].sort(([a], [b]) => (a < b ? -1 : 1));
  if (aliases.length === 0) return [];
  return [aliases.map(([name, value]) => ({ ...(name !== "" && { name }), value }))];
}
