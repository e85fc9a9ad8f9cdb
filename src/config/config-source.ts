/** Which configuration is in force: follows resources and ConfigMap, compiles them, and decides between the two. */
import type { ConfigMap, Labels, Secret } from "../kube/index.ts";
import type { Config, Generation } from "./config.ts";
import type { Finding } from "./finding.ts";
import { compileConfigMap } from "./from-configmap.ts";
import { compileResources, type CompileScope } from "./from-resources.ts";
import { PoolMemory } from "./pool-memory.ts";
import type { ConfigKind } from "./resource-set.ts";
import { ResourceStore, type ConfigObject } from "./resource-store.ts";
import { isSameValue } from "./same-value.ts";
import { obstaclesToTakeOver, strandedBy } from "./take-over.ts";
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
  /** False where secrets cannot be seen, as for files: what they hold is not checked. */
  readonly knowsSecrets?: boolean;
  readonly held: HeldAddresses;
}

/** Where configuration comes from; each must be known before anything is decided. */
export type ConfigInput = ConfigKind | "ConfigMap" | "Namespace" | "Node" | "Secret";

const controllerInputs = ["ConfigMap", "IPAddressPool", "Community", "Namespace"] as const;
const allInputs = [
  ...controllerInputs,
  "L2Advertisement",
  "BGPAdvertisement",
  "BGPPeer",
  "BFDProfile",
  "Node",
  "Secret",
] as const;

type Refused = Extract<ConfigOutcome, { kind: "refused" }>;

/** Pure: objects go in as the API server tells of them, an outcome comes out of each look. */
export class ConfigSource {
  readonly #options: ConfigSourceOptions;
  readonly #inputs: ReadonlySet<ConfigInput>;
  readonly #known = new Map<ConfigInput, "listed" | "unavailable">();
  readonly #store = new ResourceStore();
  readonly #memory = new PoolMemory();
  #configMap: ConfigMap | undefined;
  #areResourcesChanged = true;
  #isConfigMapChanged = true;
  /** The generation that was asked for at the last look. */
  #wanted: Generation | undefined;
  #mustLookAgain = false;
  #inForce: Config | undefined;

  constructor(options: ConfigSourceOptions) {
    this.#options = options;
    this.#inputs = new Set(options.scope === "controller" ? controllerInputs : allInputs);
  }

  /** Whose behaviour is in force; undefined until a configuration was accepted. */
  get generation(): Generation | undefined {
    return this.#inForce?.generation;
  }

  /** An object that was added or changed, or undefined for one that was deleted. */
  setObject(kind: ConfigKind, name: string, object: ConfigObject | undefined): void {
    this.#noteResources(kind, this.#store.setObject(kind, name, object));
  }

  setNamespace(name: string, labels: Labels | undefined): void {
    this.#noteResources("Namespace", this.#store.setLabels("namespaces", name, labels));
  }

  setNode(name: string, labels: Labels | undefined): void {
    this.#noteResources("Node", this.#store.setLabels("nodes", name, labels));
  }

  setSecret(name: string, secret: Secret | undefined): void {
    this.#noteResources("Secret", this.#store.setSecret(name, secret));
  }

