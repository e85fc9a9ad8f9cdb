/** Sends our questions about addresses and hears what others say of theirs, on each interface of a network of ours. */

import type { IpAddress } from "../ip/index.ts";
import {
  type AskingInterface,
  canAsk,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV6,
  probeFrames,
  questionFrame,
  type ReceivedFrame,
  sightArp,
  type Sighting,
  sightNdp,
} from "../layer2/index.ts";
import {
  arpSightingFilter,
  type Logger,
  monotonicMs,
  NamedTimers,
  NEIGHBOR_SIGHTING_FILTER,
  PacketSocket,
  type PacketSocketOptions,
  type SenderRange,
} from "../platform/index.ts";
import { EventBudget } from "./event-budget.ts";
import type { FrameSocket } from "./interface-responders.ts";

export interface WireSocketsOptions {
  readonly logger: Logger;
  readonly onSighting: (sighting: Sighting, on: AskingInterface) => void;
  /** So many frames were not looked at: somebody floods the interface, or we had no time to read. */
  readonly onFlood: (on: AskingInterface, frames: number) => void;
  /** Default: a packet socket of the kernel. */
  readonly openSocket?: (options: PacketSocketOptions) => FrameSocket;
}

const protocols = [
  { family: 4, etherType: ETHERTYPE_ARP, sight: sightArp },
  { family: 6, etherType: ETHERTYPE_IPV6, sight: sightNdp },
] as const;

type Protocol = (typeof protocols)[number];

/** Looked at on each interface: a thousand at once, then 2,000 a second, a hundred times what a full network has. */
const framesAtOnce = 1000;
const msPerFrame = 0.5;
const reopenMs = 1000;

interface Place {
  on: AskingInterface;
  readonly protocol: Protocol;
}

interface Open extends Place {
  readonly socket: FrameSocket;
  readonly budget: EventBudget;
}

export class WireSockets {
  readonly #options: WireSocketsOptions;
  /** By index of the interface and family. */
  readonly #open = new Map<string, Open>();
  readonly #timers = new NamedTimers<"reopen">(() => this.#openAll());
  #wanted: readonly AskingInterface[] = [];
  #ranges: readonly SenderRange[] = [];
  #isTroubleTold = false;

  constructor(options: WireSocketsOptions) {
    this.#options = options;
  }

  /** Takes the interfaces as they are now and follows every difference. */
  setInterfaces(wanted: readonly AskingInterface[]): void {
    this.#wanted = wanted;
    const places = new Map(placesOf(wanted));
    for (const [key, open] of this.#open) {
      const place = places.get(key);
      if (place !== undefined) open.on = place.on;
      else this.#close(key, open);
    }
    this.#openAll();
  }

  /** Of ordinary ARP requests only those from an address in these ranges are heard; before the first call none are. */
  setRanges(ranges: readonly SenderRange[]): void {
    if (JSON.stringify(ranges) === JSON.stringify(this.#ranges)) return;
    this.#ranges = ranges;
    for (const [key, open] of this.#open) if (open.protocol.family === 4) this.#close(key, open);
    this.#openAll();
  }

  /** Asks for the address on every interface that can; the result is on how many. */
  ask(ip: IpAddress): number {
    const names = this.#send(ip, (on) => {
      const frame = questionFrame(on, ip);
      return frame === undefined ? [] : [frame];
    });
    return names.length;
  }

  /** Asks on these interfaces whether the address is free to be taken; the result is on which of them it did. */
  probe(ip: IpAddress, names: ReadonlySet<string>): readonly string[] {
    return this.#send(ip, (on) => (names.has(on.name) ? probeFrames(on, ip) : []));
  }

  /** Calls `onFlood` for frames that were lost before they could be looked at; for who relies on silence. */
  tellLost(): void {
    for (const { socket } of this.#open.values()) socket.tellLost();
  }

  #send(ip: IpAddress, framesOn: (on: AskingInterface) => readonly Uint8Array[]): string[] {
    const names: string[] = [];
    for (const { on, protocol, socket } of this.#open.values()) {
      const frames = protocol.family === ip.family ? framesOn(on) : [];
      const sent = frames.filter((frame) => socket.send(frame));
      if (sent.length > 0) names.push(on.name);
    }
    return names;
  }

  /** Until interfaces are set again. */
  close(): void {
    this.#timers.cancelAll();
    this.#wanted = [];
    for (const [key, open] of this.#open) this.#close(key, open);
  }

  #close(key: string, { socket }: Open): void {
    this.#open.delete(key);
    socket.close();
  }

  #openAll(): void {
    let isTrouble = false;
    for (const [key, { on, protocol }] of placesOf(this.#wanted)) {
      if (this.#open.has(key)) continue;
      try {
        this.#open.set(key, this.#opened(key, on, protocol));
      } catch (error) {
        isTrouble = true;
        this.#tellTrouble(on, error as Error);
        this.#timers.set("reopen", 10 * reopenMs);
      }
    }
    // Said once while it lasts, however often interfaces of others change meanwhile.
    this.#isTroubleTold = isTrouble;
  }

  #opened(key: string, on: AskingInterface, protocol: Protocol): Open {
    const { openSocket = (options: PacketSocketOptions) => new PacketSocket(options) } =
      this.#options;
    const { etherType, family } = protocol;
    const socket = openSocket({
      interfaceIndex: on.index,
      etherType,
      filter: family === 4 ? arpSightingFilter(this.#ranges) : NEIGHBOR_SIGHTING_FILTER,
      onFrame: (frame) => this.#take(key, frame),
      onFailure: () => {
        this.#open.delete(key);
        this.#timers.set("reopen", reopenMs);
      },
      onLost: (frames) => this.#options.onFlood(this.#open.get(key)?.on ?? on, frames),
    });
    return { on, protocol, socket, budget: new EventBudget(framesAtOnce, msPerFrame) };
  }

  #take(key: string, frame: ReceivedFrame): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    if (!open.budget.spend(monotonicMs())) return this.#options.onFlood(open.on, 1);
    const sighting = open.protocol.sight(frame, open.on);
    if (sighting !== undefined) this.#options.onSighting(sighting, open.on);
  }

  #tellTrouble({ name }: AskingInterface, error: Error): void {
    if (this.#isTroubleTold) return;
    this.#isTroubleTold = true;
    const msg = "cannot look at the wire on this interface, trying again; announcing goes on";
    this.#options.logger.warn({ op: "watchWire", interface: name, error: error.message, msg });
  }
}

/** By index of the interface and family. */
function placesOf(interfaces: readonly AskingInterface[]): [key: string, Place][] {
  return interfaces.flatMap((on) =>
    protocols
      .filter(({ family }) => canAsk(on, family))
      .map((protocol): [string, Place] => [`${on.index} ${protocol.family}`, { on, protocol }]),
  );
}
