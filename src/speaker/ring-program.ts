/** The ring with what carries out its commands: sockets, timers, the pod list, log lines. */

import { formatAddress, type MacAddress, parseAddress } from "../ip/index.ts";
import { type AnsweringAbility, type NetworkInterface, RingNeighbors } from "../layer2/index.ts";
import {
  type EventRecorder,
  GossipSockets,
  type KubeClient,
  type Logger,
  monotonicMs,
  NamedTimers,
  restartNumber,
  type RingMetrics,
  sendFrame,
} from "../platform/index.ts";
import {
  type AddressUse,
  type ClaimNews,
  type Finding,
  Ring,
  type RingCommand,
  type RingEvent,
  shortestSilenceMs,
} from "../ring/index.ts";
import { findingLine } from "./finding-line.ts";
import type { GossipSettings } from "./gossip-settings.ts";
import { MemberAbilities } from "./member-abilities.ts";
import { memberMacs } from "./member-macs.ts";
import { MemberChanges } from "./member-changes.ts";
import type { MoveLog } from "./move-log.ts";
import { RingHistory } from "./ring-history.ts";
import { RingPeers } from "./ring-peers.ts";

export interface RingProgramOptions {
  readonly settings: GossipSettings;
  readonly nodeName: string;
  readonly client: Pick<KubeClient, "list">;
  readonly logger: Logger;
  readonly metrics: RingMetrics;
  readonly moves: MoveLog;
  readonly stories: Pick<EventRecorder, "record">;
  readonly onMembers: (members: RingMembers) => void;
  /** What others claim. */
  readonly onClaims: (claims: ClaimNews) => void;
  /** Something woke us, as happens with every beat of the ring. */
  readonly onTurn?: () => void;
}

/** Who may announce, after each change (L2-57). */
export interface RingMembers {
  readonly alive: ReadonlySet<string>;
  /** Those of them whose speaker is MetalLB's own. */
  readonly stock: ReadonlySet<string>;
  /** What the interfaces of the others can answer, as far as they say it. */
  readonly abilities: ReadonlyMap<string, AnsweringAbility>;
  /** MAC address -> node, as far as they say theirs. */
  readonly macs: ReadonlyMap<MacAddress, string>;
}

/**
 * So long after our goodbye we still answer: the next owner has taken over long before, also on a busy machine, and
 * we end in half of the pod's grace period (L2-162). Until then both answer, and both nodes serve.
 */
const farewellMs = 1000;
/**
 * Who has not met the others yet would take every address for its own; so long we wait for the first meeting, then
 * addresses count more.
 */
const settleMs = 3000;
/** The goodbye itself takes at most a second (ML-108). */
const longestFarewellMs = 1000;

export class RingProgram {
  readonly #options: RingProgramOptions;
  readonly #ring: Ring;
  readonly #peers: RingPeers;
  readonly #history = new RingHistory();
  readonly #changes: MemberChanges;
  readonly #abilities = new MemberAbilities();
  readonly #neighbors: RingNeighbors;
  /** What we say of ourselves. */
  readonly #words = new Map<string, string>();
  readonly #timers = new NamedTimers((name) => this.#step({ kind: "timer", name }));
  #sockets: GossipSockets | undefined;
  #onDeparted: (() => void) | undefined;
  #patience: NodeJS.Timeout | undefined;
  #isSettled = false;
  #isTelling = false;

