/** Gratuitous ARP: when an address is announced unasked (L2-130..L2-134), and the frames that say it (L2-135). */
import type { IpAddress, MacAddress } from "../ip/index.ts";
import type { AnnouncedAddresses } from "./announced-addresses.ts";
import { ARP_REPLY, ARP_REQUEST, encodeArpPacket } from "./arp-packet.ts";
import { BROADCAST_MAC, encodeEthernetFrame, ETHERTYPE_ARP } from "./ethernet-frame.ts";

const BURST_MS = 5000;
export const ROUND_PERIOD_MS = 1100;

export type BurstEvent =
  | { readonly kind: "announced"; readonly ip: IpAddress; readonly nowMs: number }
  | { readonly kind: "interface-came-up"; readonly name: string; readonly nowMs: number }
  | { readonly kind: "round-timer"; readonly nowMs: number };

export type BurstCommand =
  /** One round for the address on one interface, or on all that fit when `on` is undefined. */
  | { readonly kind: "send-round"; readonly ip: IpAddress; readonly on: string | undefined }
  /** Fire `round-timer` once, `ROUND_PERIOD_MS` from now. */
  | { readonly kind: "set-round-timer" };

interface Burst {
  readonly ip: IpAddress;
  readonly on: string | undefined;
  endMs: number;
}

/** All running bursts; they share one timer, which runs only while there is a burst (L2-132). */
export class GratuitousBursts {
  readonly #addresses: AnnouncedAddresses;
  readonly #bursts = new Map<string, Burst>();

  constructor(addresses: AnnouncedAddresses) {
    this.#addresses = addresses;
  }

  step(event: BurstEvent): BurstCommand[] {
    switch (event.kind) {
      case "announced":
        return this.#start(event.ip, undefined, event.nowMs);
      case "interface-came-up":
        // Only the new link has to learn: L2-87.
        return [...this.#addresses.addresses()].flatMap((ip) =>
          this.#addresses.lookup(ip, event.name).found
            ? this.#start(ip, event.name, event.nowMs)
            : [],
        );
      default:
        return this.#round(event.nowMs);
    }
  }

  #start(ip: IpAddress, on: string | undefined, nowMs: number): BurstCommand[] {
    const running = this.#burst(ip, undefined) ?? this.#burst(ip, on);
    if (running !== undefined) {
      running.endMs = nowMs + BURST_MS;
      return running.on === on ? [] : this.#sendRound(ip, on);
    }
    const wasIdle = this.#bursts.size === 0;
    this.#bursts.set(burstKey(ip, on), { ip, on, endMs: nowMs + BURST_MS });
    const round = this.#sendRound(ip, on);
    return wasIdle ? [...round, { kind: "set-round-timer" }] : round;
  }

  #round(nowMs: number): BurstCommand[] {
    const commands: BurstCommand[] = [];
    for (const [key, { ip, on, endMs }] of this.#bursts) {
      if (nowMs > endMs) this.#bursts.delete(key);
      else commands.push(...this.#sendRound(ip, on));
    }
    if (this.#bursts.size > 0) commands.push({ kind: "set-round-timer" });
    return commands;
  }

  /** Nothing is sent for an address that has lost its last user meanwhile (L2-134). */
  #sendRound(ip: IpAddress, on: string | undefined): BurstCommand[] {
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
