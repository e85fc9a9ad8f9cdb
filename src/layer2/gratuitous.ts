/** Gratuitous ARP: when an address is announced unasked (L2-130..L2-134), and the frames that say it (L2-135). */
import type { IpAddress, MacAddress } from "../ip/index.ts";
import type { AnnouncedAddresses } from "./announced-addresses.ts";
import { ARP_REPLY, ARP_REQUEST, encodeArpPacket } from "./arp-packet.ts";
import { BROADCAST_MAC, encodeEthernetFrame, ETHERTYPE_ARP } from "./ethernet-frame.ts";

const BURST_MS = 5000;
export const ROUND_PERIOD_MS = 1100;
/** Bounds how long requests must wait while thousands of addresses have their round at once. */
const ROUNDS_PER_STEP = 32;

export type BurstEvent =
  | { readonly kind: "announced"; readonly ip: IpAddress; readonly nowMs: number }
  | { readonly kind: "interface-came-up"; readonly name: string; readonly nowMs: number }
  | { readonly kind: "round-timer"; readonly nowMs: number }
  | { readonly kind: "continue" };

export type BurstCommand =
  /** One round for the address on one interface, or on all that fit when `on` is undefined. */
  | { readonly kind: "send-round"; readonly ip: IpAddress; readonly on: string | undefined }
  /** Fire `round-timer` once, `ROUND_PERIOD_MS` from now. */
  | { readonly kind: "set-round-timer" }
  /** More rounds are due: step with `continue` once other events had their turn. */
  | { readonly kind: "continue" };

/** An address, and the only interface that it is told on (undefined: all that fit). */
interface Round {
  readonly ip: IpAddress;
  readonly on: string | undefined;
}

interface Burst extends Round {
  endMs: number;
}

/** All running bursts; they share one timer, which runs only while there is a burst (L2-132). */
export class GratuitousBursts {
  readonly #addresses: AnnouncedAddresses;
  readonly #bursts = new Map<string, Burst>();
  /** Rounds that are to be sent now, but not all in one step. */
  readonly #due = new Map<string, Round>();

  constructor(addresses: AnnouncedAddresses) {
    this.#addresses = addresses;
  }

  step(event: BurstEvent): BurstCommand[] {
    switch (event.kind) {
      case "announced": {
        const { ip, nowMs } = event;
        const isNews = this.#burst(ip, undefined) === undefined;
        const timer = this.#prolong(ip, undefined, nowMs);
        return isNews ? [...this.#sendRound({ ip, on: undefined }), ...timer] : timer;
      }
      case "interface-came-up":
        return [...this.#interfaceCameUp(event.name, event.nowMs), ...this.#sendDue()];
      case "round-timer":
        return [...this.#round(event.nowMs), ...this.#sendDue()];
      default:
        return this.#sendDue();
    }
  }

  /** Only the new link has to learn (L2-87), for as long as a burst lasts. */
  #interfaceCameUp(name: string, nowMs: number): BurstCommand[] {
    const commands: BurstCommand[] = [];
    for (const ip of this.#addresses.addresses()) {
      if (!this.#addresses.lookup(ip, name).found) continue;
      this.#due.set(burstKey(ip, name), { ip, on: name });
      const on = this.#burst(ip, undefined) === undefined ? name : undefined;
      commands.push(...this.#prolong(ip, on, nowMs));
    }
    return commands;
  }

  /** Starts a burst or moves its end; the timer is started with the first burst. */
  #prolong(ip: IpAddress, on: string | undefined, nowMs: number): BurstCommand[] {
    const wasIdle = this.#bursts.size === 0;
    this.#bursts.set(burstKey(ip, on), { ip, on, endMs: nowMs + BURST_MS });
    return wasIdle ? [{ kind: "set-round-timer" }] : [];
  }

  #round(nowMs: number): BurstCommand[] {
    for (const [key, burst] of this.#bursts) {
      if (nowMs > burst.endMs) this.#bursts.delete(key);
      else this.#due.set(key, burst);
    }
    return this.#bursts.size > 0 ? [{ kind: "set-round-timer" }] : [];
  }

  #sendDue(): BurstCommand[] {
    const commands: BurstCommand[] = [];
    for (const [key, round] of this.#due) {
      if (commands.length >= ROUNDS_PER_STEP) return [...commands, { kind: "continue" }];
      this.#due.delete(key);
      commands.push(...this.#sendRound(round));
    }
    return commands;
  }

  /** Nothing is sent for an address that has lost its last user meanwhile (L2-134). */
  #sendRound({ ip, on }: Round): BurstCommand[] {
    return this.#addresses.userCount(ip) > 0 ? [{ kind: "send-round", ip, on }] : [];
  }

  #burst(ip: IpAddress, on: string | undefined): Burst | undefined {
    return this.#bursts.get(burstKey(ip, on));
  }
}

function burstKey(ip: IpAddress, on: string | undefined): string {
  return `${ip.family} ${ip.value} ${on ?? "*"}`;
}

/** The two broadcast frames of an IPv4 round: first the request form, then the reply form. */
export function gratuitousArpFrames(mac: MacAddress, ip: IpAddress): Uint8Array[] {
  return [ARP_REQUEST, ARP_REPLY].map((operation) =>
    encodeEthernetFrame({
      destination: BROADCAST_MAC,
      source: mac,
      etherType: ETHERTYPE_ARP,
      payload: encodeArpPacket({
        operation,
        senderMac: mac,
        senderIp: ip,
        targetMac: BROADCAST_MAC,
        targetIp: ip,
      }),
    }),
  );
}