  /** The legacy ConfigMap, or the one of free text for FRR; no other matters (K8S-3). */
  setConfigMap(which: "config" | "bgpextras", configMap: ConfigMap | undefined): void {
    if (which === "bgpextras") {
      // Whoever reads peers reads this too.
      this.#noteResources("BGPPeer", this.#store.setExtras(configMap));
      return;
    }
    const isSame = documentOf(configMap) === documentOf(this.#configMap);
    const isNews = !isSame || (configMap === undefined) !== (this.#configMap === undefined);
    this.#configMap = configMap;
    this.#isConfigMapChanged ||= isNews;
  }

  /** Called once the first list of a kind is through, or once it is clear that it cannot be read. */
  setKnown(input: ConfigInput, how: "listed" | "unavailable"): void {
    this.#known.set(input, how);
  }

  /**
   * Undefined if nothing changed since the last look, or while an input is not known yet. What is
   * accepted is in force from then on.
   */
  look(): ConfigOutcome | undefined {
    for (const input of this.#inputs) if (!this.#known.has(input)) return undefined;
    const wanted = this.#wantedGeneration();
    // LC-21: a refused ConfigMap is judged again when it changes, and not before.
    const isNews = this.#isConfigMapChanged || (wanted === "modern" && this.#areResourcesChanged);
    if (wanted === this.#wanted && !isNews && !this.#mustLookAgain) return undefined;
    this.#wanted = wanted;
    this.#mustLookAgain = false;
    return wanted === "modern" ? this.#lookAtResources() : this.#lookAtConfigMap();
  }

  #noteResources(input: ConfigInput, isChanged: boolean): void {
    this.#areResourcesChanged ||= isChanged && this.#inputs.has(input);
  }

  /** Resources win as soon as there is a pool; without any, a ConfigMap that says something does. */
  #wantedGeneration(): Generation {
    if (this.#store.hasPools) return "modern";
    const isServed = this.#known.get("IPAddressPool") === "listed";
    return isServed && !this.#hasDocument ? "modern" : "legacy";
  }

  #lookAtConfigMap(): ConfigOutcome {
    this.#isConfigMapChanged = false;
    if (this.#configMap === undefined) return { kind: "missing" };
    const { scope, held } = this.#options;
    const name = this.#configMapName;
    const result = compileConfigMap(documentOf(this.#configMap), { name });
    if (!result.ok) return { kind: "refused", findings: result.findings };
    const code = typeof scope === "object" ? "LC-29" : "LC-21";
    const asker = { scope, code, object: `ConfigMap ${name}` };
    const findings = strandedBy(result.config, held(), asker);
    if (findings.length > 0) return { kind: "refused", findings };
    return this.#accept(result.config, result.warnings);
  }

  #lookAtResources(): ConfigOutcome {
    const isConfigMapChanged = this.#isConfigMapChanged;
    this.#areResourcesChanged = false;
    this.#isConfigMapChanged = false;
    const resources = this.#store.toResourceSet();
    const { config, findings } = compileResources(resources, this.#options, this.#memory);
    if (config === undefined) {
      // Nothing is known of what was in force before a start: it was hardly the ConfigMap.
      const goesOn = this.generation === "legacy" && isConfigMapChanged;
      return this.#goOnWithConfigMap({ kind: "refused", findings }, goesOn);
    }
    const obstacles = this.#obstaclesTo(config);
    if (obstacles.length === 0) return this.#accept(config, [...findings, ...this.#warnOfBoth()]);
    this.#mustLookAgain = true;
    const goesOn = this.generation === undefined || isConfigMapChanged;
    return this.#goOnWithConfigMap(
      { kind: "refused", findings: obstacles, isRetryable: true },
      goesOn && this.generation !== "modern",
    );
  }

  /** Addresses in use forbid a take-over from the ConfigMap; CFG-53: a speaker waits for the services. */
  #obstaclesTo(config: Config): readonly Finding[] {
    const { scope, held } = this.#options;
    if (this.generation === "modern") {
      if (typeof scope !== "object") return [];
      return strandedBy(config, held(), { scope, code: "CFG-53" });
    }
    if (this.generation === undefined && !this.#hasDocument) return [];
    const object = `ConfigMap ${this.#configMapName}`;
    return obstaclesToTakeOver(config, held(), { scope, code: "INS-46", object });
  }

  /** Until resources can take over, changes of the ConfigMap count. */
  #goOnWithConfigMap(refused: Refused, goesOn: boolean): ConfigOutcome {
    if (!goesOn || this.#configMap === undefined) return refused;
    const outcome = this.#lookAtConfigMap();
    if (outcome.kind === "accepted") {
      const warnings = refused.findings.map((one) => ({ ...one, severity: "warning" }) as const);
      return { ...outcome, warnings: [...outcome.warnings, ...warnings] };
    }
    if (outcome.kind !== "refused") return refused;
    return { ...refused, findings: [...refused.findings, ...outcome.findings] };
  }

  #warnOfBoth(): readonly Finding[] {
    if (!this.#hasDocument) return [];
    return [
      {
        code: "INS-46",
        severity: "warning",
        object: `ConfigMap ${this.#configMapName}`,
        path: "data.config",
        message: "custom resources are in force, so this configuration is ignored",
        fix: "delete the ConfigMap once every pool of it has a resource",
      },
    ];
  }

  get #hasDocument(): boolean {
    return documentOf(this.#configMap).trim() !== "";
  }

  get #configMapName(): string {
    return `${this.#options.namespace}/${this.#options.configName}`;
  }

  #accept(config: Config, warnings: readonly Finding[]): ConfigOutcome {
    if (isSameValue(this.#inForce, config)) return { kind: "unchanged", warnings };
    this.#inForce = config;
    return { kind: "accepted", config, warnings };
  }
}

function documentOf(configMap: ConfigMap | undefined): string {
  return configMap?.data?.["config"] ?? "";
}
