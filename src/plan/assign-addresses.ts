/** What the controller would make of all services after a restart: its own machine, run to the end without a server. */
import { Reconciler, type ReconcilerCommand, type ReconcilerEvent } from "../assignment/index.ts";
import type { ConfigOutcome } from "../config/index.ts";
import { parseAddress, type IpAddress } from "../ip/index.ts";
import type { LoadBalancerIngress, Service } from "../kube/index.ts";

/** What one service has in the end. */
export interface Assigned {
  /** As it would be stored. */
  readonly service: Service;
  readonly ips: readonly IpAddress[];
  /** Name of the pool; undefined if the controller holds nothing for the service. */
  readonly pool: string | undefined;
  /** Why it has these addresses, or none: the words of the last event, or of the log. */
  readonly reason: string;
}

/** A machine that has not come to rest by then asks for the same thing again and again. */
const longestMs = 24 * 3_600_000;

/** `services` by key, in the order in which they ask for an address; those that hold one come first anyway (IPAM-53). */
export function assignAddresses(
  services: ReadonlyMap<string, Service>,
  outcome: ConfigOutcome,
  loadBalancerClass: string,
): ReadonlyMap<string, Assigned> {
  const run = new Run(new Reconciler({ loadBalancerClass }));
  for (const [key, service] of services) run.add(key, service);
  run.settle({ kind: "servicesListed" });
  run.settle({ kind: "config", outcome });
  return run.result(outcome);
}

/** Plays the API server, which stores what it is given, and the clock. */
class Run {
  readonly #machine: Reconciler;
  readonly #stored = new Map<string, Service>();
  readonly #given = new Map<string, Service>();
  readonly #said = new Map<string, string>();
  readonly #noted = new Map<string, string>();
  #version = 0;
  #nowMs = 0;

  constructor(machine: Reconciler) {
    this.#machine = machine;
  }

  add(key: string, service: Service): void {
    this.#given.set(key, service);
    this.settle({ kind: "service", key, service: this.#store(key, service) });
  }

  /** Steps until the machine asks for nothing more. */
  settle(event: ReconcilerEvent): void {
    const events = [event];
    let wakeMs: number | undefined;
    for (;;) {
      const next = events.shift();
      if (next !== undefined) {
        wakeMs = undefined;
        for (const command of this.#machine.step(next, this.#nowMs)) {
          if (command.kind === "wakeAfter") wakeMs = command.ms;
          else this.#carryOut(command, events);
        }
      } else if (wakeMs !== undefined && this.#nowMs < longestMs) {
        this.#nowMs += wakeMs;
        events.push({ kind: "wake" });
      } else return;
    }
  }

  result(outcome: ConfigOutcome): ReadonlyMap<string, Assigned> {
    const pools = new Map<string, string>();
    for (const { service, pool } of this.#machine.held()) pools.set(service, pool);
    return new Map(
      [...this.#stored].map(([key, service]) => {
        const pool = pools.get(key);
        const ips = addressesOf(service);
        const why = this.#noted.get(key) ?? this.#said.get(key);
        const reason = why ?? reasonOfSilence(service, { outcome, pool, ips });
        return [key, { service, ips, pool, reason }];
      }),
    );
  }

  #carryOut(command: ReconcilerCommand, events: ReconcilerEvent[]): void {
    if (command.kind === "writeStatus") {
      const { key } = command;
      events.push({ kind: "written", key, service: this.#store(key, command.service) });
    } else if (command.kind === "recordOnService" && isReason(command.note)) {
      const { namespace = "", name } = command.service.metadata;
      const key = `${namespace}/${name}`;
      const { message } = command.note;
      const told = this.#noted.get(key);
      // What it loses, and what it gets instead: both are the reason; what is said again is not.
      if (told?.endsWith(message) !== true) {
        this.#noted.set(key, told === undefined ? message : `${told}. ${message}`);
      }
    } else if (command.kind === "log") {
      const { service, reason, msg } = command.fields;
      if (typeof service === "string" && reason !== undefined && typeof msg === "string") {
        this.#said.set(service, msg);
      }
    }
  }

  #store(key: string, service: Service): Service {
    this.#version += 1;
    const metadata = { ...service.metadata, resourceVersion: String(this.#version) };
    const stored = { ...service, metadata };
    this.#stored.set(key, stored);
    return stored;
  }
}

/** How an annotation is spelled decides about nothing. */
function isReason({ reason }: { readonly reason: string }): boolean {
  return reason !== "deprecatedAnnotation";
}

/** The machine says nothing of a service that stays as it is. */
function reasonOfSilence(
  { spec }: Service,
  {
    outcome,
    pool,
    ips,
  }: { outcome: ConfigOutcome; pool: string | undefined; ips: readonly unknown[] },
): string {
  if (outcome.kind !== "accepted") {
    return "no configuration is in force, so the controller leaves the service as it is";
  }
  if (pool !== undefined) return `keeps the address of its status, which pool "${pool}" contains`;
  if (outcome.config.pools.size === 0) return "the configuration has no pools";
  if (ips.length > 0 || spec.loadBalancerClass !== undefined) {
    const asked = spec.loadBalancerClass;
    const class_ = asked === undefined ? "no loadBalancerClass" : `loadBalancerClass "${asked}"`;
    return `the service has ${class_}, so another load balancer serves it`;
  }
  return "the service has no cluster IP";
}

function addressesOf({ status }: Service): IpAddress[] {
  const ingress: readonly LoadBalancerIngress[] = status?.loadBalancer?.ingress ?? [];
  return ingress.map(({ ip = "" }) => parseAddress(ip)).filter((ip) => ip !== undefined);
}
