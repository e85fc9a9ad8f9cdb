/** What would be, in full: the configuration as compiled, every service's addresses, and what decides who announces. */
import type { Finding } from "../config/index.ts";
import {
  endpointsOfObject,
  legacyBgpEndpoints,
  type Layer2Candidate,
  type ServiceEndpoint,
} from "../election/index.ts";
import { formatAddress } from "../ip/index.ts";
import type { Service } from "../kube/index.ts";
import {
  bgpFor,
  candidatesFor,
  stageOf,
  type Announced,
  type BgpAnswer,
  type RingState,
  type Stage,
} from "./announcers.ts";
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
import {
  compileView,
  firstError,
  type Configuration,
  type ConfigurationOptions,
} from "./configuration.ts";
import { spreadOwners, type Asking } from "./spread-owners.ts";

export interface PlanOptions extends ConfigurationOptions {
  /** In which order services ask for an address; `name` if absent. */
  readonly order?: ServiceOrder;
  /** `--lb-class` of both programs; empty: services without a class. */
  readonly loadBalancerClass?: string;
  /** `--ignore-exclude-lb` of the speaker. */
  readonly ignoresExcludeLabel?: boolean;
  /** Who of the speakers is there, and what they can answer; absent: Node objects say who is there. */
  readonly ring?: RingState | undefined;
}

export interface Outlook {
  readonly configuration: Configuration;
  /** Services of type LoadBalancer, by key, in the order of asking. */
  readonly assigned: ReadonlyMap<string, Assigned>;
  /** Every node's place for the addresses of a service; none if nobody would look at it. */
  readonly layer2Of: (key: string) => readonly Layer2Candidate[];
  /** All routes for the addresses of a service, and each node's reason. */
  readonly bgpOf: (key: string) => BgpAnswer;
  /** Keys of the other services that hold one of its addresses. */
  readonly sharersOf: (key: string) => readonly string[];
  readonly findings: readonly Finding[];
}

/** Runs what decides in the two programs over a view, as after a restart of both. Never throws. */
export function lookAhead(view: ClusterView, options: PlanOptions): Outlook {
  const { order = "name", loadBalancerClass = "" } = options;
  const configuration = compileView(view, options);
  const complete = withClusterIps(view.services);
  const services = inOrder(complete.services, order);
  const assigned = assignAddresses(services, configuration.controller, loadBalancerClass);
  const balanced = [...assigned].filter(([, { service }]) => isBalanced(service));
  const assumed = assumedEndpoints(view);
  return {
    ...announcing({ view, configuration, assigned, options, assumed: assumed?.endpoints }),
    configuration,
    assigned: new Map(balanced),
    findings: [
      ...configuration.findings,
      ...missingConfiguration(view, options.namespace),
      ...(balanced.length > 0 ? complete.findings : []),
      ...missingNodes(view),
      ...(assumed !== undefined && balanced.length > 0 ? [assumed.finding] : []),
    ],
  };
}

/** A refused configuration is the reason for all that does not happen: no address, or no announcement of one. */
export function reasonIn({ configuration }: Outlook, { reason, ips }: Assigned): string {
  const { controller, speakers } = configuration;
  const cause = ({ code, message }: Finding): string => `(${code}: ${message})`;
  const error = firstError(controller);
  if (error !== undefined) return `${reason} ${cause(error)}`;
  const silencing = firstError(speakers);
  if (silencing === undefined || ips.length === 0) return reason;
  return `${reason}; but speakers that start refuse the configuration and announce nothing ${cause(silencing)}`;
}

interface Scene {
  readonly view: ClusterView;
  readonly configuration: Configuration;
  readonly assigned: ReadonlyMap<string, Assigned>;
  readonly options: PlanOptions;
  /** Those that every service is taken to have. */
  readonly assumed: readonly ServiceEndpoint[] | undefined;
}

/** What the speakers make of it; nothing while their configuration is refused. */
function announcing(scene: Scene): Pick<Outlook, "layer2Of" | "bgpOf" | "sharersOf"> {
  const { speakers } = scene.configuration;
  const { bgpType, ignoresExcludeLabel = false, ring } = scene.options;
  const sharersOf = sharersIn(scene.assigned);
  if (speakers.kind !== "accepted") {
    return { layer2Of: () => [], bgpOf: () => ({ routes: [], nodes: [] }), sharersOf };
  }
  const stage = stageOf(speakers.config, scene.view.nodes, {
    ignoresExcludeLabel,
    bgpType,
    ring,
  });
  const announcedOf = (key: string): Announced | undefined => announced(scene, stage, key);
  const { announcers } = scene.view;
  const toSpread = function* (): Iterable<Asking> {
    for (const key of [...scene.assigned.keys()].sort()) {
      const one = announcedOf(key);
      if (one !== undefined) yield { announced: one, announcer: announcers.get(key) };
    }
  };
  let spread: ReadonlyMap<string, string> | undefined;
  return {
    layer2Of: (key) => {
      const one = announcedOf(key);
      if (one === undefined) return [];
      spread ??= spreadOwners(stage, toSpread());
      const [first] = one.ips;
      const spreadTo = first && spread.get(formatAddress(first));
      return candidatesFor(stage, one, { announcer: announcers.get(key), spreadTo });
    },
    bgpOf: (key) => {
      const one = announcedOf(key);
      const sharers = sharersOf(key).map(announcedOf);
      if (one === undefined) return { routes: [], nodes: [] };
      return bgpFor(
        stage,
        one,
        sharers.filter((other) => other !== undefined),
      );
    },
    sharersOf,
  };
}

/** What the speakers look at for a service; undefined where the controller holds nothing for it. */
function announced(
  { view, assigned, assumed }: Scene,
  { config }: Stage,
  key: string,
): Announced | undefined {
  const one = assigned.get(key);
  const pool = one?.pool === undefined ? undefined : config.pools.get(one.pool);
  if (one === undefined || pool === undefined) return undefined;
  const fromObject = pool.protocol === "bgp" ? legacyBgpEndpoints : endpointsOfObject;
  const endpoints = assumed ?? endpointsOf(view, key, fromObject);
  return { service: one.service, ips: one.ips, pool, endpoints };
}

function sharersIn(assigned: ReadonlyMap<string, Assigned>): (key: string) => readonly string[] {
  const holders = new Map<string, string[]>();
  const textsOf = (key: string): string[] => {
    const { ips = [], pool } = assigned.get(key) ?? {};
    return pool === undefined ? [] : ips.map(formatAddress);
  };
  for (const key of assigned.keys()) {
    for (const ip of textsOf(key)) holders.set(ip, [...(holders.get(ip) ?? []), key]);
  }
  return (key) => {
    const all = new Set(textsOf(key).flatMap((ip) => holders.get(ip) ?? []));
    all.delete(key);
    return [...all];
  };
}

function isBalanced({ spec }: Service): boolean {
  return spec.type === "LoadBalancer";
}
