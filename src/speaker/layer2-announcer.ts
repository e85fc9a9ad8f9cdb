/** Carries out layer 2 announcements: responders for ARP and NDP on every fitting interface, and unasked bursts. */

import { formatAddress, type IpAddress } from "../ip/index.ts";
import {
  AnnouncedAddresses,
  arp,
  type ArpInterface,
  type BurstEvent,
  GratuitousBursts,
  type InterfaceSet,
  ndp,
  type NdpInterface,
  type InterfacePlan,
  PACE_MS,
  type ResolutionProtocol,
  ROUND_PERIOD_MS,
} from "../layer2/index.ts";
import {
  ARP_REQUEST_FILTER,
  type Logger,
  monotonicMs,
  MulticastMemberships,
  NamedTimers,
  NEIGHBOR_SOLICITATION_FILTER,
  PacketSocket,
  type PacketSocketOptions,
} from "../platform/index.ts";
import { type FrameSocket, InterfaceResponders } from "./interface-responders.ts";
import { KernelAnswering, type KernelCounts, type KernelStatus } from "./kernel-answering.ts";
import {
  type KernelTable,
  type Layer2Way,
  packetSocketsAlone,
  type WayInUse,
} from "./layer2-way.ts";
import type { GroupMemberships } from "./solicited-node-groups.ts";

const RETRY_MS = 10_000;
const REOPEN_MS = 1000;
/** So long an interface may take to get its link-local address before we complain. */
const UNHEARD_MS = 10_000;

export interface AnnouncerOptions {
  readonly logger: Logger;
  /** Log every request that is answered, at debug level; default false. */
  readonly logsRequests?: boolean;
  /** Who answers; default: packet sockets alone. */
  readonly way?: Layer2Way;
  /** How long others wait for us before they may take over, in milliseconds; undefined: nobody would soon. */
  readonly patienceMs?: () => number | undefined;
  /** Default: a packet socket of the kernel. */
  readonly openSocket?: (options: PacketSocketOptions) => FrameSocket;
  /** Default: memberships of this host. */
  readonly openMemberships?: (interfaceIndex: number) => GroupMemberships;
  /** Default: the machine's monotonic clock. */
  readonly nowMs?: () => number;
}

type TimerName = "round" | "pace" | "retry" | "reopen" | "unheard";

/** What matters of either protocol's responders once addresses come and go. */
type Announcing = Pick<
  InterfaceResponders<ArpInterface>,
  "addressAdded" | "addressRemoved" | "sendRound"
>;

/** Frames without an answer, and the names of the interfaces that are answered on, of one protocol. */
export interface ProtocolCounts {
  readonly protocol: "arp" | "ndp";
  readonly interfaces: readonly string[];
  readonly drops: ReadonlyMap<string, number>;
}

