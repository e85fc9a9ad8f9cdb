/** The metrics of both programs, with the names of MetalLB's dashboards and alerts. */

import { expositionContentType, Metric, type MetricOptions } from "./metric.ts";
import { processMetrics } from "./process-metrics.ts";

/** What `/metrics` shows. */
export class Metrics {
  readonly #metrics: Metric[] = processMetrics();
  readonly #refreshers: (() => void)[] = [];

  /** Calls `refresh` before each scrape, for values that are kept elsewhere. */
  onScrape(refresh: () => void): void {
    this.#refreshers.push(refresh);
  }

  /** The exposition text and its content type. */
  expose(): { text: string; contentType: string } {
    for (const refresh of this.#refreshers) refresh();
    const text = this.#metrics.map((metric) => metric.expose()).join("");
    return { text, contentType: expositionContentType };
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

  /**
   * Pool usage by the label `pool`, asked for when scraped: a pool's series come and go with it (MET-11). The numbers
   * of each family are v0.16's (MET-16).
   */
  allocator(readUsage: () => Iterable<PoolUsageRow>, showsFamilies: boolean): void {
    const labelNames = ["pool"];
    // Declared by the reference and never set, so it shows no series (6.5).
    const unset = "metallb_allocator_services_allocated_total";
    this.#gauge(unset, "Services that hold an address", labelNames);
    const perPool = (name: string, help: string, value: (row: PoolUsageRow) => bigint): void => {
      const collect = (metric: Metric): void => {
        metric.reset();
        for (const row of readUsage()) metric.set(value(row), { pool: row.pool });
      };
      this.#add({ type: "gauge", name, help, labelNames, collect });
    };
    perPool(
      "metallb_allocator_addresses_total",
      "Usable addresses of the pool",
      (row) => row.capacity,
    );
    perPool(
      "metallb_allocator_addresses_in_use_total",
      "Addresses of the pool that services hold",
      (row) => row.inUse,
    );
    if (!showsFamilies) return;
    const all = "metallb_allocator_";
    const [usable, held] = ["Usable addresses of the pool", "Addresses of the pool in use"];
    perPool(`${all}ipv4_addresses_total`, `${usable}, IPv4`, (row) => row.capacityV4);
    perPool(`${all}ipv4_addresses_in_use_total`, `${held}, IPv4`, (row) => row.inUseV4);
    perPool(`${all}ipv6_addresses_total`, `${usable}, IPv6`, (row) => row.capacityV6);
    perPool(`${all}ipv6_addresses_in_use_total`, `${held}, IPv6`, (row) => row.inUseV6);
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
      // The rest is ours; MetalLB has none of it.
      dropped: this.#counter(
        "metallb_speaker_layer2_dropped_total",
        "ARP and NDP frames that got no answer",
        ["protocol", "reason"],
      ),
      responders: this.#gauge(
        "metallb_speaker_layer2_responders",
        "Interfaces on which ARP or NDP is answered",
        ["protocol"],
      ),
      wayInUse: this.#gauge(
        "metallb_speaker_layer2_responder_info",
        "1 for the way in which ARP and NDP are answered: kernel (and packet sockets behind it) or packet",
        ["way", "reason"],
      ),
      passedOn: this.#counter(
        "metallb_speaker_layer2_kernel_passed_total",
        "ARP frames and solicitations that the kernel left to user space, which answers or drops them",
        ["reason"],
      ),
      kernelTroubles: this.#counter(
        "metallb_speaker_layer2_kernel_troubles_total",
        "What the kernel could not take over: no-room (an address), interface, gave-up (all)",
        ["kind"],
      ),
    };
  }

  /** What is seen of our addresses on the wire. Ours; MetalLB has none of these. */
  wire(): WireMetrics {
    const all = "metallb_speaker_wire_";
    return {
      seen: this.#gauge(
        `${all}addresses`,
        "Addresses of other nodes that this one asks for, by who answers: yes (the owner), nobody, wrong, two, unknown",
        ["seen"],
      ),
      trouble: this.#gauge(
        `${all}trouble`,
        "1 for an address that this speaker asks for and that is not answered as it should be: nobody, wrong, two",
        ["ip", "seen"],
      ),
      questions: this.#counter(`${all}questions_total`, "Questions sent on each interface", [
        "protocol",
      ]),
      conflicts: this.#gauge(
        `${all}conflicts`,
        "Machines that answer for the address or claim it beside its owner; no series: none",
        ["ip"],
      ),
      claims: this.#counter(
        `${all}claims_total`,
        "Frames of others about an address that this node announces",
        ["kind"],
      ),
      dropped: this.#counter(
        `${all}dropped_total`,
        "Frames that were not looked at, because there were too many",
        ["reason"],
      ),
    };
  }

  /** What a speaker found when the controller asked for addresses. Ours. */
  probes(): Metric {
    return this.#counter(
      "metallb_speaker_probes_total",
      "Addresses that this speaker asked for on the wire before they are given: free, used, ours, elsewhere",
      ["answer"],
    );
  }

  /** Addresses that were asked for on the wire before they are given, and those that nobody is given. Ours. */
  assignmentProbes(readWithheld: () => Iterable<{ readonly pool: string }>): Metric {
    const collect = (metric: Metric): void => {
      metric.reset();
      const counts = new Map<string, number>();
      for (const { pool } of readWithheld()) counts.set(pool, (counts.get(pool) ?? 0) + 1);
      for (const [pool, count] of counts) metric.set(count, { pool });
    };
    this.#add({
      type: "gauge",
      name: "metallb_controller_probe_withheld_addresses",
      help: "Addresses of the pool that are given to nobody, because other machines use them; no series: none",
      labelNames: ["pool"],
      collect,
    });
    return this.#counter(
      "metallb_controller_probes_total",
      "Addresses that were to be given, by what came of asking on the wire: free, used, ours, unasked",
      ["answer"],
    );
  }

  /** The speakers' ring: who is seen, how fast, and what was dropped. Ours; MetalLB has none of these. */
  ring(): RingMetrics {
    const all = "metallb_speaker_ring_";
    return {
      members: this.#gauge(
        `${all}members`,
        "Speakers that this one counts as alive, itself included",
      ),
      changes: this.#counter(`${all}changes_total`, "Changes of the list of speakers", ["event"]),
      findings: this.#counter(
        `${all}findings_total`,
        "What the fast failure detector found: dead, isolated, cleared, widened, paused, returned",
        ["finding"],
      ),
      dropped: this.#counter(`${all}dropped_total`, "Packets of gossip that were dropped", [
        "reason",
      ]),
      silence: this.#gauge(
        `${all}silence_limit_seconds`,
        "Silence after which others are asked about a speaker; rises by itself on a slow network",
        ["node"],
      ),
      ackTime: this.#gauge(`${all}ack_seconds`, "How long a speaker takes to answer a ping", [
        "node",
      ]),
      onScrape: (refresh) => this.onScrape(refresh),
    };
  }

  #counter(name: string, help: string, labelNames: string[] = []): Metric {
    return this.#add({ type: "counter", name, help, labelNames });
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Metric {
    return this.#add({ type: "gauge", name, help, labelNames });
  }

  #add(options: MetricOptions): Metric {
    const metric = new Metric(options);
    this.#metrics.push(metric);
    return metric;
  }
}

