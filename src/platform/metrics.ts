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

  /** Pool usage, by the label `pool`. */
  allocator(): AllocatorMetrics {
    const labels = ["pool"];
    // Declared by the reference and never set, so it shows no series (6.5).
    this.#gauge(
      "metallb_allocator_services_allocated_total",
      "Services that hold an address",
      labels,
    );
    return {
      addresses: this.#gauge(
        "metallb_allocator_addresses_total",
        "Usable addresses of the pool",
        labels,
      ),
      addressesInUse: this.#gauge(
        "metallb_allocator_addresses_in_use_total",
        "Addresses of the pool that services hold",
        labels,
      ),
    };
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

export interface AllocatorMetrics {
  readonly addresses: Gauge;
  readonly addressesInUse: Gauge;
}

export interface SpeakerMetrics {
  readonly announced: Gauge;
  readonly requestsReceived: Counter;
  readonly responsesSent: Counter;
  readonly gratuitousSent: Counter;
}
