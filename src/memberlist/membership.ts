/**
 * Who is in the ring: one node's table of members, and how each message changes it (ML-100 to ML-107).
 * Reads no clock and sends nothing; what must happen outside comes back as effects, in order.
 */

import assert from "node:assert/strict";
import { addressFromBytes, formatAddress } from "../ip/index.ts";
import {
  type AliveMessage,
  type DeadMessage,
  isGone,
  type Member,
  ourVersions,
  sameBytes,
  type SuspectMessage,
} from "./member.ts";
import { confirmSuspicion, startSuspicion, type Suspicion, suspicionEndsMs } from "./suspicion.ts";
import type { Timings } from "./timings.ts";

export type MembershipEffect =
  /** Pass it on; older news about the same member are void. */
  | { readonly kind: "spread"; readonly message: AliveMessage | SuspectMessage | DeadMessage }
  /** We were called suspect or dead and said the contrary: a sign that we answer slowly (ML-104). */
  | { readonly kind: "refuted"; readonly accuser: string }
  | { readonly kind: "joined" | "updated"; readonly member: Member }
  /** `accuser` is who found it dead, or itself when it said goodbye. */
  | { readonly kind: "left"; readonly member: Member; readonly accuser: string }
  /** The suspicion ends in a death at `endsMs` unless it is taken back. */
  | {
      readonly kind: "suspected";
      readonly member: Member;
      readonly accuser: string;
      readonly endsMs: number;
    }
  | { readonly kind: "cleared"; readonly name: string }
  /** Somebody else uses this name, or an old address does. */
  | { readonly kind: "conflict"; readonly member: Member; readonly claimed: string };

export interface MembershipOptions {
  readonly name: string;
  readonly addr: Uint8Array;
  /** Also the port of members that tell none (ML-72). */
  readonly port: number;
  readonly meta: Uint8Array;
  readonly timings: Timings;
}

const maxMetaBytes = 512;
/** Timers count whole milliseconds, and may come that much too early. */
const earlyMs = 1;
const maxIncarnation = 0xffff_ffff;
const nothing: readonly MembershipEffect[] = [];

