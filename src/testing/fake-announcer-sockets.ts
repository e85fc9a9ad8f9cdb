/** What the announcer opens, without a network: sockets that keep what they send, counted groups, a table for the kernel. */

import { formatAddress, type IpAddress } from "../ip/index.ts";
import { type InterfaceSet, type NetworkInterface, planInterfaces } from "../layer2/index.ts";
import {
  type AnsweringLink,
  createLogger,
  type InterfaceTrouble,
  MapFullError,
  type PacketSocketOptions,
} from "../platform/index.ts";
import type { KernelTable } from "../speaker/layer2-way.ts";
import { type AnnouncerOptions, Layer2Announcer } from "../speaker/layer2-announcer.ts";

/** An interface that answers both protocols: `eth3` is index 3, 52:54:00:00:00:03 and fe80::3. */
export function link(index: number, more: Partial<NetworkInterface> = {}): NetworkInterface {
  return {
    index,
    name: `eth${index}`,
    mac: `52:54:00:00:00:0${index}`,
    isUp: true,
    canBroadcast: true,
    hasNoArp: false,
    operState: "up",
    addresses: [`fe80::${index}`],
    ...more,
  };
}

export class FakeSocket {
  readonly options: PacketSocketOptions;
  /** Frames as hex. */
  readonly sent: string[] = [];
  isOpen = true;
  takesFrames = true;
  /** Why it takes none. */
  refusal = "ENOBUFS";
  /** Frames that found its buffer full. */
  lost = 0;

  constructor(options: PacketSocketOptions) {
    this.options = options;
  }

  send(frame: Uint8Array): boolean {
    if (this.takesFrames) this.sent.push(Buffer.from(frame).toString("hex"));
    else this.options.onNotSent?.(this.refusal);
    return this.takesFrames;
  }

  tellLost(): void {
    if (this.lost > 0) this.options.onLost?.(this.lost);
    this.lost = 0;
  }

  close(): void {
    this.isOpen = false;
  }

  receive(hex: string): void {
    this.options.onFrame({ bytes: Buffer.from(hex, "hex"), packetType: 1 });
  }
}

/** The table in the kernel as a map: it keeps what it is told, and fails as it is told. */
export class FakeKernel implements KernelTable {
  /** Interfaces by canonical text of the address. */
  readonly announced = new Map<string, InterfaceSet>();
  links: readonly AnsweringLink[] = [];
  /** How long each beat holds, in milliseconds. */
  readonly beats: number[] = [];
  readonly answered = new Map<string, number>();
  readonly passed: Record<string, number> = {};
  isOpen = true;
  /** So many addresses fit. */
  room = Number.POSITIVE_INFINITY;
  /** Every call throws it. */
  failure: Error | undefined;
  /** Interfaces that it cannot answer on. */
  readonly troubles: InterfaceTrouble[] = [];

  setInterfaces(links: readonly AnsweringLink[]): InterfaceTrouble[] {
    this.#called();
    this.links = links;
    return this.troubles;
  }

  announce(ip: IpAddress, interfaces: InterfaceSet): void {
    this.#called();
    const text = formatAddress(ip);
    if (!this.announced.has(text) && this.announced.size >= this.room) {
      throw new MapFullError(`${text} is answered by user space only: the map is full`);
    }
    this.announced.set(text, interfaces);
  }

  withdraw(ip: IpAddress): void {
    this.#called();
    this.announced.delete(formatAddress(ip));
  }

  answers(): ReadonlyMap<string, number> {
    this.#called();
    return new Map(this.answered);
  }

  drops(): ReturnType<KernelTable["drops"]> {
    this.#called();
    return { ...this.passed } as ReturnType<KernelTable["drops"]>;
  }

  beat(holdsMs = Number.NaN): void {
    this.#called();
    this.beats.push(holdsMs);
  }

  close(): void {
    this.isOpen = false;
  }

  #called(): void {
    if (!this.isOpen) throw new Error("the kernel was asked after it was closed");
    if (this.failure !== undefined) throw this.failure;
  }
}

/** An announcer and all that it opened, logged and joined. */
export class FakeNode {
  readonly sockets: FakeSocket[] = [];
  readonly lines: Record<string, string>[] = [];
  /** What happened to groups, as `join 2 ff02::1:ff00:1`. */
  readonly memberships: string[] = [];
  readonly announcer: Layer2Announcer;
  /** Opening throws it. */
  failure: Error | undefined;
  /** Joining a group throws it. */
  groupFailure: Error | undefined;
  nowMs = 0;

  constructor(options: Partial<AnnouncerOptions> = {}) {
    this.announcer = new Layer2Announcer({
      logger: createLogger({
        form: "legacy",
        write: (line) => this.lines.push(JSON.parse(line) as Record<string, string>),
      }),
      openSocket: (socketOptions) => {
        if (this.failure !== undefined) throw this.failure;
        const socket = new FakeSocket(socketOptions);
        this.sockets.push(socket);
        return socket;
      },
      openMemberships: (index) => ({
        join: (group) => this.#member("join", index, group),
        leave: (group) => this.#member("leave", index, group),
        close: () => this.memberships.push(`close ${index}`),
      }),
      nowMs: () => this.nowMs,
      ...options,
    });
  }

  setInterfaces(interfaces: readonly NetworkInterface[], exclusion?: RegExp): void {
    this.announcer.setInterfaces(planInterfaces(interfaces, exclusion));
  }

  /** The sockets of one EtherType that were opened on an interface, in order. */
  opened(index: number, etherType: number): FakeSocket[] {
    return this.sockets.filter(
      ({ options }) => options.interfaceIndex === index && options.etherType === etherType,
    );
  }

  logged(msg: string): Record<string, string>[] {
    return this.lines.filter((line) => line["msg"]?.includes(msg));
  }

  #member(verb: "join" | "leave", index: number, group: IpAddress): void {
    if (verb === "join" && this.groupFailure !== undefined) throw this.groupFailure;
    this.memberships.push(`${verb} ${index} ${formatAddress(group)}`);
  }
}
