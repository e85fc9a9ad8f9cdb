/** Carries out layer 2 announcements: a responder on every fitting interface, and bursts of gratuitous ARP. */

import { formatAddress, type IpAddress } from "../ip/index.ts";
import {
  AnnouncedAddresses,
  answerArp,
  type ArpInterface,
  type ArpOutcome,
  type BurstEvent,
  ETHERTYPE_ARP,
  gratuitousArpFrames,
  GratuitousBursts,
  type InterfaceSet,
  type NetworkInterface,
  planInterfaces,
  type ReceivedFrame,
  ROUND_PERIOD_MS,
} from "../layer2/index.ts";
import {
  ARP_REQUEST_FILTER,
  type Logger,
  monotonicMs,
  NamedTimers,
  PacketSocket,
  type PacketSocketOptions,
} from "../platform/index.ts";

const OPEN_RETRY_MS = 10_000;
const REOPEN_MS = 1000;

/** Sends and receives raw frames on one interface. */
export interface FrameSocket {
  send(frame: Uint8Array): boolean;
  close(): void;
}

export interface AnnouncerOptions {
  readonly logger: Logger;
  /** Interfaces whose names it matches take no part (L2-85); default: none. */
  readonly exclusion?: RegExp | undefined;
  /** Log every request that is answered, at debug level; default false. */
  readonly logsRequests?: boolean;
  /** Default: a packet socket of the kernel. */
  readonly openSocket?: (options: PacketSocketOptions) => FrameSocket;
}

interface Responder {
  /** Replaced when the name, the MAC address or the state of the link changes. */
  on: ArpInterface;
  readonly socket: FrameSocket;
}

export class Layer2Announcer {
  readonly addresses = new AnnouncedAddresses();
  readonly #bursts = new GratuitousBursts(this.addresses);
  readonly #responders = new Map<number, Responder>();
  readonly #timers: NamedTimers<"round" | "retry">;
  readonly #logger: Logger;
  readonly #logsRequests: boolean;
  readonly #exclusion: RegExp | undefined;
  readonly #openSocket: (options: PacketSocketOptions) => FrameSocket;
  #wanted: readonly ArpInterface[] = [];
  #nextTurn: NodeJS.Immediate | undefined;
  /** Interfaces without a responder whose trouble has been told, by name: said once for each change of interfaces. */
  readonly #toldTrouble = new Set<string>();

