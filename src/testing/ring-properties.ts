/** Watches a simulated ring for what must never happen, and looks at quiet times whether all is as it must be. */

import type { Bounds } from "./ring-bounds.ts";
import type { RingSimulation, SimulationObserver } from "./ring-simulation.ts";
import { SimulatedAnnouncers } from "./simulated-announcers.ts";
import type { SimulatedLinks } from "./simulated-links.ts";
import type { SimulatedNode } from "./simulated-node.ts";

type MemberCommand = Parameters<SimulationObserver["onMember"]>[1];

interface Holding {
  /** Indices of nodes that run and announce the address. */
  readonly holders: Set<number>;
  unownedSinceMs: number;
  gains: number;
}

const mostFailures = 5;
/** To one packet: a ping with a suspicion has two, an acknowledgement and a contradiction, and most have none or one. */
const mostAnswers = 2;
const mostMissing = 0.05;
const mostMissingOfLost = 0.25;
/** What one cause has, news of it by gossip included, happens within so short a time. */
const momentMs = 400;
/** Who hears nobody cannot know who is dead; gossip alone needs longer than that for a wrong verdict. */
const aloneMs = 3000;

export class RingProperties implements SimulationObserver {
  readonly failures: string[] = [];
  longestUnownedMs = 0;
  deaths = 0;
  /** When a speaker that runs last counted as dead, where the network loses too much. */
  falseDeathMs = 0;
  /** Nothing may change now. */
  isQuiet = false;
  readonly #simulation: RingSimulation;
  readonly #bounds: Bounds;
  readonly #links: SimulatedLinks | undefined;
  readonly #announcers: SimulatedAnnouncers;
  readonly #holdings: readonly Holding[];
  /** By node: how many faults it is in, and when it was last in one. */
  readonly #faults: number[];
  readonly #troubledMs: number[];
  /** By node: the highest incarnation of each member that it has told. */
  readonly #incarnations: Map<string, number>[];
  readonly #aloneSinceMs = new Map<string, number>();
  readonly #askedAtRest = new Map<string, number>();
  #lastFaultMs = 0;
  #isRunning = false;
  #movesAllowed = 1;
  #hasFalseDeath = false;

