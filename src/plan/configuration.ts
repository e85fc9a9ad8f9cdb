/** The configuration that a view holds, as the controller and as the speakers compile it. */
import {
  compileConfigMap,
  compileResources,
  isError,
  type CompileScope,
  type ConfigOutcome,
  type Finding,
} from "../config/index.ts";
import type { ClusterView } from "./cluster-view.ts";

export interface ConfigurationOptions {
  /** MetalLB's own. */
  readonly namespace: string;
  readonly configName?: string;
  /** `native`, `frr` or `frr-k8s` */
  readonly bgpType: string;
}

export interface Configuration {
  /** Decides about addresses: pools, communities and namespaces (CFG-3). */
  readonly controller: ConfigOutcome;
  /** Decides about announcing: everything. */
  readonly speakers: ConfigOutcome;
  /** All that is wrong, each fault once. */
  readonly findings: readonly Finding[];
}

export function compileView(view: ClusterView, options: ConfigurationOptions): Configuration {
  const controller = look(view, "controller", options);
  const speakers = look(view, "everything", options);
  const all = [...findingsOf(controller), ...findingsOf(speakers)];
  const once = new Map(all.map((finding) => [JSON.stringify(finding), finding]));
  return { controller, speakers, findings: [...once.values()] };
}

function look(
  view: ClusterView,
  scope: CompileScope,
  { namespace, bgpType }: ConfigurationOptions,
): ConfigOutcome {
  const text = view.configMap?.data?.["config"] ?? "";
  if (text !== "" && view.resources.pools.length === 0) {
    const compiled = compileConfigMap(text);
    if (!compiled.ok) return { kind: "refused", findings: compiled.findings };
    return { kind: "accepted", config: compiled.config, warnings: compiled.warnings };
  }
  const { config, findings } = compileResources(view.resources, {
    bgpType,
    namespace,
    scope,
    knowsSecrets: view.hasSecrets,
  });
  if (config === undefined) return { kind: "refused", findings };
  return { kind: "accepted", config, warnings: findings };
}

function findingsOf(outcome: ConfigOutcome): readonly Finding[] {
  if (outcome.kind === "refused") return outcome.findings;
  return outcome.kind === "missing" ? [] : outcome.warnings;
}

/** The error that MetalLB would report, if the configuration is refused. */
export function firstError(outcome: ConfigOutcome): Finding | undefined {
  return outcome.kind === "refused" ? outcome.findings.find(isError) : undefined;
}