  private constructor(options: RingProgramOptions) {
    const { settings, nodeName, client, logger } = options;
    this.#options = options;
    this.#changes = new MemberChanges({ ...options, history: this.#history });
    this.#neighbors = new RingNeighbors(settings.advertised);
    this.#ring = new Ring({
      name: nodeName,
      addr: settings.advertised,
      port: settings.port,
      timings: settings.timings,
      isEncrypted: settings.keys.length > 0 && settings.timings.gossipVerifyOutgoing,
      random: Math.random,
      beatMs: settings.beatMs,
      firstSeq: restartNumber(),
    });
    this.#peers = new RingPeers({
      client,
      logger,
      namespace: settings.namespace,
      labels: settings.labels,
      memberAddresses: () => this.#memberAddresses(),
      onAddresses: (addresses) =>
        this.#step({ kind: "addresses", addresses: canonical(addresses) }),
      join: (addresses) => {
        const places = addresses.map((address) => ({ address, port: settings.port }));
        this.#step({ kind: "join", places });
      },
      onSettled: () => this.#settle(),
    });
  }

  /** Opens the sockets; rejects with a clear error when it cannot. */
  static async open(options: RingProgramOptions): Promise<RingProgram> {
    const { settings, metrics } = options;
    const { timings } = settings;
    const program = new RingProgram(options);
    program.#sockets = await GossipSockets.open({
      address: settings.bindAddress,
      port: settings.port,
      keys: settings.keys,
      compresses: timings.enableCompression,
      verifiesIncoming: timings.gossipVerifyIncoming,
      verifiesOutgoing: timings.gossipVerifyOutgoing,
      tcpTimeoutMs: timings.tcpTimeoutMs,
      onEvent: (event) => program.#step(event),
      onProblem: (reason, from) => program.#dropped(reason, from),
    });
    metrics.onScrape(() => program.#showMetrics());
    return program;
  }

  start(): void {
    this.#step({ kind: "start" });
    this.#peers.start();
    this.#patience = setTimeout(() => this.#settle(), settleMs);
  }

  /** From now on we say that of ourselves to all members; before the start, too. */
  say(word: string, value: string): void {
    this.#words.set(word, value);
    this.#step({ kind: "words", words: new Map(this.#words) });
  }

  /** Our Node object came or changed (ML-153). */
  nodeChanged(): void {
    this.#peers.look();
  }

  /** This machine's interfaces as they are now. */
  setInterfaces(interfaces: readonly NetworkInterface[]): void {
    if (this.#neighbors.setInterfaces(interfaces)) this.#step({ kind: "link-returned" });
  }

  /** What this speaker does with an address whose owner is claimed. */
  use(use: AddressUse): void {
    this.#step({ kind: "use", use });
  }

  /** What `metallb members` shows. */
  members(): unknown {
    const { settings, moves } = this.#options;
    const ring = this.#history.show(this.#ring, monotonicMs(), {
      isEncrypted: settings.keys.length > 0,
      keyBits: (settings.keys[0]?.length ?? 0) * 8,
      beatMs: settings.beatMs,
    });
    return { ...ring, moves: moves.show() };
  }

  /**
   * How long we may be silent before others ask whether we are dead, in milliseconds; undefined while nobody watches us:
   * gossip alone takes many seconds.
   */
  get watchersPatienceMs(): number | undefined {
    const isWatched = this.#ring.watchers.length > 0;
    return isWatched ? shortestSilenceMs(this.#options.settings.beatMs) : undefined;
  }

  /** Says goodbye, and answers once others had the time to take over (L2-161, L2-162). */
  async leave(): Promise<void> {
    this.#peers.stop();
    const departed = new Promise<void>((resolve) => {
      this.#onDeparted = resolve;
    });
    const hasOthers = this.#ring.gossip.members.size > 1;
    this.#step({ kind: "leave" });
    const longest = new Promise<void>((resolve) => {
      setTimeout(resolve, longestFarewellMs).unref();
    });
    const answering = new Promise<void>((resolve) => {
      setTimeout(resolve, hasOthers ? farewellMs : 0);
    });
    await Promise.all([Promise.race([departed, longest]), answering]);
  }

  close(): void {
    this.#peers.stop();
    clearTimeout(this.#patience);
    this.#timers.cancelAll();
    this.#sockets?.close();
  }

  #step(event: RingEvent): void {
    this.#options.onTurn?.();
    for (const command of this.#ring.step(event, monotonicMs())) this.#run(command);
  }

  #run(command: RingCommand): void {
    switch (command.kind) {
      case "send":
        this.#sockets?.send(command);
        return;
      case "dial":
        this.#sockets?.dial(command);
        return;
      case "answer":
        this.#sockets?.answer(command.stream, command.message);
        return;
      case "set-timer":
        this.#timers.set(command.name, command.ms);
        return;
      case "cancel-timer":
        this.#timers.cancel(command.name);
        return;
      default:
        this.#say(command);
    }
  }

  #say(
    command: Exclude<
      RingCommand,
      { kind: "send" | "dial" | "answer" | "set-timer" | "cancel-timer" }
    >,
  ): void {
    const { logger } = this.#options;
    switch (command.kind) {
      case "member":
        this.#memberChanged(command);
        return;
      case "finding":
        this.#found(command.finding);
        return;
      case "joined":
        this.#joined(command);
        return;
      case "departed":
        this.#onDeparted?.();
        return;
      case "resolve":
        this.#resolve(command.address);
        return;
      case "claims":
        if (!this.#ring.gossip.isLeaving) this.#options.onClaims(command);
        return;
      default:
        logger[command.level](command.fields);
    }
  }

  #resolve(address: string): void {
    const question = this.#neighbors.question(address);
    if (question === undefined) return;
    try {
      sendFrame(question.interfaceIndex, question.frame);
    } catch (error) {
      // The kernel asks as well, only later; where frames cannot be sent at all the responders say so.
      this.#options.logger.debug({ op: "askNeighbor", address, error });
    }
  }

  /** The elections run again for all that came at once. */
  #memberChanged(command: Extract<RingCommand, { kind: "member" }>): void {
    const { change, member } = command;
    const { members, isLeaving } = this.#ring.gossip;
    this.#changes.take(command, members.values(), this.#isSettled && !isLeaving);
    this.#tell();
    if (change === "leave" && member.name !== this.#options.nodeName) this.#peers.look();
  }

  #settle(): void {
    if (this.#isSettled) return;
    clearTimeout(this.#patience);
    this.#isSettled = true;
    this.#tell();
  }

  /** Once for all changes that came together. Who leaves goes on as it is until the end. */
  #tell(): void {
    if (this.#isTelling || !this.#isSettled) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      const ring = this.#ring;
      if (ring.gossip.isLeaving) return;
      const [alive, stock] = [new Set(ring.alive()), new Set(ring.stock())];
      const abilities = this.#abilities.of(ring);
      this.#options.onMembers({ alive, stock, abilities, macs: memberMacs(ring) });
    });
  }

  #found(finding: Finding): void {
    if (finding.kind === "decided") this.#changes.decided(finding);
    const { logger, metrics } = this.#options;
    metrics.findings.inc(1, {
      finding: finding.kind === "decided" ? finding.verdict : finding.kind,
    });
    this.#history.found(finding);
    const line = findingLine(finding);
    logger[line.level]({ op: "failureDetector", ...line.fields, msg: line.msg });
  }

  #joined({ reached, failed }: Extract<RingCommand, { kind: "joined" }>): void {
    const { logger } = this.#options;
    this.#peers.joined();
    if (failed.length === 0) {
      if (reached > 0) logger.info({ op: "memberDiscovery", joined: reached, msg: "joined" });
      return;
    }
    const errors = failed.map(({ place, error }) => `${place.address}: ${error}`).slice(0, 5);
    const msg = reached > 0 ? "joined some of the speakers" : "reached none of the speakers";
    const fields = { op: "memberDiscovery", joined: reached, failed: failed.length, errors };
    logger[reached > 0 ? "info" : "warn"]({ ...fields, msg });
  }

  #dropped(reason: string, from: string): void {
    this.#options.metrics.dropped.inc(1, { reason });
    if (this.#history.isFirstDrop(reason, from)) {
      const msg = "dropped a packet of gossip; more of this kind are only counted";
      this.#options.logger.warn({ op: "memberlist", reason, from, msg });
    }
  }

  #memberAddresses(): ReadonlySet<string> {
    const { members } = this.#ring.gossip;
    const usable = new Set(this.#ring.alive());
    return new Set(
      [...members.values()].flatMap(({ name, address }) => (usable.has(name) ? address : [])),
    );
  }

  #showMetrics(): void {
    const { members, silence, ackTime } = this.#options.metrics;
    const alive = [...this.#ring.alive()];
    members.set(alive.length);
    silence.reset();
    ackTime.reset();
    for (const { name, silenceMs } of this.#ring.watched())
      silence.set(silenceMs / 1000, { node: name });
    for (const name of alive) {
      const ackMs = this.#ring.ackMs(name);
      if (ackMs !== undefined) ackTime.set(ackMs / 1000, { node: name });
    }
  }
}

function canonical(addresses: ReadonlySet<string>): ReadonlySet<string> {
  const texts = [...addresses].flatMap((text) => {
    const address = parseAddress(text);
    return address === undefined ? [] : formatAddress(address);
  });
  return new Set(texts);
}
