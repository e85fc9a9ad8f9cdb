/** The responders of one protocol, ARP or NDP: one on each interface that wants it, and their lives (L2-83, L2-87). */

import { formatAddress, type IpAddress } from "../ip/index.ts";
import type {
  AnnouncedAddresses,
  ArpInterface,
  Drop,
  ReceivedFrame,
  Reply,
  ResolutionProtocol,
} from "../layer2/index.ts";
import type { FilterInstruction, Logger, PacketSocketOptions } from "../platform/index.ts";
import { type GroupMemberships, SolicitedNodeGroups } from "./solicited-node-groups.ts";

/** Joining groups goes on for so long before others have their turn. */
const JOIN_MS = 2;
/**
 * Beside the protocol's own reasons: answers that the kernel did not take, frames of an unasked round that it did not
 * take, and frames that it had to drop because more came than we read.
 */
const NOT_SENT = "not-sent";
const UNASKED_NOT_SENT = "unasked-not-sent";
const NOT_READ = "not-read";
/** The interface goes down or away, which is told by its own line. */
const GOING_CODES: ReadonlySet<string> = new Set(["ENETDOWN", "ENODEV", "ENXIO"]);

/** Sends and receives raw frames on one interface. */
export interface FrameSocket {
  send(frame: Uint8Array): boolean;
  /** Calls `onLost` where frames were lost meanwhile. */
  tellLost(): void;
  close(): void;
}

export interface ResponderOptions<On extends ArpInterface> {
  readonly protocol: ResolutionProtocol<On>;
  /** What the kernel lets through to us. */
  readonly filter: readonly FilterInstruction[];
  readonly addresses: AnnouncedAddresses;
  readonly logger: Logger;
  readonly logsRequests: boolean;
  readonly openSocket: (options: PacketSocketOptions) => FrameSocket;
  /** Only where questions are sent to groups. */
  readonly openMemberships?: (interfaceIndex: number) => GroupMemberships;
  readonly nowMs: () => number;
  /** All that is announced has to be told on the interface. */
  readonly onUp: (interfaceName: string) => void;
  /** `tryAgain` wants to be called: soon where a working one was lost, later where one could not be made. */
  readonly onTrouble: (trouble: "lost" | "failed") => void;
}

interface Responder<On> {
  /** Replaced when anything about the interface changes. */
  on: On;
  readonly socket: FrameSocket;
  readonly groups: SolicitedNodeGroups | undefined;
  /** That the kernel does not take its frames: said once in its life, as each frame would say it again. */
  isNotSentTold: boolean;
  /** The same of frames that were not read. */
  isNotReadTold: boolean;
}

export class InterfaceResponders<On extends ArpInterface> {
  readonly #drops: Map<string, number>;
  readonly #options: ResponderOptions<On>;
  readonly #responders = new Map<number, Responder<On>>();
  #wanted: readonly On[] = [];
  /** Interfaces whose trouble has been told, by name: said once while it lasts, as pods change interfaces all the time. */
  readonly #toldTrouble = new Set<string>();
  #joinTurn: NodeJS.Immediate | undefined;

  constructor(options: ResponderOptions<On>) {
    this.#options = options;
    const ours = [NOT_SENT, UNASKED_NOT_SENT, NOT_READ];
    const reasons = [...options.protocol.dropReasons, ...ours];
    this.#drops = new Map(reasons.map((reason) => [reason, 0]));
  }

