/** What the network between simulated nodes does: it loses, repeats and delays packets, and has links that are cut. */

export interface SimulatedNetworkOptions {
  readonly nodes: number;
  readonly random: () => number;
  readonly delayMs: readonly [number, number];
}

/** A lost segment of a connection is sent again after so long, as TCP does (RFC 6298). */
const retransmissionMs = 200;
/** A packet that is overtaken comes so much later at most: others sent after it are there before. */
const latestMs = 400;

export class SimulatedNetwork {
  /** Shares of packets: lost, repeated, overtaken by later ones. */
  loss = 0;
  duplicates = 0;
  late = 0;
  readonly #nodes: number;
  readonly #random: () => number;
  readonly #delayMs: readonly [number, number];
  readonly #cut = new Set<number>();

  constructor({ nodes, random, delayMs }: SimulatedNetworkOptions) {
    this.#nodes = nodes;
    this.#random = random;
    this.#delayMs = delayMs;
  }

  /** Packets from the one do not reach the other. */
  cut(from: number, to: number): void {
    this.#cut.add(from * this.#nodes + to);
  }

  partition(group: readonly number[]): void {
    const inside = new Set(group);
    for (let outside = 0; outside < this.#nodes; outside++) {
      if (inside.has(outside)) continue;
      for (const one of group) {
        this.cut(outside, one);
        this.cut(one, outside);
      }
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  passes(from: number, to: number): boolean {
    return this.#cut.size === 0 || !this.#cut.has(from * this.#nodes + to);
  }

  /** After how long each copy of a packet arrives; none: it is lost. */
  arrivals(): number[] {
    const copies = this.#happens(this.duplicates) ? 2 : 1;
    const arrivals: number[] = [];
    for (let copy = 0; copy < copies; copy++) {
      if (this.#happens(this.loss)) continue;
      const lateMs = this.#happens(this.late) ? this.#random() * latestMs : 0;
      arrivals.push(this.#delay() + lateMs);
    }
    return arrivals;
  }

  /** Connections lose nothing, but what is lost comes later. */
  streamDelay(): number {
    let ms = this.#delay();
    for (let wait = retransmissionMs; wait < 10_000 && this.#happens(this.loss); wait *= 2) {
      ms += wait;
    }
    return ms;
  }

  #delay(): number {
    const [least, most] = this.#delayMs;
    return least + this.#random() * (most - least);
  }

  #happens(share: number): boolean {
    return share > 0 && this.#random() < share;
  }
}