export class Membership {
  readonly #options: MembershipOptions;
  readonly #members = new Map<string, Member>();
  readonly #suspicions = new Map<string, Suspicion>();
  /** By name: the state it had when another claimed it, and where that is. */
  readonly #conflicts = new Map<string, string>();
  #isLeaving = false;
  /** What we say of ourselves. */
  #meta: Uint8Array;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#meta = options.meta;
  }

  get self(): Member | undefined {
    return this.#members.get(this.#options.name);
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** All members, gone ones too until they are forgotten. */
  get members(): ReadonlyMap<string, Member> {
    return this.#members;
  }

  get(name: string): Member | undefined {
    return this.#members.get(name);
  }

  suspicionOf(name: string): Suspicion | undefined {
    return this.#suspicions.get(name);
  }

  /** We come in as member number one, with incarnation 1. */
  start(nowMs: number): readonly MembershipEffect[] {
    const { name, addr, port } = this.#options;
    const alive = { incarnation: 1, node: name, addr, port, meta: this.#meta, vsn: ourVersions };
    return this.#enter({ kind: "alive", ...alive }, addressText(addr)!, nowMs);
  }

  /** From now on we say that of ourselves: news with a new incarnation, to stock members too. At most 512 bytes. */
  describe(meta: Uint8Array, nowMs: number): readonly MembershipEffect[] {
    assert(meta.length <= maxMetaBytes, `metadata of ${meta.length} bytes`);
    this.#meta = meta;
    const { self } = this;
    if (self === undefined || this.#isLeaving || sameBytes(self.meta, meta)) return nothing;
    const incarnation = Math.min(self.incarnation + 1, maxIncarnation);
    const told = { ...aliveMessageOf(self), incarnation, meta };
    return this.#enter(told, self.address, nowMs);
  }

  /** From now on we are not called back: the goodbye about ourselves is ours (ML-108). */
  leave(nowMs: number): readonly MembershipEffect[] {
    const { self } = this;
    this.#isLeaving = true;
    if (self === undefined) return nothing;
    const { name, incarnation } = self;
    return this.dead({ kind: "dead", incarnation, node: name, from: name }, nowMs);
  }

  /** ML-100 */
  alive(message: AliveMessage, nowMs: number): readonly MembershipEffect[] {
    const isSelf = message.node === this.#options.name;
    const address = this.#isAcceptable(message) ? addressText(message.addr) : undefined;
    if (address === undefined) return nothing;
    const told = { ...message, port: message.port || this.#options.port };
    const known = this.#members.get(told.node);
    if (known === undefined) return this.#newcomer(told, address, nowMs);
    const hasMoved = isElsewhere(known, told);
    if (hasMoved && !isFree(known, told)) {
      const conflict = this.#conflict(known, `${address}:${told.port}`);
      return isSelf ? conflict : [...conflict, ...this.#doubt(known, told, nowMs)];
    }
    if (isSelf) return this.#aliveSelf(told, known, nowMs);
    const isNews = hasMoved || told.incarnation > known.incarnation;
    return isNews ? this.#enter(told, address, nowMs) : nothing;
  }

  /** ML-101 */
  suspect(message: SuspectMessage, nowMs: number): readonly MembershipEffect[] {
    const { node, incarnation, from } = message;
    const known = this.#members.get(node);
    if (known === undefined || incarnation < known.incarnation) return nothing;
    const running = this.#suspicions.get(node);
    if (running !== undefined) return this.#confirm(running, message, known);
    if (known.state !== "alive") return nothing;
    if (node === this.#options.name) return this.#refute(incarnation, from, nowMs);
    const { timings } = this.#options;
    const members = this.#members.size;
    const suspicion = startSuspicion(timings, { nowMs, accuser: from, members });
    this.#suspicions.set(node, suspicion);
    const member: Member = { ...known, incarnation, state: "suspect", changedMs: nowMs };
    this.#members.set(node, member);
    return [
      { kind: "spread", message },
      { kind: "suspected", member, accuser: from, endsMs: suspicionEndsMs(suspicion) },
    ];
  }

  /** ML-102: believed at once, with the same incarnation too. */
  dead(message: DeadMessage, nowMs: number): readonly MembershipEffect[] {
    const { node, incarnation, from } = message;
    const known = this.#members.get(node);
    if (known === undefined || incarnation < known.incarnation) return nothing;
    const cleared = this.#clear(node);
    if (isGone(known)) {
      // The life of that number is over as well, though we never heard of it: who sends its beginning again finds it so.
      this.#members.set(node, { ...known, incarnation });
      return cleared;
    }
    if (node === this.#options.name && !this.#isLeaving) {
      return this.#refute(incarnation, from, nowMs);
    }
    const state = node === from ? "left" : "dead";
    const member: Member = { ...known, incarnation, state, changedMs: nowMs };
    this.#members.set(node, member);
    return [...cleared, { kind: "spread", message }, { kind: "left", member, accuser: from }];
  }

  /** ML-107: nobody spoke up, so the suspect is dead. Nothing where the suspicion is over, or longer. */
  suspicionOver(name: string, nowMs: number): readonly MembershipEffect[] {
    const suspicion = this.#suspicions.get(name);
    const member = this.#members.get(name);
    if (suspicion === undefined || member === undefined) return nothing;
    if (nowMs < suspicionEndsMs(suspicion) - earlyMs) return nothing;
    const { incarnation } = member;
    return this.dead({ kind: "dead", incarnation, node: name, from: this.#options.name }, nowMs);
  }

  /** We count as dead somewhere, with this incarnation: nothing where we said the contrary already. */
  speakUp(accused: number, nowMs: number): readonly MembershipEffect[] {
    const own = this.self?.incarnation ?? 0;
    if (this.#isLeaving || accused < own) return nothing;
    return this.#speakUp(accused + 1, nowMs);
  }

  /** Forgets who has been gone for long enough that the news of it has reached everybody (ML-81). */
  forgetGone(nowMs: number): void {
    for (const member of this.#members.values()) {
      const goneMs = nowMs - member.changedMs;
      if (isGone(member) && goneMs > this.#options.timings.gossipToTheDeadMs) {
        if (member.name === this.#options.name) continue;
        this.#members.delete(member.name);
        this.#conflicts.delete(member.name);
      }
    }
  }

  /** What is well-formed, and does not call us back once we said goodbye (ML-108). */
  #isAcceptable(message: AliveMessage): boolean {
    return isAcceptable(message) && !(this.#isLeaving && message.node === this.#options.name);
  }

  /** Incarnations begin with 1; who tells 0 is noted, and is not there yet. */
  #newcomer(told: AliveMessage, address: string, nowMs: number): readonly MembershipEffect[] {
    if (told.incarnation > 0) return this.#enter(told, address, nowMs);
    this.#members.set(told.node, memberOf(told, address, { state: "dead", changedMs: nowMs }));
    return nothing;
  }

  /** An echo of what we said ourselves is no accusation (ML-175); another's claim is. */
  #aliveSelf(told: AliveMessage, self: Member, nowMs: number): readonly MembershipEffect[] {
    if (told.incarnation < self.incarnation) return nothing;
    const isEcho = told.incarnation === self.incarnation;
    if (isEcho && sameBytes(told.meta, self.meta) && sameBytes(told.vsn, self.vsn)) return nothing;
    return this.#refute(told.incarnation, told.node, nowMs);
  }

  #enter(told: AliveMessage, address: string, nowMs: number): readonly MembershipEffect[] {
    const known = this.#members.get(told.node);
    const wasUsable = known !== undefined && !isGone(known);
    const changedMs = known?.state === "alive" ? known.changedMs : nowMs;
    const member = memberOf(told, address, { state: "alive", changedMs });
    this.#members.set(told.node, member);
    this.#conflicts.delete(told.node);
    const effects: MembershipEffect[] = [
      ...this.#clear(told.node),
      { kind: "spread", message: told },
    ];
    if (!wasUsable) effects.push({ kind: "joined", member });
    else if (!sameBytes(known.meta, member.meta) || isElsewhere(known, told)) {
      effects.push({ kind: "updated", member });
    }
    return effects;
  }

  /** Told with every packet of news, and said once. */
  #conflict(member: Member, claimed: string): readonly MembershipEffect[] {
    const conflict = `${member.state} ${claimed}`;
    if (this.#conflicts.get(member.name) === conflict) return nothing;
    this.#conflicts.set(member.name, conflict);
    return [{ kind: "conflict", member, claimed }];
  }

  /** Who claims the name with a later incarnation may be right: the known one has to speak up. */
  #doubt(
    { name: node, state, incarnation }: Member,
    told: AliveMessage,
    nowMs: number,
  ): readonly MembershipEffect[] {
    if (state !== "alive" || told.incarnation <= incarnation) return nothing;
    const from = this.#options.name;
    return this.suspect({ kind: "suspect", node, incarnation, from }, nowMs);
  }

  #confirm(
    running: Suspicion,
    message: SuspectMessage,
    member: Member,
  ): readonly MembershipEffect[] {
    const accuser = message.from;
    const confirmed = confirmSuspicion(running, accuser);
    if (confirmed !== undefined) {
      this.#suspicions.set(message.node, confirmed);
      const endsMs = suspicionEndsMs(confirmed);
      return [
        { kind: "spread", message },
        { kind: "suspected", member, accuser, endsMs },
      ];
    }
    // Told once more in a table (ML-73): no confirmation, but a reason to look at once.
    if (accuser !== this.#options.name) return nothing;
    return [{ kind: "suspected", member, accuser, endsMs: suspicionEndsMs(running) }];
  }

  #clear(name: string): MembershipEffect[] {
    return this.#suspicions.delete(name) ? [{ kind: "cleared", name }] : [];
  }

  #refute(accused: number, accuser: string, nowMs: number): readonly MembershipEffect[] {
    const own = this.self?.incarnation ?? 0;
    const spoken = this.#speakUp(Math.max(own, accused) + 1, nowMs);
    return [...spoken, { kind: "refuted", accuser }];
  }

  #speakUp(incarnation: number, nowMs: number): MembershipEffect[] {
    const { self } = this;
    if (self === undefined) return [];
    const next: Member = {
      ...self,
      incarnation: Math.min(incarnation, maxIncarnation),
      state: "alive",
      changedMs: isGone(self) ? nowMs : self.changedMs,
    };
    this.#members.set(self.name, next);
    return [{ kind: "spread", message: aliveMessageOf(next) }];
  }
}

export function aliveMessageOf({ name, ...member }: Member): AliveMessage {
  const { incarnation, addr, port, meta, vsn } = member;
  return { kind: "alive", incarnation, node: name, addr, port, meta, vsn };
}

/** ML-100, second row; ML-123. */
function isAcceptable({ vsn, meta }: AliveMessage): boolean {
  if (meta.length > maxMetaBytes) return false;
  if (vsn.length < 3) return true;
  const [min, max] = [vsn[0]!, vsn[1]!];
  return min > 0 && max > 0 && min <= max;
}

/**
 * Whether a name may go to another address (ML-109): once its member said goodbye; or, where stock members wait until
 * the dead one is forgotten, once a later incarnation contradicts the death, or the suspicion. Old news that somebody
 * sends again have none.
 */
function isFree({ state, incarnation }: Member, told: AliveMessage): boolean {
  if (state === "left") return true;
  return state !== "alive" && told.incarnation > incarnation;
}

function isElsewhere(known: Member, told: AliveMessage): boolean {
  return known.port !== told.port || !sameBytes(known.addr, told.addr);
}

function addressText(bytes: Uint8Array): string | undefined {
  const address = addressFromBytes(bytes);
  return address && formatAddress(address);
}

function memberOf(
  told: AliveMessage,
  address: string,
  { state, changedMs }: Pick<Member, "state" | "changedMs">,
): Member {
  const { node: name, addr, port, meta, vsn } = told;
  const incarnation = state === "dead" ? 0 : told.incarnation;
  return { name, addr, address, port, meta, vsn, incarnation, state, changedMs };
}
