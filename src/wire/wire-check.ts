/** Asks for addresses of other nodes, paced, and judges who answers: a machine whose clock and wire are outside. */
import {
  formatAddress,
  type IpAddress,
  type MacAddress,
  parseAddress,
  type Prefix,
} from "../ip/index.ts";
import { Assignments, type Subject } from "./assignments.ts";
import {
  type Answer,
  type Evidence,
  type Finding,
  hasStrangers,
  isAnsweredByOwner,
  isSameFinding,
  isTrouble,
  judge,
  type Seen,
} from "./finding.ts";
import { Neighbours } from "./neighbours.ts";
import { NodeMacs } from "./node-macs.ts";
import { OpenQuestions } from "./open-questions.ts";
import { Pace, periodMs } from "./pace.ts";
import { Questions, type Urgency } from "./questions.ts";

/** So long answers are collected. */
const windowMs = 1000;

export type WireEvent = { readonly nowMs: number } & (
  | { readonly kind: "owned"; readonly subject: Subject }
  /** Nobody announces it. */
  | { readonly kind: "gone"; readonly service: string }
  /** Speakers that can ask, ourselves among them, and the subnets that each says it has. Default: none says so. */
  | {
      readonly kind: "speakers";
      readonly names: ReadonlySet<string>;
      readonly subnets?: ReadonlyMap<string, readonly Prefix[]>;
    }
  /** MAC address -> node, as living speakers say in the ring of their own. */
  | { readonly kind: "macs"; readonly macs: ReadonlyMap<MacAddress, string> }
  /** A node's own addresses; none: it is gone. */
  | { readonly kind: "node"; readonly name: string; readonly addresses: readonly IpAddress[] }
  /** Names of the interfaces on which we can ask, by family. */
  | { readonly kind: "interfaces"; readonly names: Readonly<Record<4 | 6, readonly string[]>> }
  /** A station says that it has the address. */
  | {
      readonly kind: "heard";
      readonly ip: IpAddress;
      readonly on: string;
      readonly mac: MacAddress;
    }
  | { readonly kind: "timer" }
);

type EventOf<Kind extends WireEvent["kind"]> = Extract<WireEvent, { kind: Kind }>;

export type WireCommand =
  /** On every interface. */
  | { readonly kind: "ask"; readonly ip: IpAddress }
  /** Fire `timer` once, so many milliseconds from now; replaces the one before. */
  | { readonly kind: "set-timer"; readonly ms: number }
  /** It is not as it was; after each change of the owner the first finding is told anew. */
  | {
      readonly kind: "found";
      readonly ip: string;
      readonly finding: Finding;
      readonly before: Finding | undefined;
    }
  /** Found again in each check: somebody else answers. */
  | {
      readonly kind: "stranger";
      readonly ip: string;
      readonly answer: Answer;
      readonly isInstead: boolean;
      /** The finding is trouble, and another one than before: also of a machine that was told of already. */
      readonly isNews: boolean;
    };

export interface ShownCheck extends Finding {
  readonly ip: string;
  readonly owners: readonly string[];
}

