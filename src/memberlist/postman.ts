/** Puts messages into packets: whom to, with which news along, and how often (ML-82, ML-90 to ML-94). */

import { addressFromBytes, formatAddress } from "../ip/index.ts";
import { BroadcastQueue, type Outgoing } from "./broadcast-queue.ts";
import type { GossipCommand } from "./gossip-messages.ts";
import { type Member, type Place, protocolMax } from "./member.ts";
import { pick, type Random } from "./probe-order.ts";
import type { AskedMember } from "./prober.ts";
import { retransmitLimit, type Timings } from "./timings.ts";
import {
  encodeMessage,
  gossipRoom,
  type IndirectPing,
  type PacketMessage,
  type Ping,
  piggybackRoom,
  type RoomSettings,
} from "./wire/index.ts";

export interface PostmanOptions {
  readonly name: string;
  readonly addr: Uint8Array;
  readonly port: number;
  readonly timings: Timings;
  readonly label?: Uint8Array;
  readonly isEncrypted: boolean;
  readonly random: Random;
}

const maxSeqNo = 0xffff_ffff;

export class Postman {
  readonly queue = new BroadcastQueue();
  readonly #options: PostmanOptions;
  readonly #room: RoomSettings;
  readonly #countMembers: () => number;
  #seqNo: number;

  constructor(options: PostmanOptions, countMembers: () => number) {
    const { label, isEncrypted, timings, random } = options;
    this.#options = options;
    this.#countMembers = countMembers;
    this.#room = {
      packetBytes: timings.udpBufferSize,
      isEncrypted,
      ...(label !== undefined && { label }),
    };
    this.#seqNo = Math.floor(random() * maxSeqNo);
  }

  /** ML-176: numbers of different members have nothing to do with each other. */
  nextSeqNo(): number {
    this.#seqNo = this.#seqNo >= maxSeqNo ? 1 : this.#seqNo + 1;
    return this.#seqNo;
  }

  pingOf(node: string, seqNo: number): Ping {
    return { kind: "ping", seqNo, node, ...this.source() };
  }

  source(): Pick<Ping, "sourceAddr" | "sourcePort" | "sourceNode"> {
    const { addr, port, name } = this.#options;
    return { sourceAddr: addr, sourcePort: port, sourceNode: name };
  }

  enqueue(message: PacketMessage & { readonly node: string }): void {
    this.queue.add(message.node, outgoing(message));
  }

  /** Exactly these messages. */
  send(to: Place, messages: readonly PacketMessage[]): GossipCommand {
    return { kind: "send", to, messages: messages.map(outgoing), withChecksum: false };
  }

  /** News ride along where there is room (ML-93). No checksum, as the receiver is only an address here (ML-33). */
  sendWithNews(to: Place, message: PacketMessage): GossipCommand {
    const own = outgoing(message);
    const room = this.queue.size === 0 ? 0 : piggybackRoom(this.#room, own.bytes);
    const news = this.queue.take(room, this.#limit());
    return { kind: "send", to, messages: [own, ...news], withChecksum: false };
  }

  /** A ping and our suspicion in one packet, so that the suspect can refute at once (ML-82). */
  pingSuspect(member: Member, seqNo: number): GossipCommand {
    const { name: node, incarnation } = member;
    const suspect = { kind: "suspect", incarnation, node, from: this.#options.name } as const;
    return sendTo(member, [this.pingOf(node, seqNo), suspect].map(outgoing));
  }

  /** Asks `helper` to ping the member under our number (ML-83). */
  askFor({ name, addr, port }: Member, helper: Member, seqNo: number): AskedMember {
    const saysNack = protocolMax(helper) >= 4;
    const target = { seqNo, target: addr, port, node: name, nack: saysNack };
    const message = { kind: "indirect-ping", ...target, ...this.source() } as const;
    return { command: this.sendWithNews(placeOf(helper), message), saysNack };
  }

  /** One packet to each, now. */
  tellAll(members: readonly Member[], message: PacketMessage): GossipCommand[] {
    const messages = [outgoing(message)];
    return members.map((member) => sendTo(member, messages));
  }

  /** One round: a few members get what they have not heard yet, each its own share (ML-90). */
  round(audience: readonly Member[]): GossipCommand[] {
    const { timings, random } = this.#options;
    const room = gossipRoom(this.#room);
    return pick(audience, timings.gossipNodes, random).flatMap((member) => {
      const messages = this.queue.take(room, this.#limit());
      return messages.length === 0 ? [] : [sendTo(member, messages)];
    });
  }

  #limit(): number {
    return retransmitLimit(this.#options.timings, this.#countMembers());
  }
}

export function placeOf({ address, port }: Member): Place {
  return { address, port };
}

/** Where an answer goes: as the message says, else to where it came from (ML-86). */
export function sourceOf({ sourceAddr, sourcePort }: Ping | IndirectPing, from: Place): Place {
  const address = sourceAddr && addressFromBytes(sourceAddr);
  if (address === undefined || !sourcePort) return from;
  return { address: formatAddress(address), port: sourcePort };
}

function sendTo(member: Member, messages: readonly Outgoing[]): GossipCommand {
  const withChecksum = protocolMax(member) >= 5;
  return { kind: "send", to: placeOf(member), messages, withChecksum };
}

function outgoing(message: PacketMessage): Outgoing {
  return { message, bytes: encodeMessage(message) };
}
