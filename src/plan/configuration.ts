/** The configuration that a view holds, as the controller and as the speakers compile it. */
import {
  ConfigSource,
  isError,
  type CompileScope,
  type ConfigKind,
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

const lists = [
  ["IPAddressPool", "pools"],
  ["L2Advertisement", "l2Advertisements"],
  ["BGPAdvertisement", "bgpAdvertisements"],
  ["BGPPeer", "peers"],
  ["BFDProfile", "bfdProfiles"],
  ["Community", "communities"],
] as const satisfies readonly (readonly [ConfigKind, keyof ClusterView["resources"]])[];

/** As after a restart: no configuration is in force, and no address is held. */
function look(
  view: ClusterView,
  scope: CompileScope,
  { namespace, configName = "config", bgpType }: ConfigurationOptions,
): ConfigOutcome {
  const held = (): [] => [];
  const knowsSecrets = view.hasSecrets;
  const options = { scope, namespace, configName, bgpType, held, knowsSecrets };
  const source = new ConfigSource(options);
  const { resources } = view;
  for (const [kind, list] of lists) {
    for (const object of resources[list]) source.setObject(kind, object.metadata.name, object);
    source.setKnown(kind, "listed");
  }
  for (const [name, labels] of resources.namespaces) source.setNamespace(name, labels);
  for (const [name, labels] of resources.nodes) source.setNode(name, labels);
  for (const [name, secret] of resources.secrets) source.setSecret(name, secret);
  source.setConfigMap("config", view.configMap);
  source.setConfigMap("bgpextras", view.bgpExtras);
  for (const input of ["Namespace", "Node", "Secret", "ConfigMap"] as const) {
    source.setKnown(input, "listed");
  }
  return source.look() ?? { kind: "missing" };
}

function findingsOf(outcome: ConfigOutcome): readonly Finding[] {
  if (outcome.kind === "refused") return outcome.findings;
  return outcome.kind === "missing" ? [] : outcome.warnings;
}

/** The error that MetalLB would report, if the configuration is refused. */
export function firstError(outcome: ConfigOutcome): Finding | undefined {
  return outcome.kind === "refused" ? outcome.findings.find(isError) : undefined;
}