export class WireCheck {
  readonly assignments: Assignments;
  readonly #self: string;
  readonly #neighbours = new Neighbours();
  readonly #nodes = new NodeMacs(windowMs);
  readonly #addressesOf = new Map<string, readonly IpAddress[]>();
  readonly #nodeWith = new Map<string, string>();
  readonly #questions = new Questions();
  readonly #pace = new Pace();
  readonly #open = new OpenQuestions(windowMs);
  readonly #findings = new Map<string, Finding>();
  /** One bad answer may be a lost packet or a hand-over: these are asked for again at once. */
  readonly #doubted = new Set<string>();
  /** Who else answered the last question. */
  readonly #strangers = new Map<string, ReadonlySet<MacAddress>>();
  #said: ReadonlyMap<MacAddress, string> = new Map();
  #interfaces: Readonly<Record<4 | 6, readonly string[]>> = { 4: [], 6: [] };
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(self: string) {
    this.#self = self;
    this.assignments = new Assignments(self, (node) => this.#neighbours.of(node));
  }

  step(event: WireEvent): WireCommand[] {
    const { nowMs } = event;
    switch (event.kind) {
      case "heard":
        this.#hear(event);
        return [];
      case "timer": {
        this.#wakeMs = Number.POSITIVE_INFINITY;
        const closed = this.#closeWindows(nowMs);
        const commands = [...closed, ...this.#askDue(nowMs), ...this.#askAgain(nowMs)];
        return [...commands, ...this.#wake(nowMs)];
      }
      default:
        this.#take(event);
        return this.#wake(nowMs);
    }
  }

  /** Addresses that we ask for, by what was found last. */
  counts(): Record<Seen, number> {
    const counts = { yes: 0, nobody: 0, wrong: 0, two: 0, unknown: 0 };
    for (const { seen } of this.#findings.values()) counts[seen]++;
    return counts;
  }

  *show(): IterableIterator<ShownCheck> {
    for (const [ip, finding] of this.#findings) {
      const owners = new Set(this.assignments.usersOf(ip).map(({ owner }) => owner));
      yield { ip, owners: [...owners], ...finding };
    }
  }

  /** Addresses that need an operator. */
  *troubles(): IterableIterator<readonly [ip: string, seen: Seen]> {
    for (const [ip, finding] of this.#findings) if (isTrouble(finding)) yield [ip, finding.seen];
  }

  findingOf(ip: string): Finding | undefined {
    return this.#findings.get(ip);
  }

  /** The node whose own addresses are answered with this MAC address; undefined: not known. */
  nodeWith(mac: MacAddress): string | undefined {
    return this.#nodes.nodeWith(mac);
  }

  #take(event: Exclude<WireEvent, { kind: "heard" | "timer" }>): void {
    switch (event.kind) {
      case "owned":
        return this.#takeSubject(event.subject, event.nowMs);
      case "gone":
        return this.#removeSubject(event.service);
      case "speakers":
        return this.#takeSpeakers(event);
      case "macs":
        this.#said = event.macs;
        return;
      case "node":
        return this.#takeNode(event);
      default:
        this.#interfaces = event.names;
    }
  }

  #takeSubject(subject: Subject, nowMs: number): void {
    const before = this.assignments.subjectOf(subject.service);
    if (before !== undefined && isSameSubject(before, subject)) {
      this.assignments.setSubject(subject);
      return;
    }
    this.#removeSubject(subject.service);
    this.assignments.setSubject(subject);
    this.#begin(subject, before === undefined ? "new" : "moved", nowMs);
  }

  #removeSubject(service: string): void {
    const before = this.assignments.subjectOf(service);
    this.assignments.removeSubject(service);
    for (const ip of before?.ips ?? []) {
      const text = formatAddress(ip);
      if (!this.assignments.isOurs(text)) this.#forget(text);
    }
  }

  #takeSpeakers({ names, subnets = new Map(), nowMs }: EventOf<"speakers">): void {
    const isMoved = this.#neighbours.setSubnets(subnets);
    this.#takeOver(this.assignments.setSpeakers(names, isMoved), nowMs);
  }

  /** What we ask for now and did not before; what we do not ask for any more is forgotten. */
  #takeOver(gained: readonly Subject[], nowMs: number): void {
    for (const subject of gained) this.#begin(subject, "new", nowMs);
    for (const ip of this.#findings.keys()) {
      if (!this.assignments.isOurs(ip)) this.#forget(ip);
    }
  }

