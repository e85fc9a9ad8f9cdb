/** One node of a simulated ring: its machine, its timers, and whether it runs. */

import type { Place } from "../memberlist/index.ts";
import type { Ring } from "../ring/index.ts";

export const gossipPort = 7946;

interface Held {
  readonly kind: "timer" | "packet";
  readonly run: () => void;
}

export class SimulatedNode {
  readonly index: number;
  readonly name: string;
  ring: Ring;
  /** Name of a timer -> when it is due, on the clock of the simulation. */
  readonly timers = new Map<string, number>();
  isUp = false;
  isLeaving = false;
  pausedUntilMs = 0;
  /** What came in while it was stopped: timers first when it goes on, as in Node's event loop. */
  held: Held[] = [];
  /** Counts starts and ends, so that what belongs to an earlier life is dropped. */
  life = 0;
  /** Its clock less that of the simulation. */
  offsetMs: number;
  /** The same of its wall clock, which nothing reads but a process that starts. */
  wallOffsetMs = 0;
  /** The number of its address: its own at first. */
  address: number;

  constructor(index: number, offsetMs: number, ring: Ring) {
    this.index = index;
    this.name = `node${index}`;
    this.offsetMs = offsetMs;
    this.ring = ring;
    this.address = index;
  }

  get place(): Place {
    return { address: [...addressOf(this.address)].join("."), port: gossipPort };
  }

  begin(ring: Ring): void {
    this.end();
    this.ring = ring;
    this.isUp = true;
    this.isLeaving = false;
    this.pausedUntilMs = 0;
  }

  end(): void {
    this.isUp = false;
    this.life++;
    this.timers.clear();
    this.held = [];
  }
}

/** 10.0.0.0/8, so that a number of a node is an address. */
export function addressOf(index: number): Uint8Array {
  return Uint8Array.of(10, index >> 16, (index >> 8) & 255, index & 255);
}

export function addressOfText(address: string): number {
  const [, high = 0, middle = 0, low = 0] = address.split(".").map(Number);
  return (high << 16) | (middle << 8) | low;
}
