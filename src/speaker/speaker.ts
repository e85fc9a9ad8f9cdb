/** The speaker as a machine: what the API server tells goes in, what to announce, withdraw and say comes out. */

import { compileConfigMap, type Config, findingText, findStrandedAddress } from "../config/index.ts";
import { LegacyElection, type ServiceEndpoint } from "../election/index.ts";
import { formatAddress } from "../ip/index.ts";
import type { EventNote, Service } from "../kube/index.ts";
import {
  type Announcement,
  decideAnnouncement,
  type Decision,
  type WithdrawReason,
} from "./announcements.ts";

export type SpeakerEvent =
  | { readonly kind: "service"; readonly key: string; readonly service: Service | undefined }
  | {
      readonly kind: "endpoints";
      readonly key: string;
      readonly endpoints: readonly ServiceEndpoint[] | undefined;
    }
  /** The nodes whose speakers count as dead; any other may be elected, also one that the API does not know. */
  | { readonly kind: "dead-nodes"; readonly nodes: ReadonlySet<string> }
  /** The document of the ConfigMap; undefined: there is no ConfigMap. */
  | { readonly kind: "config"; readonly text: string | undefined }
  /** Services, endpoints and nodes are complete: announcing may begin. */
  | { readonly kind: "synced" }
  | { readonly kind: "continue" };