  /** Frames that got no answer, and frames of ours that did not go out, by reason, since the start of the process. */
  get drops(): ReadonlyMap<string, number> {
    for (const { socket } of this.#responders.values()) socket.tellLost();
    return this.#drops;
  }

  /** Names of the interfaces that are answered on. */
  get interfaces(): readonly string[] {
    return [...this.#responders.values()].map(({ on }) => on.name);
  }

  /** Takes the interfaces that want a responder now and follows every difference. */
  setWanted(wanted: readonly On[]): void {
    this.#wanted = wanted;
    const names = new Set(wanted.map(({ name }) => name));
    for (const name of this.#toldTrouble) if (!names.has(name)) this.#toldTrouble.delete(name);
    const byIndex = new Map(wanted.map((one) => [one.index, one]));
    for (const [index, responder] of this.#responders) {
      const now = byIndex.get(index);
      if (now === undefined) this.#close(index, responder);
      else this.#follow(responder, now);
    }
    this.tryAgain();
  }

  /** Opens what is missing; to be called some time after trouble. */
  tryAgain(): void {
    for (const wanted of this.#wanted) {
      if (!this.#responders.has(wanted.index)) this.#open(wanted);
    }
    this.#joinLater();
  }

  /** The address is asked for from now on, on every interface, whatever set it is announced on (L2-72). */
  addressAdded(ip: IpAddress): void {
    for (const { groups } of this.#responders.values()) groups?.add(ip);
    this.#joinLater();
  }

  addressRemoved(ip: IpAddress): void {
    for (const { groups } of this.#responders.values()) groups?.remove(ip);
  }

  /** Has an interface that the address is announced on a responder? */
  isAnsweredSomewhere(ip: IpAddress): boolean {
    const { addresses } = this.#options;
    return [...this.#responders.values()].some(({ on }) => addresses.lookup(ip, on.name).found);
  }

  /** One unasked round. Trouble with one interface does not keep it from the others (L2-137). */
  sendRound(ip: IpAddress, only: string | undefined): void {
    const { protocol, addresses } = this.#options;
    for (const { on, socket } of this.#responders.values()) {
      if (only !== undefined && only !== on.name) continue;
      const address = addresses.lookup(ip, on.name);
      if (!address.found) continue;
      for (const frame of protocol.unaskedFrames(on, ip)) {
        const isSent = socket.send(frame);
        if (isSent || protocol.countsFailedTries) address.counters.gratuitousSent++;
        if (!isSent) this.#count(UNASKED_NOT_SENT);
      }
    }
  }

  close(): void {
    clearImmediate(this.#joinTurn);
    this.#joinTurn = undefined;
    this.#wanted = [];
    for (const [index, responder] of this.#responders) this.#close(index, responder);
  }

  #close(index: number, { on, socket, groups }: Responder<On>): void {
    this.#responders.delete(index);
    socket.close();
    groups?.close();
    this.#logDeleted(on);
  }

  #follow(responder: Responder<On>, now: On): void {
    const { mac, name, operState } = responder.on;
    responder.on = now;
    const hasCarrierNow = operState !== now.operState && now.operState === "up";
    if (mac !== now.mac || name !== now.name || hasCarrierNow) this.#options.onUp(now.name);
  }

  #open(on: On): void {
    const { protocol, addresses, logger, onUp, onTrouble } = this.#options;
    let responder: Responder<On>;
    try {
      responder = this.#opened(on);
    } catch (error) {
      this.#tellTrouble(on.name, {
        op: `create${protocol.name}Responder`,
        error: explain(error as Error),
        msg: `failed to create ${protocol.name} responder, no address is announced on this interface`,
      });
      onTrouble("failed");
      return;
    }
    this.#responders.set(on.index, responder);
    this.#toldTrouble.delete(on.name);
    logger.info({
      event: `create${protocol.name}Responder`,
      interface: on.name,
      msg: `created ${protocol.name} responder for interface`,
    });
    for (const ip of addresses.addresses(protocol.family)) responder.groups?.add(ip);
    onUp(on.name);
  }

  #opened(on: On): Responder<On> {
    const { protocol, filter, openSocket, openMemberships } = this.#options;
    const socket = openSocket({
      interfaceIndex: on.index,
      etherType: protocol.etherType,
      filter,
      onFrame: (frame) => this.#answer(on.index, frame),
      onFailure: (error) => this.#lost(on.index, error),
      onNotSent: (code) => this.#tellNotSent(on.index, code),
      onLost: (frames) => this.#tellNotRead(on.index, frames),
    });
    const groups = openMemberships && new SolicitedNodeGroups(openMemberships(on.index));
    return { on, socket, groups, isNotSentTold: false, isNotReadTold: false };
  }

  /** What moves clients is told first: rounds go out before the groups are joined, and between them. */
  #joinLater(): void {
    if (this.#options.openMemberships === undefined) return;
    this.#joinTurn ??= setImmediate(() => {
      this.#joinTurn = undefined;
      this.#joinSome();
    });
  }

  /** Without its group an address gets no questions where the network or the NIC looks at groups; the others go on. */
  #joinSome(): void {
    const { nowMs, onTrouble } = this.#options;
    const endMs = nowMs() + JOIN_MS;
    for (const { on, groups } of this.#responders.values()) {
      try {
        while (groups?.joinNext()) if (nowMs() >= endMs) return this.#joinLater();
        this.#toldTrouble.delete(on.name);
      } catch (error) {
        this.#tellNotJoined(on.name, error as Error);
        onTrouble("failed");
      }
    }
  }