export class Layer2Announcer {
  readonly addresses = new AnnouncedAddresses();
  readonly #bursts = new GratuitousBursts(this.addresses);
  readonly #options: AnnouncerOptions;
  readonly #nowMs: () => number;
  readonly #timers: NamedTimers<TimerName>;
  readonly #arp: InterfaceResponders<ArpInterface>;
  readonly #ndp: InterfaceResponders<NdpInterface>;
  readonly #kernel: KernelAnswering | undefined;
  #way: WayInUse;
  #isUnheardTold = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? monotonicMs;
    this.#timers = new NamedTimers((name) => this.#onTimer(name));
    const openMemberships =
      options.openMemberships ?? ((index: number) => new MulticastMemberships(index));
    this.#arp = new InterfaceResponders({
      ...this.#responderOptions(arp),
      filter: ARP_REQUEST_FILTER,
    });
    this.#ndp = new InterfaceResponders({
      ...this.#responderOptions(ndp),
      filter: NEIGHBOR_SOLICITATION_FILTER,
      openMemberships,
    });
    const { kernel, ...way } = options.way ?? packetSocketsAlone;
    this.#way = way;
    this.#kernel = kernel && this.#answerInKernel(kernel);
  }

  /** Which way answers now: the kernel's may have ended since the start. */
  get way(): WayInUse {
    return this.#way;
  }

  /** Takes the machine's interfaces as they are now and follows every difference (L2-83, L2-87). */
  setInterfaces(plan: InterfacePlan): void {
    // First: what user space sends from another MAC address may bring questions at once.
    this.#kernel?.setInterfaces(plan);
    this.#arp.setWanted(plan.arp);
    this.#ndp.setWanted(plan.ndp);
    this.#timers.setOnce("unheard", UNHEARD_MS);
  }

  /** Answers for the address on these interfaces from now on and says so unasked there (L2-71, L2-130). */
  announce(service: string, ip: IpAddress, interfaces: InterfaceSet): void {
    if (this.addresses.announce(service, ip, interfaces)) this.#respondersFor(ip).addressAdded(ip);
    this.#kernel?.follow(ip);
    this.#burst({ kind: "announced", ip, nowMs: this.#nowMs() });
    if (ip.family === 6) this.#timers.setOnce("unheard", UNHEARD_MS);
  }

  /** Stops answering at once; nothing is sent (L2-73, L2-76). */
  withdraw(service: string): void {
    const used = this.addresses.addressesOf(service);
    for (const ip of this.addresses.withdraw(service)) this.#respondersFor(ip).addressRemoved(ip);
    for (const ip of used) this.#kernel?.follow(ip);
  }

  counts(): ProtocolCounts[] {
    const { interfaces, drops } = this.#arp;
    return [
      { protocol: "arp", interfaces, drops },
      { protocol: "ndp", interfaces: this.#ndp.interfaces, drops: this.#ndp.drops },
    ];
  }

  /** The process runs just now; to be called when something else woke it. */
  isAwake(): void {
    this.#kernel?.isAwake();
  }

  /** Undefined where the kernel never answered. */
  kernelCounts(): KernelCounts | undefined {
    return this.#kernel?.counts();
  }

  /** Undefined where the kernel does not answer. */
  kernelStatus(): KernelStatus | undefined {
    return this.#kernel?.status();
  }

  close(): void {
    this.#kernel?.close();
    this.#timers.cancelAll();
    this.#arp.close();
    this.#ndp.close();
  }

  #answerInKernel(kernel: KernelTable): KernelAnswering {
    const { logger, patienceMs } = this.#options;
    return new KernelAnswering({
      kernel,
      addresses: this.addresses,
      logger,
      nowMs: this.#nowMs,
      patienceMs,
      onGivenUp: (explanation) => {
        this.#way = { way: "packet", reason: "gave-up", explanation };
      },
    });
  }

  #responderOptions<On extends ArpInterface>(protocol: ResolutionProtocol<On>) {
    const { logger, logsRequests = false, openSocket } = this.#options;
    return {
      protocol,
      addresses: this.addresses,
      logger,
      logsRequests,
      openSocket: openSocket ?? ((socket: PacketSocketOptions) => new PacketSocket(socket)),
      nowMs: this.#nowMs,
      onUp: (name: string) => {
        const { family } = protocol;
        this.#burst({ kind: "interface-came-up", name, family, nowMs: this.#nowMs() });
      },
      onTrouble: (trouble: "failed" | "lost") =>
        trouble === "lost"
          ? this.#timers.set("reopen", REOPEN_MS)
          : this.#timers.set("retry", RETRY_MS),
    };
  }

  #respondersFor({ family }: IpAddress): Announcing {
    return family === 4 ? this.#arp : this.#ndp;
  }

  #onTimer(name: TimerName): void {
    switch (name) {
      case "round":
      case "pace":
        return this.#burst({ kind: `${name}-timer`, nowMs: this.#nowMs() });
      case "unheard":
        return this.#tellUnheard();
      default:
        this.#arp.tryAgain();
        this.#ndp.tryAgain();
    }
  }

  #burst(event: BurstEvent): void {
    for (const command of this.#bursts.step(event)) {
      if (command.kind === "set-round-timer") this.#timers.set("round", ROUND_PERIOD_MS);
      else if (command.kind === "set-pace-timer") this.#timers.set("pace", PACE_MS);
      else this.#respondersFor(command.ip).sendRound(command.ip, command.on);
    }
  }

  /** Said once until all can be answered again: nobody else would notice that a node cannot do IPv6. */
  #tellUnheard(): void {
    const unheard = [...this.addresses.addresses(6)].filter(
      (ip) => this.#arp.isAnsweredSomewhere(ip) && !this.#ndp.isAnsweredSomewhere(ip),
    );
    const [first] = unheard;
    const isNews = first !== undefined && !this.#isUnheardTold;
    this.#isUnheardTold = first !== undefined;
    if (!isNews) return;
    this.#options.logger.warn({
      op: "createNDPResponder",
      ip: formatAddress(first),
      addresses: unheard.length,
      msg:
        "IPv6 addresses are announced, but no interface can answer for them: an interface needs a link-local " +
        "address of its own; see net.ipv6.conf.NAME.disable_ipv6 and addr_gen_mode, and whether the cable is in",
    });
  }
}