export type SpeakerCommand =
  /** Answer for the address and start a burst, also when it is announced already (L2-130). */
  | { readonly kind: "announce"; readonly service: string; readonly announcement: Announcement }
  | { readonly kind: "withdraw"; readonly service: string; readonly announcement: Announcement }
  | { readonly kind: "record-event"; readonly note: EventNote }
  | { readonly kind: "config-state"; readonly isStale: boolean }
  | { readonly kind: "count-update"; readonly hasFailed: boolean }
  /** Services are left of a pass: step with `continue` once other events had their turn. */
  | { readonly kind: "continue" }
  | {
      readonly kind: "log";
      readonly level: "info" | "warn" | "error";
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** Bounds how long ARP requests must wait while thousands of services are gone through. */
const SERVICES_PER_STEP = 20;

export class Speaker {
  readonly #nodeName: string;
  readonly #configName: string;
  readonly #services = new Map<string, Service>();
  readonly #endpoints = new Map<string, readonly ServiceEndpoint[]>();
  readonly #announced = new Map<string, Announcement>();
  readonly #election = new LegacyElection();
  /** What the pass over all services has not come to yet. */
  readonly #toPass = new Set<string>();
  #deadNodes: ReadonlySet<string> = new Set();
  #config: Config | undefined;
  /** The document taken last, good or bad; null before the first. */
  #configText: string | undefined | null = null;
  #isSynced = false;

  /** `configName` is the ConfigMap's `namespace/name`, for messages. */
  constructor(nodeName: string, configName: string) {
    this.#nodeName = nodeName;
    this.#configName = configName;
  }

  /** What this node announces now, by service key. */
  get announced(): ReadonlyMap<string, Announcement> {
    return this.#announced;
  }

  step(event: SpeakerEvent): SpeakerCommand[] {
    switch (event.kind) {
      case "service":
        setOrDelete(this.#services, event.key, event.service);
        return this.#passOne(event.key);
      case "endpoints":
        return this.#takeEndpoints(event.key, event.endpoints);
      case "dead-nodes":
        return this.#takeDeadNodes(event.nodes);
      case "config":
        return this.#takeConfig(event.text);
      case "synced":
        this.#isSynced = true;
        return this.#passAll();
      default:
        return this.#passSome();
    }
  }

  /** Objects are written for many reasons; only a change that an election can see is one for us. */
  #takeEndpoints(key: string, endpoints: readonly ServiceEndpoint[] | undefined): SpeakerCommand[] {
    const before = this.#endpoints.get(key);
    setOrDelete(this.#endpoints, key, endpoints);
    return JSON.stringify(before) === JSON.stringify(endpoints) ? [] : this.#passOne(key);
  }

  #takeDeadNodes(nodes: ReadonlySet<string>): SpeakerCommand[] {
    this.#deadNodes = nodes;
    if (!this.#isSynced) return [];
    const fields = { event: "nodeChanged", msg: "node event - forcing sync" };
    return [{ kind: "log", level: "info", fields }, ...this.#passAll()];
  }

  #takeConfig(text: string | undefined): SpeakerCommand[] {
    if (text === this.#configText) return [];
    this.#configText = text;
    if (text === undefined) {
      const mend = `create it: kubectl create configmap or kubectl apply, key "config"`;
      const error = `no ConfigMap ${this.#configName}; ${mend}`;
      return this.#configRefused({ event: "configMissing", error, hasFailed: true });
    }
    const compiled = compileConfigMap(text);
    if (!compiled.ok) return this.#configStale(compiled.error.message);
    const stranded = findStrandedAddress(compiled.config, this.#held(), { ignoreAvoided: true });
    if (stranded !== undefined) return this.#configStale(stranded.message);
    this.#config = compiled.config;
    return [
      { kind: "config-state", isStale: false },
      ...compiled.warnings.map((warning) => configLog("warn", { msg: findingText(warning) })),
      configLog("info", { event: "configLoaded", msg: "config (re)loaded" }),
      { kind: "count-update", hasFailed: false },
      ...this.#passAll(),
    ];
  }

  /** Refused, but handled: nothing is tried again before the ConfigMap changes (LC-28, LC-29). */
  #configStale(error: string): SpeakerCommand[] {
    return this.#configRefused({ event: "configStale", error, hasFailed: false });
  }

  #configRefused(refusal: { event: string; error: string; hasFailed: boolean }): SpeakerCommand[] {
    const { event, error, hasFailed } = refusal;
    const msg = "configuration refused, the previous one stays in use";
    return [
      { kind: "config-state", isStale: true },
      configLog("error", { event, configmap: this.#configName, error, msg }),
      { kind: "count-update", hasFailed },
    ];
  }

  *#held(): Iterable<{ service: string; address: Announcement["ip"]; pool: string }> {
    for (const [service, { ip, pool }] of this.#announced) yield { service, address: ip, pool };
  }

  /** All services without a rate limit (L2-59), though not all in one step. */
  #passAll(): SpeakerCommand[] {
    if (this.#config === undefined || !this.#isSynced) return [];
    for (const key of this.#services.keys()) this.#toPass.add(key);
    return this.#passSome();
  }

  #passSome(): SpeakerCommand[] {
    const commands: SpeakerCommand[] = [];
    let left = SERVICES_PER_STEP;
    for (const key of this.#toPass) {
      if (left-- === 0) return [...commands, { kind: "continue" }];
      commands.push(...this.#passOne(key));
    }
    return commands;
  }

  #passOne(key: string): SpeakerCommand[] {
    this.#toPass.delete(key);
    if (!this.#isSynced) return [];
    const service = this.#services.get(key);
    if (service === undefined) this.#election.forget(key);
    const decision = decideAnnouncement({
      serviceKey: key,
      service,
      endpoints: this.#endpoints.get(key),
      config: this.#config,
      announced: this.#announced.get(key),
      nodeName: this.#nodeName,
      isAlive: (nodeName) => !this.#deadNodes.has(nodeName),
      election: this.#election,
    });
    return [{ kind: "count-update", hasFailed: false }, ...this.#carryOut(key, decision)];
  }

  #carryOut(key: string, decision: Decision): SpeakerCommand[] {
    switch (decision.kind) {
      case "wait":
        return [];
      case "withdraw":
        if (decision.reason !== "notSupported") return this.#withdraw(key, decision.reason);
        return [...this.#withdraw(key, decision.reason), notSupportedLog(key)];
      default: {
        const withdrawn = decision.replaces ? this.#withdraw(key, decision.replaces) : [];
        return [...withdrawn, ...this.#announce(key, decision.announcement)];
      }
    }
  }

  #announce(key: string, announcement: Announcement): SpeakerCommand[] {
    this.#announced.set(key, announcement);
    const service = this.#services.get(key);
    const fields = { event: "serviceAnnounced", msg: "service has IP, announcing" };
    return [
      { kind: "announce", service: key, announcement },
      { kind: "log", level: "info", fields: { ...fields, ...logFields(key, announcement) } },
      ...(service ? [this.#assignedEvent(service)] : []),
    ];
  }

  #withdraw(key: string, reason: WithdrawReason): SpeakerCommand[] {
    const announcement = this.#announced.get(key);
    if (announcement === undefined) return [];
    this.#announced.delete(key);
    const fields = { event: "serviceWithdrawn", reason, msg: "withdrawing service announcement" };
    return [
      { kind: "withdraw", service: key, announcement },
      { kind: "log", level: "info", fields: { ...fields, ...logFields(key, announcement) } },
    ];
  }

  /** Said at every successful pass; the recorder folds repetitions (L2-150). */
  #assignedEvent({ metadata }: Service): SpeakerCommand {
    const { namespace = "", name, uid } = metadata;
    const object = { kind: "Service", apiVersion: "v1", namespace, name, ...(uid && { uid }) };
    const message = `announcing from node "${this.#nodeName}"`;
    return {
      kind: "record-event",
      note: { object, type: "Normal", reason: "nodeAssigned", message },
    };
  }
}

function setOrDelete<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function logFields(key: string, { ip, pool, protocol }: Announcement): Record<string, string> {
  return { service: key, ip: formatAddress(ip), pool, protocol };
}

function configLog(
  level: "info" | "warn" | "error",
  fields: Readonly<Record<string, string>>,
): SpeakerCommand {
  return { kind: "log", level, fields: { op: "setConfig", ...fields } };
}

function notSupportedLog(service: string): SpeakerCommand {
  const msg =
    "not announced: this speaker announces IPv4 addresses of pools with protocol layer2; " +
    "give the service an address of such a pool";
  return { kind: "log", level: "warn", fields: { op: "setBalancer", service, msg } };
}
