/** The kernel's part in answering ARP and NDP: it follows what user space announces and where, beside its sockets. */

import { formatAddress, type IpAddress } from "../ip/index.ts";
import type { AnnouncedAddresses, InterfacePlan } from "../layer2/index.ts";
import { HEARTBEAT_LIMIT_MS, type Logger, MapFullError, NamedTimers } from "../platform/index.ts";
import type { KernelTable } from "./layer2-way.ts";

/** Of the time that a beat holds: then the process is woken for the next, unless it ran anyway. */
const WOKEN_AFTER = 1 / 2;
/** Not before, however often the process runs. */
const DUE_AFTER = 1 / 4;

export interface KernelAnsweringOptions {
  readonly kernel: KernelTable;
  /** What is announced; the kernel is told what it says. */
  readonly addresses: AnnouncedAddresses;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** How long others wait for us before they may take over; undefined: nobody would soon. Default: nobody. */
  readonly patienceMs?: (() => number | undefined) | undefined;
  /** The kernel refused something, and answers nothing more. */
  readonly onGivenUp: (why: string) => void;
}

/** For the status page. */
export interface KernelStatus {
  /** Names of the interfaces on which the kernel answers, and of those that it leaves to user space. */
  readonly interfaces: readonly string[];
  readonly leftToUserSpace: readonly { readonly name: string; readonly error: string }[];
  /** Addresses for which the kernel has no room; user space answers for them. */
  readonly withoutRoom: number;
  readonly heartbeat: { readonly holdsMs: number; readonly beatMsAgo: number };
}

/** What went wrong, each survived: by a word for a metric's label. */
export type KernelTrouble = "no-room" | "interface" | "gave-up";

export interface KernelCounts {
  /** Questions answered, by canonical text of the address, also of addresses withdrawn since (L2-144). */
  readonly answers: ReadonlyMap<string, number>;
  /** Questions passed on to user space, by reason. */
  readonly passedOn: Readonly<Record<string, number>>;
  readonly troubles: ReadonlyMap<KernelTrouble, number>;
}

/**
 * Nothing here throws: what the kernel cannot do user space does. When the kernel refuses what it must not, its part
 * ends, which is said once.
 */