  /** `links`: where they fail apart from their nodes. */
  constructor(
    simulation: RingSimulation,
    addresses: number,
    bounds: Bounds,
    links?: SimulatedLinks,
  ) {
    this.#simulation = simulation;
    this.#bounds = bounds;
    this.#links = links;
    this.#announcers = new SimulatedAnnouncers(simulation, addresses, links);
    this.#holdings = Array.from({ length: addresses }, () => {
      return { holders: new Set<number>(), unownedSinceMs: 0, gains: 0 };
    });
    this.#faults = simulation.nodes.map(() => 0);
    this.#incarnations = simulation.nodes.map(() => new Map());
    this.#troubledMs = simulation.nodes.map(() => 0);
    simulation.observer = this;
    for (const node of simulation.nodes) {
      if (node.isUp) this.#announcers.follow(node);
      this.#update(node);
    }
  }

  /** The ring is complete: from now on every address has an owner. */
  begin(): void {
    this.#isRunning = true;
    for (const holding of this.#holdings) holding.gains = 0;
    this.#lastFaultMs = this.#simulation.nowMs;
  }

  /** `moves`: how often each address may move for it. */
  faultBegins(nodes: readonly number[], moves: number): void {
    this.isQuiet = false;
    this.#askedAtRest.clear();
    this.#movesAllowed += moves;
    this.#lastFaultMs = this.#simulation.nowMs;
    for (const index of nodes) this.#faults[index]!++;
  }

  faultEnds(nodes: readonly number[]): void {
    const { nowMs } = this.#simulation;
    this.#lastFaultMs = nowMs;
    for (const index of nodes) {
      this.#faults[index]!--;
      this.#troubledMs[index] = nowMs;
    }
  }

  /** The node reaches nobody. */
  isolate(index: number): void {
    this.#aloneSinceMs.set(`node${index}`, this.#simulation.nowMs);
  }

  fail(text: string): void {
    this.#simulation.note(`FAILED: ${text}`);
    if (this.failures.length < mostFailures) {
      this.failures.push(`${this.#simulation.nowMs.toFixed(1)} ms: ${text}`);
    }
  }

  onMember(node: SimulatedNode, command: MemberCommand): void {
    this.#followIncarnation(node, command);
    if (command.change === "leave" && command.member.state === "dead") this.#onDeath(node, command);
    const isOfLinks = command.change === "update" && this.#links !== undefined;
    if ((command.change === "update" && !isOfLinks) || node.isLeaving) return;
    this.#announcers.follow(node);
    this.#update(node);
  }

  onRunning(node: SimulatedNode): void {
    const isStart = node.isUp && node.ring.gossip.members.size <= 1;
    if (isStart) this.#incarnations[node.index]!.clear();
    if (isStart) this.#announcers.reset(node);
    if (isStart) this.#links?.start(node);
    if (isStart) this.#announcers.follow(node);
    this.#update(node);
  }

  linkChanged(node: SimulatedNode): void {
    this.#update(node);
  }

  /** Who answers for the address now. */
  ownerOf(subject: number): number | undefined {
    return [...this.#holdings[subject]!.holders][0];
  }

  /** One owner for each address, whom all agree upon and who answers. */
  checkOwners(): void {
    const running = this.#simulation.nodes.filter((node) => this.#runs(node));
    for (const [subject, { key, ip }] of this.#announcers.subjects.entries()) {
      const answering = running.filter(
        (node) => this.#reaches(node) && this.#announcers.answers(node, subject),
      );
      if (answering.length === 1) continue;
      const who = answering.map(({ name }) => name).join(", ") || "nobody";
      this.fail(`${key} (${ip.value & 255n}): ${who} answers, and not exactly one node`);
    }
  }

  /** Every node that runs sees those that run, and nobody else. */
  checkViews(): void {
    const running = this.#simulation.nodes.filter((node) => this.#runs(node));
    const names = running.map(({ name }) => name).sort();
    for (const node of running) {
      const seen = [...node.ring.alive()].sort();
      if (seen.length === names.length && seen.every((name, at) => name === names[at])) continue;
      const missing = names.filter((name) => !seen.includes(name));
      const extra = seen.filter((name) => !names.includes(name));
      this.fail(
        `${node.name} misses [${missing.join(" ")}] and sees too much [${extra.join(" ")}]`,
      );
    }
  }

  /** Most news have arrived by gossip alone; the rest may wait for an exchange of tables. */
  checkMostViews(): void {
    const running = this.#simulation.nodes.filter((node) => this.#runs(node));
    const missing = running.flatMap(({ ring }) =>
      running.filter(({ name }) => !ring.isAlive(name)),
    );
    const most = this.#bounds.losesTooMuch ? mostMissingOfLost : mostMissing;
    if (missing.length <= most * running.length ** 2) return;
    this.fail(
      `${missing.length} of ${running.length} times ${running.length} news have not arrived`,
    );
  }

  /** At rest a node says little, however many there are. */
  checkTraffic(packets: number, ms: number): void {
    const nodes = this.#simulation.nodes.filter((node) => this.#runs(node)).length;
    const perSecond = (packets / nodes / ms) * 1000;
    const most = this.#bounds.packetsPerSecond;
    if (perSecond <= most) return;
    this.fail(`${perSecond.toFixed(1)} packets a node and second at rest, and ${most} are allowed`);
  }

  /** Nobody can make the ring say much by sending recorded packets again. */
  checkAnswers(replays: number, answers: number): void {
    if (answers <= mostAnswers * replays) return;
    this.fail(`${replays} packets that somebody sent again had ${answers} answers at once`);
  }

  /** An address does not move more often than the faults explain. */
  checkMoves(): void {
    for (const [subject, { gains }] of this.#holdings.entries()) {
      const { key } = this.#announcers.subjects[subject]!;
      const most = this.#movesAllowed;
      if (gains > most) this.fail(`${key} moved ${gains} times, and ${most} are explained`);
    }
  }

  /** Who goes on after a stop reads what came in; only then it may say that another does not answer. */
  onAccusation(node: SimulatedNode, accused: string): void {
    if (this.#bounds.losesTooMuch) return;
    const [, index] = /^node(\d+)$/.exec(accused) ?? [];
    const member = this.#simulation.node(Number(index));
    if (!this.#isRunning || !member.isUp || this.#isTroubled(member.index)) return;
    const { changedMs = 0 } = node.ring.gossip.members.get(accused) ?? {};
    // It may repeat what it said before it was stopped.
    if (changedMs - node.offsetMs < node.pausedUntilMs) return;
    this.fail(`${node.name} was stopped, and accuses ${accused}, which is well`);
  }

  /** At rest all beats arrive, and nobody has to ask about anybody: once, for a probe from before, and not again. */
  onFinding(node: SimulatedNode, finding: Parameters<SimulationObserver["onFinding"]>[1]): void {
    const isAsked = finding.kind === "cleared" || finding.kind === "decided";
    if (!isAsked || !this.isQuiet || !this.#bounds.losesNothing) return;
    const question = `${node.name} ${finding.about}`;
    const { nowMs } = this.#simulation;
    const askedMs = this.#askedAtRest.get(question) ?? nowMs;
    this.#askedAtRest.set(question, askedMs);
    if (nowMs - askedMs < momentMs) return;
    this.fail(`${node.name} asked about ${finding.about} although nothing happened`);
  }

  /** While a member is known, what is told of it never is of an earlier incarnation. */
  #followIncarnation(node: SimulatedNode, { change, member }: MemberCommand): void {
    const told = this.#incarnations[node.index]!;
    const known = told.get(member.name) ?? 0;
    // Forgotten meanwhile, or started anew after a goodbye: a join may begin with 1.
    if (change !== "join" && member.incarnation < known) {
      this.fail(
        `${node.name}: ${member.name} falls from incarnation ${known} to ${member.incarnation}`,
      );
    }
    told.set(member.name, member.incarnation);
  }

  /** Nobody who runs, and is not cut off, is called dead; a paused speaker least of all may say so. */
  #onDeath(node: SimulatedNode, { member, accuser }: MemberCommand): void {
    this.deaths++;
    const accused = this.#simulation.nodes.find(({ name }) => name === member.name);
    const isFalse = accused?.isUp === true && this.#faults[accused.index] === 0;
    if (this.#bounds.losesTooMuch && isFalse) this.falseDeathMs = this.#simulation.nowMs;
    if (!this.#isRunning) return;
    if (accuser === node.name) this.#checkIsNotAlone(node, member.name);
    if (accused?.isUp === true) this.#onDeathOfRunning(accused, node, accuser);
  }

  #onDeathOfRunning(
    accused: SimulatedNode,
    node: SimulatedNode,
    accuser: string | undefined,
  ): void {
    if (this.#isTroubled(accused.index)) return;
    // Who goes on reads old news; but what it decides itself is no news.
    if (accuser !== node.name && this.#isTroubled(node.index)) return;
    if (this.#bounds.losesTooMuch && !this.#hasFalseDeath) {
      this.#onFalseDeath(accused);
      return;
    }
    const by = `told by ${accuser ?? "nobody"}`;
    this.fail(`${node.name} counts ${accused.name} as dead, which is well (${by})`);
  }

  #checkIsNotAlone({ name, index }: SimulatedNode, accused: string): void {
    const aloneForMs = this.#simulation.nowMs - (this.#aloneSinceMs.get(name) ?? -Infinity);
    if (aloneForMs >= aloneMs || this.#faults[index] === 0) return;
    this.fail(`${name} hears nobody, and counts ${accused} as dead`);
  }

  /** The network is to blame, once in a history: no other fault than a short one of that node. */
  #onFalseDeath({ index, name }: SimulatedNode): void {
    this.#simulation.note(`${name} counts as dead, which is well: so much is lost`);
    this.#hasFalseDeath = true;
    this.faultBegins([index], 2);
    this.faultEnds([index]);
  }

  /** In a fault, or only just out of it. */
  #isTroubled(index: number): boolean {
    const sinceMs = this.#simulation.nowMs - this.#troubledMs[index]!;
    return (
      this.#faults[index]! > 0 || (this.#troubledMs[index]! > 0 && sinceMs < this.#bounds.echoMs)
    );
  }

  /** Clients hear what it says. */
  #reaches(node: SimulatedNode): boolean {
    return this.#links?.isUp(node) ?? true;
  }

  #runs({ isUp, pausedUntilMs }: SimulatedNode): boolean {
    return isUp && this.#simulation.nowMs >= pausedUntilMs;
  }

  #update(node: SimulatedNode): void {
    const { nowMs } = this.#simulation;
    for (const [subject, holding] of this.#holdings.entries()) {
      const { holders } = holding;
      const isHeard = this.#runs(node) && this.#reaches(node);
      const holds = isHeard && this.#announcers.isAnnounced(node, subject);
      if (holds === holders.has(node.index)) continue;
      const { key } = this.#announcers.subjects[subject]!;
      this.#simulation.note(`${node.name} ${holds ? "answers" : "no longer answers"} for ${key}`);
      if (this.isQuiet) this.fail(`${key} moves although nothing happened`);
      if (holds) {
        holding.gains++;
        if (holders.size === 0) this.#onOwned(key, nowMs - holding.unownedSinceMs, holding);
        holders.add(node.index);
      } else {
        holders.delete(node.index);
        if (holders.size === 0) this.#onUnowned(node, key, holding);
      }
    }
  }

  #onUnowned(node: SimulatedNode, key: string, holding: Holding): void {
    holding.unownedSinceMs = this.#simulation.nowMs;
    if (!this.#isRunning || !node.isLeaving || !this.leavesWithoutGap) return;
    this.fail(`${key} has no owner: ${node.name} left before another answered`);
  }

  /** Set by the history where a partition is, or was, since the ring was last at rest. */
  wereApart = false;
  /** Set by the history where the leave is the only thing that happens. */
  leavesWithoutGap = false;

  #onOwned(key: string, unownedMs: number, { unownedSinceMs }: Holding): void {
    if (!this.#isRunning) return;
    const { nowMs } = this.#simulation;
    this.longestUnownedMs = Math.max(this.longestUnownedMs, unownedMs);
    const ms = nowMs - Math.max(unownedSinceMs, this.#lastFaultMs);
    const mostMs = this.wereApart ? this.#bounds.apartTakeoverMs : this.#bounds.takeoverMs;
    if (ms <= mostMs) return;
    const most = `${mostMs.toFixed(0)} ms are allowed`;
    this.fail(`${key} had no owner for ${unownedMs.toFixed(0)} ms, and ${most}`);
  }
}