  #tellNotJoined(name: string, error: Error): void {
    if ("code" in error && GOING_CODES.has(String(error.code))) return;
    this.#tellTrouble(name, {
      op: "watchMulticastGroup",
      error: error.message,
      msg:
        "failed to watch NDP multicast group for IP, clients may not find addresses on this interface; " +
        "trying again, a greater net.core.optmem_max may help",
    });
  }

  /** The link went down or away under the socket; if it is still wanted shortly after, there is a new one (L2-205). */
  #lost(index: number, error: Error): void {
    const responder = this.#responders.get(index);
    if (responder === undefined) return;
    this.#responders.delete(index);
    responder.groups?.close();
    this.#logDeleted(responder.on, error);
    this.#options.onTrouble("lost");
  }

  #tellNotSent(index: number, code: string): void {
    const responder = this.#responders.get(index);
    if (responder === undefined || responder.isNotSentTold || GOING_CODES.has(code)) return;
    responder.isNotSentTold = true;
    const { protocol, logger } = this.#options;
    logger.error({
      op: `send${protocol.name}`,
      interface: responder.on.name,
      error: `send: ${code}`,
      msg:
        `the kernel did not take ${protocol.name} frames for this interface, clients may not find addresses there; ` +
        "see its queue (tc -s qdisc), filters for what leaves it (nft, tc, eBPF) and the container's seccomp profile",
    });
  }

  /** A flood, or this process had no processor for too long. */
  #tellNotRead(index: number, frames: number): void {
    this.#count(NOT_READ, frames);
    const responder = this.#responders.get(index);
    if (responder === undefined || responder.isNotReadTold) return;
    responder.isNotReadTold = true;
    const { protocol, logger } = this.#options;
    logger.warn({
      op: `read${protocol.name}`,
      interface: responder.on.name,
      frames,
      msg:
        `more ${protocol.name} questions came than were read, some got no answer and will be asked again; see who ` +
        "asks so much (tcpdump) and whether the container has enough processor time; a greater net.core.rmem_default may help",
    });
  }

  #logDeleted({ name }: On, error?: Error): void {
    const { protocol, logger } = this.#options;
    logger.info({
      event: `delete${protocol.name}Responder`,
      interface: name,
      ...(error !== undefined && { error }),
      msg: `deleted ${protocol.name} responder for interface`,
    });
  }

  #tellTrouble(name: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#toldTrouble.has(name)) return;
    this.#toldTrouble.add(name);
    this.#options.logger.error({ ...fields, interface: name });
  }

  /** The fast path: synchronous, and by default nothing is logged for a packet. */
  #answer(index: number, frame: ReceivedFrame): void {
    const responder = this.#responders.get(index);
    if (responder === undefined) return;
    const { protocol, addresses, logsRequests } = this.#options;
    const outcome = protocol.answer(frame, responder.on, addresses);
    if (outcome.kind === "drop") this.#count(outcome.reason);
    else if (responder.socket.send(outcome.frame)) outcome.counters.responsesSent++;
    else this.#count(NOT_SENT);
    if (logsRequests) this.#logRequest(responder.on, outcome);
  }

  #count(reason: string, frames = 1): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + frames);
  }

  #logRequest({ name, mac }: On, outcome: Reply | Drop<string>): void {
    const { protocol, logger } = this.#options;
    if (outcome.kind === "reply") {
      const { senderIp, senderMac, target } = outcome.question;
      logger.debug({
        interface: name,
        ip: formatAddress(target),
        senderIP: formatAddress(senderIp),
        [protocol.name === "ARP" ? "senderMAC" : "senderLLAddr"]: senderMac,
        responseMAC: mac,
        msg: `got ${protocol.name} request for service IP, sending response`,
      });
    } else if (outcome.reason === "interface-not-matched") {
      logger.debug({
        op: `${protocol.name.toLowerCase()}RequestIgnore`,
        ...(outcome.target !== undefined && { ip: formatAddress(outcome.target) }),
        interface: name,
        reason: "notMatchInterface",
        msg: `got ${protocol.name} request on an interface not announced on`,
      });
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