export class KernelAnswering {
  readonly #options: KernelAnsweringOptions;
  /** Absent once it has been given up or closed. */
  #kernel: KernelTable | undefined;
  readonly #timers = new NamedTimers<"beat">(() => this.#beat());
  readonly #troubles = new Map<KernelTrouble, number>([
    ["no-room", 0],
    ["interface", 0],
    ["gave-up", 0],
  ]);
  /** By canonical text. */
  readonly #withoutRoom = new Map<string, IpAddress>();
  #isLackOfRoomTold = false;
  #interfaces: readonly string[] = [];
  #leftToUserSpace: KernelStatus["leftToUserSpace"] = [];
  #counts: Omit<KernelCounts, "troubles"> = { answers: new Map(), passedOn: {} };
  #holdsMs = HEARTBEAT_LIMIT_MS;
  #beatAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: KernelAnsweringOptions) {
    this.#options = options;
    this.#kernel = options.kernel;
  }

  /**
   * Follows every difference; the first call begins the heartbeat. To be called before user space tells anybody about
   * a new MAC address, as that may bring questions.
   */
  setInterfaces({ arp, ndp }: InterfacePlan): void {
    this.#beat();
    const linkLocals = new Map(ndp.map(({ index, linkLocal }) => [index, linkLocal]));
    const links = arp.map(({ index, name, mac }) => {
      return { index, name, mac, linkLocal: linkLocals.get(index) };
    });
    const troubles = this.#attempt((kernel) => kernel.setInterfaces(links)) ?? [];
    const known = new Set(this.#leftToUserSpace.map(({ name }) => name));
    this.#leftToUserSpace = troubles.map(({ name, error }) => ({ name, error: error.message }));
    const left = new Set(troubles.map(({ name }) => name));
    this.#interfaces = arp.flatMap(({ name }) => (left.has(name) ? [] : name));
    for (const { name, error } of this.#leftToUserSpace) {
      if (!known.has(name)) this.#leaves(name, error);
    }
  }

  /** The address is announced, on other interfaces than before, or no longer: the kernel does the same from now on. */
  follow(ip: IpAddress): void {
    const hadNoRoom = this.#withoutRoom.size > 0 && this.#withoutRoom.delete(formatAddress(ip));
    if (this.#options.addresses.userCount(ip) > 0) return this.#place(ip);
    this.#attempt((kernel) => kernel.withdraw(ip));
    if (!hadNoRoom) this.#fillRoom(ip);
    if (this.#withoutRoom.size === 0) this.#isLackOfRoomTold = false;
  }

  /** Since the start, also of what has been given up. */
  counts(): KernelCounts {
    this.#read();
    return { ...this.#counts, troubles: this.#troubles };
  }

  /** Undefined once it has been given up. */
  status(): KernelStatus | undefined {
    if (this.#kernel === undefined) return undefined;
    const beatMsAgo = Math.round(this.#options.nowMs() - this.#beatAtMs);
    return {
      interfaces: this.#interfaces,
      leftToUserSpace: this.#leftToUserSpace,
      withoutRoom: this.#withoutRoom.size,
      heartbeat: { holdsMs: this.#holdsMs, beatMsAgo },
    };
  }

  /** The process runs just now: what wakes it anyway, such as the ring, spares it being woken for a beat. */
  isAwake(): void {
    const hasBegun = this.#beatAtMs > Number.NEGATIVE_INFINITY;
    const dueMs = this.#beatAtMs + DUE_AFTER * this.#holdsMs;
    if (hasBegun && this.#options.nowMs() >= dueMs) this.#beat();
  }

  /** From now on nothing is answered in the kernel; what was counted stays. */
  close(): void {
    this.#read();
    this.#timers.cancelAll();
    const kernel = this.#kernel;
    this.#kernel = undefined;
    kernel?.close();
  }

  /** Said once, as long as it lasts. */
  #leaves(name: string, error: string): void {
    this.#count("interface");
    const msg = "the kernel does not answer on this interface, user space does";
    this.#options.logger.warn({ op: "layer2Responder", interface: name, error, msg });
  }

  #place(ip: IpAddress): void {
    const interfaces = this.#options.addresses.interfacesOf(ip);
    if (interfaces === undefined) return;
    this.#attempt((kernel) => {
      try {
        kernel.announce(ip, interfaces);
      } catch (error) {
        if (!(error instanceof MapFullError)) throw error;
        this.#hasNoRoom(ip, error);
      }
    });
  }

  #hasNoRoom(ip: IpAddress, { message }: MapFullError): void {
    this.#count("no-room");
    this.#withoutRoom.set(formatAddress(ip), ip);
    if (this.#isLackOfRoomTold) return;
    this.#isLackOfRoomTold = true;
    const msg =
      "the kernel has no room for this address, nor for those that follow; user space answers for them";
    this.#options.logger.warn({
      op: "layer2Responder",
      ip: formatAddress(ip),
      error: message,
      msg,
    });
  }

  /** The room of an address that went is for one of its family that found none. */
  #fillRoom({ family }: IpAddress): void {
    for (const [text, ip] of this.#withoutRoom) {
      if (ip.family !== family) continue;
      this.#withoutRoom.delete(text);
      this.#place(ip);
      return;
    }
  }

  /**
   * A beat holds while nobody takes over: when we hang, the kernel is silent as soon as another may answer. Alone, it
   * helps over any pause that is not for ever.
   */
  #beat(): void {
    const { patienceMs, nowMs } = this.#options;
    this.#holdsMs = Math.min(patienceMs?.() ?? HEARTBEAT_LIMIT_MS, HEARTBEAT_LIMIT_MS);
    this.#attempt((kernel) => {
      kernel.beat(this.#holdsMs);
      this.#beatAtMs = nowMs();
      this.#timers.set("beat", WOKEN_AFTER * this.#holdsMs);
    });
  }

  #read(): void {
    this.#attempt((kernel) => {
      this.#counts = { answers: kernel.answers(), passedOn: kernel.drops() };
    });
  }

  #attempt<T>(work: (kernel: KernelTable) => T): T | undefined {
    const kernel = this.#kernel;
    if (kernel === undefined) return undefined;
    try {
      return work(kernel);
    } catch (error) {
      this.#giveUp(kernel, error as Error);
      return undefined;
    }
  }

  #giveUp(kernel: KernelTable, { message }: Error): void {
    this.#kernel = undefined;
    this.#timers.cancelAll();
    try {
      this.#counts = { answers: kernel.answers(), passedOn: kernel.drops() };
    } catch {
      // Then the counters stay as they were last read.
    }
    kernel.close();
    this.#count("gave-up");
    this.#options.onGivenUp(message);
    const msg =
      "the kernel refused; from now on user space alone answers ARP and NDP, until a restart";
    this.#options.logger.error({ op: "layer2Responder", error: message, msg });
  }

  #count(trouble: KernelTrouble): void {
    this.#troubles.set(trouble, (this.#troubles.get(trouble) ?? 0) + 1);
  }
}
