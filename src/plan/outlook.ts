/** What would be, in full: the configuration as compiled, every service's addresses, and what decides who announces. */
import type { Finding } from "../config/index.ts";
import { endpointsOfObject, legacyBgpEndpoints } from "../election/index.ts";
import type { Service } from "../kube/index.ts";
import { stageOf, type Announced, type Stage } from "./announcers.ts";
import { assignAddresses, type Assigned } from "./assign-addresses.ts";
import {
  assumedEndpoints,
  inOrder,
  missingConfiguration,
  missingNodes,
  withClusterIps,
  type ServiceOrder,
} from "./assumptions.ts";
import { endpointsOf, type ClusterView } from "./cluster-view.ts";
import { compileView, type Configuration, type ConfigurationOptions } from "./configuration.ts";

export interface PlanOptions extends ConfigurationOptions {
  /** In which order services ask for an address; `name` if absent. */
  readonly order?: ServiceOrder;
  /** `--lb-class` of both programs; empty: services without a class. */
  readonly loadBalancerClass?: string;
  /** `--ignore-exclude-lb` of the speaker. */
  readonly ignoresExcludeLabel?: boolean;
}

export interface Outlook {
  readonly configuration: Configuration;
  /** Services of type LoadBalancer, by key, in the order of asking. */
  readonly assigned: ReadonlyMap<string, Assigned>;
  /** Undefined if the speakers have no valid configuration. */
  readonly stage: Stage | undefined;
  /** What the speakers look at for a service; undefined if nobody would announce it. */
  readonly announcedOf: (key: string) => Announced | undefined;
  readonly findings: readonly Finding[];
}

/** Runs what decides in the two programs over a view, as after a restart of both. Never throws. */
export function lookAhead(view: ClusterView, options: PlanOptions): Outlook {
  const { order = "name", loadBalancerClass = "", ignoresExcludeLabel = false, bgpType } = options;
  const configuration = compileView(view, options);
  const complete = withClusterIps(view.services);
  const services = inOrder(complete.services, order);
  const assigned = assignAddresses(services, configuration.controller, loadBalancerClass);
  const { speakers } = configuration;
  const assumed = assumedEndpoints(view);
  const stage =
    speakers.kind === "accepted"
      ? stageOf(speakers.config, view.nodes, { ignoresExcludeLabel, bgpType })
      : undefined;

  const announcedOf = (key: string): Announced | undefined => {
    const one = assigned.get(key);
    const pool = one?.pool === undefined ? undefined : stage?.config.pools.get(one.pool);
    if (one === undefined || pool === undefined || stage === undefined) return undefined;
    const isLegacyBgp = pool.protocol === "bgp";
    const fromObject = isLegacyBgp ? legacyBgpEndpoints : endpointsOfObject;
    const endpoints = assumed?.endpoints ?? endpointsOf(view, key, fromObject);
    return { service: one.service, ips: one.ips, pool, endpoints };
  };
  const balanced = [...assigned].filter(([, { service }]) => isBalanced(service));
  return {
    configuration,
    assigned: new Map(balanced),
    stage,
    announcedOf,
    findings: [
      ...configuration.findings,
      ...missingConfiguration(view, options.namespace),
      ...(balanced.length > 0 ? complete.findings : []),
      ...missingNodes(view),
      ...(assumed !== undefined && balanced.length > 0 ? [assumed.finding] : []),
    ],
  };
}

function isBalanced({ spec }: Service): boolean {
  return spec.type === "LoadBalancer";
}