  #takeNode({ name, addresses, nowMs }: EventOf<"node">): void {
    const before = this.#addressesOf.get(name) ?? [];
    // A Node object changes every few minutes by itself; its MAC addresses need no new question then.
    if (isSameList(before, addresses)) return;
    for (const ip of before) this.#nodeWith.delete(formatAddress(ip));
    for (const ip of addresses) this.#nodeWith.set(formatAddress(ip), name);
    if (addresses.length > 0) this.#addressesOf.set(name, addresses);
    else this.#addressesOf.delete(name);
    this.#nodes.forget(name);
    this.#neighbours.setNode(name, addresses);
    this.#takeOver(this.assignments.chooseAgain(), nowMs);
  }

  /** What was found of the address until now was about another owner. */
  #begin({ ips }: Subject, urgency: Urgency, nowMs: number): void {
    for (const ip of ips) {
      const text = formatAddress(ip);
      if (!this.assignments.isOurs(text)) continue;
      this.#forget(text);
      this.#questions.add(text, urgency, nowMs);
    }
  }

  #forget(ip: string): void {
    this.#questions.remove(ip);
    this.#open.remove(ip);
    this.#findings.delete(ip);
    this.#doubted.delete(ip);
    this.#strangers.delete(ip);
  }

  #hear({ ip, on, mac, nowMs }: Extract<WireEvent, { kind: "heard" }>): void {
    const text = formatAddress(ip);
    const node = this.#nodeWith.get(text);
    if (node !== undefined) this.#nodes.heard(node, { on, mac }, nowMs);
    this.#open.hear(text, { on, mac });
  }

  #askDue(nowMs: number): WireCommand[] {
    const commands: WireCommand[] = [];
    const period = periodMs(this.assignments.addressCount);
    while (this.#pace.canAsk(nowMs)) {
      const next = this.#questions.next(nowMs, period, commands.length > 0);
      if (next === undefined || next.dueMs > nowMs) break;
      commands.push(...this.#ask(next.ip, nowMs));
    }
    return commands;
  }

  #ask(text: string, nowMs: number): WireCommand[] {
    const ip = parseAddress(text);
    if (ip === undefined || !this.assignments.isOurs(text)) {
      this.#forget(text);
      return [];
    }
    const isDoubted = this.#doubted.has(text);
    const asked: IpAddress[] = [];
    for (const owner of this.#ownersOf(text)) {
      if (!this.#nodes.isDue(owner, nowMs, isDoubted)) continue;
      this.#nodes.asked(owner, nowMs);
      asked.push(...(this.#addressesOf.get(owner) ?? []));
    }
    asked.push(ip);
    this.#questions.asked(text, nowMs);
    this.#open.add(ip, isDoubted ? asked : [], nowMs);
    return this.#send(asked);
  }

  /** Where something seemed wrong a question, or its answer, may be lost once more. Many at once are no lost packets. */
  #askAgain(nowMs: number): WireCommand[] {
    const again = this.#open.takeAgain(nowMs, (ip, answers) => {
      if (!this.#pace.canAsk(nowMs)) return false;
      const evidence = this.#evidence(ip, answers, nowMs);
      const isMissed = hasStrangers(this.#findings.get(ip)) && judge(evidence).seen === "yes";
      return isMissed || !isAnsweredByOwner(evidence);
    });
    return this.#send(again);
  }

  #send(asked: readonly IpAddress[]): WireCommand[] {
    for (const _ of asked) this.#pace.asked();
    return asked.map((ip) => ({ kind: "ask", ip }));
  }

  /** Without us: we never hear ourselves. */
  #ownersOf(ip: string): ReadonlySet<string> {
    const owners = new Set<string>();
    for (const { owner } of this.assignments.usersOf(ip)) owners.add(owner);
    owners.delete(this.#self);
    return owners;
  }

  #closeWindows(nowMs: number): WireCommand[] {
    return this.#open
      .takeClosed(nowMs)
      .filter(([ip]) => this.assignments.isOurs(ip))
      .flatMap(([ip, answers]) => this.#judge(ip, answers, nowMs));
  }

  #evidence(ip: string, answers: readonly Answer[], nowMs: number): Evidence {
    return {
      answers,
      owners: [...this.#ownersOf(ip)],
      macsOf: (node, on) => this.#nodes.of(node, on, nowMs),
      knownMacsOf: (node, on) => this.#nodes.known(node, on, nowMs),
      isSaidBy: (node, mac) => this.#said.get(mac) === node,
      wasSeenOn: (node, on) => this.#nodes.wasSeenOn(node, on),
      where: this.#whereAnnounced(ip),
    };
  }

  #judge(ip: string, answers: readonly Answer[], nowMs: number): WireCommand[] {
    const judged = judge(this.#evidence(ip, answers, nowMs));
    const isSecond = this.#doubted.delete(ip);
    const told = this.#findings.get(ip);
    // Only this time it was not heard, perhaps.
    const isMissed = judged.seen === "yes" && hasStrangers(told);
    if (!isSecond && isMissed) return this.#doubt(ip, nowMs);
    const finding = { ...judged, strangers: this.#heardTwice(ip, judged.strangers) };
    const isDoubtful = finding.seen !== "yes" && finding.why !== "alone";
    const isUnsure =
      (isDoubtful && !isSameFinding(told, finding)) ||
      finding.strangers.length < judged.strangers.length;
    return !isSecond && isUnsure ? this.#doubt(ip, nowMs) : this.#settle(ip, finding);
  }

  /** Only who answers twice is named: forged answers that change each time would be news for ever. */
  #heardTwice(ip: string, strangers: readonly Answer[]): readonly Answer[] {
    const before = new Set(this.#strangers.get(ip));
    for (const { mac } of this.#findings.get(ip)?.strangers ?? []) before.add(mac);
    if (strangers.length === 0) this.#strangers.delete(ip);
    else this.#strangers.set(ip, new Set(strangers.map(({ mac }) => mac)));
    return strangers.filter(({ mac }) => before.has(mac));
  }

  #settle(ip: string, finding: Finding): WireCommand[] {
    const before = this.#findings.get(ip);
    this.#findings.set(ip, finding);
    const isChanged = !isSameFinding(before, finding);
    const isInstead = finding.seen === "wrong";
    const isNews = isChanged && isTrouble(finding);
    return [
      ...(isChanged ? [{ kind: "found", ip, finding, before } as const] : []),
      ...finding.strangers.map(
        (answer) => ({ kind: "stranger", ip, answer, isInstead, isNews }) as const,
      ),
    ];
  }

  #doubt(ip: string, nowMs: number): WireCommand[] {
    this.#doubted.add(ip);
    this.#questions.add(ip, "doubted", nowMs);
    return [];
  }

  #whereAnnounced(ip: string): string[] {
    const users = this.assignments.usersOf(ip);
    const names = this.#interfaces[ip.includes(":") ? 6 : 4];
    return names.filter((name) =>
      users.some(({ interfaces }) => interfaces === undefined || interfaces.has(name)),
    );
  }

  #wake(nowMs: number): WireCommand[] {
    const next = this.#questions.next(nowMs, periodMs(this.assignments.addressCount));
    const askMs = next === undefined ? Number.POSITIVE_INFINITY : this.#whenAsked(next, nowMs);
    const atMs = Math.min(this.#open.nextMs(), askMs);
    if (atMs >= this.#wakeMs) return [];
    this.#wakeMs = atMs;
    return [{ kind: "set-timer", ms: Math.max(1, Math.ceil(atMs - nowMs)) }];
  }

  #whenAsked({ dueMs }: { readonly dueMs: number }, nowMs: number): number {
    const isPaid = this.#pace.canAsk(nowMs);
    return Math.max(dueMs, isPaid ? nowMs : nowMs + this.#pace.waitMs());
  }
}

function isSameList(a: readonly IpAddress[], b: readonly IpAddress[]): boolean {
  return a.map(formatAddress).join() === b.map(formatAddress).join();
}

function isSameSubject(a: Subject, b: Subject): boolean {
  const text = ({ ips, owner, interfaces }: Subject): string =>
    JSON.stringify([owner, ips.map(formatAddress), interfaces && [...interfaces]]);
  return text(a) === text(b);
}