export interface ClientMetrics {
  readonly updates: Metric;
  readonly updateErrors: Metric;
  readonly configLoaded: Metric;
  readonly configStale: Metric;
}

export interface PoolUsageRow {
  readonly pool: string;
  readonly capacity: bigint;
  readonly capacityV4: bigint;
  readonly capacityV6: bigint;
  /** Distinct addresses that services hold. */
  readonly inUse: bigint;
  readonly inUseV4: bigint;
  readonly inUseV6: bigint;
}

export interface SpeakerMetrics {
  readonly announced: Metric;
  readonly requestsReceived: Metric;
  readonly responsesSent: Metric;
  readonly gratuitousSent: Metric;
  readonly dropped: Metric;
  readonly responders: Metric;
  readonly wayInUse: Metric;
  readonly passedOn: Metric;
  readonly kernelTroubles: Metric;
}

export interface WireMetrics {
  readonly trouble: Metric;
  readonly seen: Metric;
  readonly questions: Metric;
  readonly conflicts: Metric;
  readonly claims: Metric;
  readonly dropped: Metric;
}

export interface RingMetrics {
  readonly members: Metric;
  readonly changes: Metric;
  readonly findings: Metric;
  readonly dropped: Metric;
  readonly silence: Metric;
  readonly ackTime: Metric;
  /** For values that the ring keeps itself. */
  readonly onScrape: (refresh: () => void) => void;
}
