/** The metrics of both programs, with the names of MetalLB's dashboards and alerts. */

import { Counter, Gauge, Registry } from "prom-client";
import { addProcessMetrics } from "./process-metrics.ts";

/** What `/metrics` shows. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #refreshers: (() => void)[] = [];

  constructor() {
    addProcessMetrics(this.#registry);
  }

  /** Calls `refresh` before each scrape, for values that are kept elsewhere. */
  onScrape(refresh: () => void): void {
    this.#refreshers.push(refresh);
  }

  /** The exposition text and its content type. */
  async expose(): Promise<{ text: string; contentType: string }> {
    for (const refresh of this.#refreshers) refresh();
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }

  /** Objects processed and the state of the configuration; both programs have them, from the start with 0. */
  client(): ClientMetrics {
    return {
      updates: this.#counter("metallb_k8s_client_updates_total", "Objects processed"),
      updateErrors: this.#counter(
        "metallb_k8s_client_update_errors_total",
        "Objects whose processing failed",
      ),
      configLoaded: this.#gauge(
        "metallb_k8s_client_config_loaded_bool",
        "1 once a configuration was accepted",
      ),
      configStale: this.#gauge(
        "metallb_k8s_client_config_stale_bool",
        "1 while an older configuration is in use, because the latest is invalid or missing",
      ),
    };
  }

  /** Pool usage by the label `pool`, asked for when scraped: a pool's series come and go with it. */
  allocator(readUsage: () => Iterable<PoolUsageRow>): void {
    const labelNames = ["pool"];
    const registers = [this.#registry];
    // Declared by the reference and never set, so it shows no series (6.5).
    const unset = "metallb_allocator_services_allocated_total";
    this.#gauge(unset, "Services that hold an address", labelNames);
    const addresses: Gauge = new Gauge({
      name: "metallb_allocator_addresses_total",
      help: "Usable addresses of the pool",
      labelNames,
      registers,
      collect: () => {
        addresses.reset();
        for (const { pool, capacity } of readUsage()) addresses.set({ pool }, Number(capacity));
      },
    });
    const inUse: Gauge = new Gauge({
      name: "metallb_allocator_addresses_in_use_total",
      help: "Addresses of the pool that services hold",
      labelNames,
      registers,
      collect: () => {
        inUse.reset();
        for (const row of readUsage()) inUse.set({ pool: row.pool }, Number(row.inUse));
      },
    });
  }

  /** Announcements and ARP/NDP traffic of a speaker. */
  speaker(): SpeakerMetrics {
    return {
      announced: this.#gauge(
        "metallb_speaker_announced",
        "1 while this node announces the address",
        ["service", "protocol", "node", "ip"],
      ),
      requestsReceived: this.#counter(
        "metallb_layer2_requests_received",
        "ARP requests and neighbour solicitations for the address",
        ["ip"],
      ),
      responsesSent: this.#counter("metallb_layer2_responses_sent", "Answers sent", ["ip"]),
      gratuitousSent: this.#counter(
        "metallb_layer2_gratuitous_sent",
        "Unasked announcements sent",
        ["ip"],
      ),
    };
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }
}

export interface ClientMetrics {
  readonly updates: Counter;
  readonly updateErrors: Counter;
  readonly configLoaded: Gauge;
  readonly configStale: Gauge;
}

export interface PoolUsageRow {
  readonly pool: string;
  readonly capacity: bigint;
  /** Distinct addresses that services hold. */
  readonly inUse: bigint;
}

export interface SpeakerMetrics {
  readonly announced: Gauge;
  readonly requestsReceived: Counter;
  readonly responsesSent: Counter;
  readonly gratuitousSent: Counter;
}