  constructor(options: AnnouncerOptions) {
    this.#logger = options.logger;
    this.#logsRequests = options.logsRequests ?? false;
    this.#exclusion = options.exclusion;
    this.#openSocket = options.openSocket ?? ((socket) => new PacketSocket(socket));
    this.#timers = new NamedTimers((name) => {
      if (name === "retry") this.#openMissing();
      else this.#burst({ kind: "round-timer", nowMs: monotonicMs() });
    });
  }

  /**
   * Takes the machine's interfaces as they are now and follows every difference (L2-83, L2-87). The result are the
   * names that an advertisement may list (L2-81).
   */
  setInterfaces(interfaces: readonly NetworkInterface[]): readonly string[] {
    const { arp, localNames } = planInterfaces(interfaces, this.#exclusion);
    this.#wanted = arp;
    this.#toldTrouble.clear();
    const byIndex = new Map(this.#wanted.map((wanted) => [wanted.index, wanted]));
    for (const [index, responder] of this.#responders) {
      const now = byIndex.get(index);
      if (now === undefined) this.#close(index, responder);
      else this.#follow(responder, now);
    }
    this.#openMissing();
    return localNames;
  }

  /** Answers for the address on these interfaces from now on and says so unasked there (L2-71, L2-130). */
  announce(service: string, ip: IpAddress, interfaces: InterfaceSet): void {
    this.addresses.announce(service, ip, interfaces);
    this.#burst({ kind: "announced", ip, nowMs: monotonicMs() });
  }

  /** Stops answering at once; nothing is sent (L2-73, L2-76). */
  withdraw(service: string): void {
    this.addresses.withdraw(service);
  }

  close(): void {
    this.#timers.cancelAll();
    clearImmediate(this.#nextTurn);
    this.#wanted = [];
    for (const [index, responder] of this.#responders) this.#close(index, responder);
  }

  #close(index: number, { on, socket }: Responder): void {
    this.#responders.delete(index);
    socket.close();
    this.#logger.info({
      event: "deletedARPResponder",
      interface: on.name,
      msg: "deleted ARP responder for interface",
    });
  }

  #follow(responder: Responder, now: ArpInterface): void {
    const { mac, name, operState } = responder.on;
    responder.on = now;
    const hasCarrierNow = operState !== now.operState && now.operState === "up";
    if (mac !== now.mac || name !== now.name || hasCarrierNow) this.#burstOn(now);
  }

  #openMissing(): void {
    for (const wanted of this.#wanted) {
      if (!this.#responders.has(wanted.index)) this.#open(wanted);
    }
  }

  #open(on: ArpInterface): void {
    const { index, name } = on;
    try {
      const socket = this.#openSocket({
        interfaceIndex: index,
        etherType: ETHERTYPE_ARP,
        filter: ARP_REQUEST_FILTER,
        onFrame: (frame) => this.#answer(index, frame),
        onFailure: (error) => this.#lost(index, error),
      });
      this.#responders.set(index, { on, socket });
    } catch (error) {
      this.#tellTrouble(name, error as Error);
      this.#timers.set("retry", OPEN_RETRY_MS);
      return;
    }
    this.#logger.info({
      event: "createARPResponder",
      interface: name,
      msg: "created ARP responder for interface",
    });
    this.#burstOn(on);
  }

  /** The link went down or away under the socket; if it is still wanted shortly after, there is a new one (L2-205). */
  #lost(index: number, error: Error): void {
    const responder = this.#responders.get(index);
    if (responder === undefined) return;
    this.#responders.delete(index);
    this.#logger.info({
      event: "deletedARPResponder",
      interface: responder.on.name,
      error,
      msg: "deleted ARP responder for interface",
    });
    this.#timers.set("retry", REOPEN_MS);
  }

  #tellTrouble(name: string, error: Error): void {
    if (this.#toldTrouble.has(name)) return;
    this.#toldTrouble.add(name);
    this.#logger.error({
      op: "createARPResponder",
      interface: name,
      error: explain(error),
      msg: "failed to create ARP responder, no address is announced on this interface",
    });
  }

  /** The fast path: synchronous, and by default nothing is logged for a packet. */
  #answer(index: number, frame: ReceivedFrame): void {
    const responder = this.#responders.get(index);
    if (responder === undefined) return;
    const outcome = answerArp(frame, responder.on, this.addresses);
    if (outcome.kind === "reply" && responder.socket.send(outcome.frame)) {
      outcome.counters.responsesSent++;
    }
    if (this.#logsRequests) this.#logRequest(responder.on, outcome);
  }

  #logRequest({ name, mac }: ArpInterface, outcome: ArpOutcome): void {
    if (outcome.kind === "reply") {
      const { senderIp, senderMac, targetIp } = outcome.request;
      this.#logger.debug({
        interface: name,
        ip: formatAddress(targetIp),
        senderIP: formatAddress(senderIp),
        senderMAC: senderMac,
        responseMAC: mac,
        msg: "got ARP request for service IP, sending response",
      });
    } else if (outcome.reason === "interface-not-matched") {
      this.#logger.debug({
        interface: name,
        msg: "got ARP request on an interface not announced on",
      });
    }
  }

  #burstOn({ name }: ArpInterface): void {
    this.#burst({ kind: "interface-came-up", name, nowMs: monotonicMs() });
  }

  #burst(event: BurstEvent): void {
    for (const command of this.#bursts.step(event)) {
      if (command.kind === "set-round-timer") this.#timers.set("round", ROUND_PERIOD_MS);
      else if (command.kind === "send-round") this.#sendRound(command.ip, command.on);
      else this.#nextTurn ??= setImmediate(() => this.#continue());
    }
  }

  #continue(): void {
    this.#nextTurn = undefined;
    this.#burst({ kind: "continue" });
  }

  /** Trouble with one interface does not keep the round from the others (L2-137). */
  #sendRound(ip: IpAddress, only: string | undefined): void {
    for (const { on, socket } of this.#responders.values()) {
      if (only !== undefined && only !== on.name) continue;
      const address = this.addresses.lookup(ip, on.name);
      if (!address.found) continue;
      for (const frame of gratuitousArpFrames(on.mac, ip)) {
        if (socket.send(frame)) address.counters.gratuitousSent++;
      }
    }
  }
}

/** Adds the mend to the one error that users meet: a container without the right. */
function explain(error: Error): string {
  const isForbidden = "code" in error && (error.code === "EPERM" || error.code === "EACCES");
  if (!isForbidden) return error.message;
  return (
    `${error.message}: the speaker lacks the capability CAP_NET_RAW; in the DaemonSet's container set ` +
    'securityContext.capabilities.add: ["NET_RAW"] and run as root (manifests/metallb.yaml does)'
  );
}
