/** Which configuration is in force: follows resources and ConfigMap, compiles them, and decides between the two. */
import type {
  BFDProfile,
  BGPAdvertisement,
  BGPPeer,
  Community,
  ConfigMap,
  IPAddressPool,
  L2Advertisement,
  Labels,
  Secret,
} from "../kube/index.ts";
import type { Config, Generation } from "./config.ts";
import type { Finding } from "./finding.ts";
import type { CompileScope } from "./from-resources.ts";
import type { ConfigKind } from "./resource-set.ts";
import type { HeldAddress } from "./transitions.ts";

/** What came of looking at the configuration as it is now. */
export type ConfigOutcome =
  | { readonly kind: "accepted"; readonly config: Config; readonly warnings: readonly Finding[] }
  /** Equal to the one in force, which is good again if it was stale (CFG-51). */
  | { readonly kind: "unchanged"; readonly warnings: readonly Finding[] }
  /** The one in force stays; the first finding is the one MetalLB would report (CFG-50, LC-28). */
  | {
      readonly kind: "refused";
      readonly findings: readonly Finding[];
      /** Only addresses in use stand in the way: `look` again after a back-off (CFG-53). */
      readonly isRetryable?: true;
    }
  /** ConfigMap generation only: there is no ConfigMap (LC-27). */
  | { readonly kind: "missing" };

/** The addresses in use, which a legacy configuration must not strand (LC-21, LC-29). */
export type HeldAddresses = () => Iterable<HeldAddress>;

export interface ConfigSourceOptions {
  /** The controller's or one node's speaker's. */
  readonly scope: CompileScope;
  /** MetalLB's own. */
  readonly namespace: string;
  /** Name of the legacy ConfigMap. */
  readonly configName: string;
  readonly bgpType: string | undefined;
  readonly passesSecrets?: boolean;
  readonly held: HeldAddresses;
}

/** Where configuration comes from; each must be known before anything is decided. */
export type ConfigInput = ConfigKind | "ConfigMap" | "Namespace" | "Node" | "Secret";

export type ConfigObject =
  | IPAddressPool
  | L2Advertisement
  | BGPAdvertisement
  | BGPPeer
  | BFDProfile
  | Community;

/** Pure: objects go in as the API server tells of them, an outcome comes out of each look. */
export class ConfigSource {
  readonly #options: ConfigSourceOptions;
  #inForce: Config | undefined;

  constructor(options: ConfigSourceOptions) {
    this.#options = options;
  }

  /** Whose behaviour is in force; undefined until a configuration was accepted. */
  get generation(): Generation | undefined {
    return this.#inForce?.generation;
  }

  /** An object that was added or changed, or undefined for one that was deleted. */
  setObject(kind: ConfigKind, name: string, object: ConfigObject | undefined): void {
    void [this.#options, kind, name, object];
  }

  setNamespace(name: string, labels: Labels | undefined): void {
    void [name, labels];
  }

  setNode(name: string, labels: Labels | undefined): void {
    void [name, labels];
  }

  setSecret(name: string, secret: Secret | undefined): void {
    void [name, secret];
  }

  setConfigMap(which: "config" | "bgpextras", configMap: ConfigMap | undefined): void {
    void [which, configMap];
  }

  /** Called once the first list of a kind is through, or once it is clear that it cannot be read. */
  setKnown(input: ConfigInput, how: "listed" | "unavailable"): void {
    void [input, how];
  }

  /** Undefined if nothing changed since the last look, or while an input is not known yet. */
  look(): ConfigOutcome | undefined {
    return undefined;
  }
}
