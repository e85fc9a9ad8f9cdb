/** Short ways to write custom resources in tests, and to compile them. */
import assert from "node:assert/strict";
import {
  compileResources,
  emptyResourceSet,
  type CompileOptions,
  type Config,
  type Finding,
  type ResourceSet,
} from "../config/index.ts";
import type {
  BFDProfile,
  BGPAdvertisement,
  BGPPeer,
  Community,
  IPAddressPool,
  L2Advertisement,
  Labels,
} from "../kube/index.ts";

const meta = (name: string, labels?: Labels) => ({
  metadata: { name, namespace: "metallb-system", ...(labels && { labels }) },
});

type Spec<T extends { spec?: object }> = Partial<Exclude<T["spec"], undefined>>;

export const pool = (name: string, spec: Spec<IPAddressPool>, labels?: Labels): IPAddressPool => ({
  ...meta(name, labels),
  spec: { addresses: [], ...spec },
});

export const l2 = (name: string, spec: Spec<L2Advertisement> = {}): L2Advertisement => ({
  ...meta(name),
  spec,
});

export const bgp = (name: string, spec: Spec<BGPAdvertisement> = {}): BGPAdvertisement => ({
  ...meta(name),
  spec,
});

/** A valid one, but for what is said. */
export const peer = (name: string, spec: Spec<BGPPeer> = {}): BGPPeer => ({
  ...meta(name),
  spec: { myASN: 64600, peerASN: 64700, peerAddress: "192.0.2.1", ...spec },
});

export const bfd = (name: string, spec: Spec<BFDProfile> = {}): BFDProfile => ({
  ...meta(name),
  spec,
});

export const community = (name: string, aliases: Record<string, string>): Community => ({
  ...meta(name),
  spec: { communities: Object.entries(aliases).map(([key, value]) => ({ name: key, value })) },
});

export const inZone = (zone: string) => ({ matchLabels: { zone } });

const options = { bgpType: undefined, namespace: "metallb-system", scope: "everything" } as const;

export function findingsOf(
  resources: Partial<ResourceSet>,
  changed: Partial<CompileOptions> = {},
): readonly Finding[] {
  return compileResources({ ...emptyResourceSet, ...resources }, { ...options, ...changed })
    .findings;
}

/** The configuration of resources without fault. */
export function configOf(
  resources: Partial<ResourceSet>,
  changed: Partial<CompileOptions> = {},
): Config {
  const given = { ...emptyResourceSet, ...resources };
  const { config, findings } = compileResources(given, { ...options, ...changed });
  assert.deepEqual(findings, []);
  return config as Config;
}

/** Each finding as `code object path`, in order. */
export function faultsOf(
  resources: Partial<ResourceSet>,
  changed: Partial<CompileOptions> = {},
): string[] {
  return findingsOf(resources, changed).map(({ code, object, path }) => {
    return `${code} ${object.replace("metallb-system/", "")} ${path}`;
  });
}
