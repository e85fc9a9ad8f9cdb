/** What follows when a member comes, goes or changes: a log line, a metric, an event, and what moves of addresses are told by. */

import { isUsable, type Member } from "../memberlist/index.ts";
import {
  type EventRecorder,
  type Logger,
  monotonicMs,
  type RingMetrics,
} from "../platform/index.ts";
import { type Finding, readOwnKind, type RingCommand } from "../ring/index.ts";
import { MemberEvents, type MemberStory, whyChanged } from "./member-events.ts";
import type { MoveLog } from "./move-log.ts";
import type { RingHistory } from "./ring-history.ts";

export interface MemberChangesOptions {
  readonly nodeName: string;
  readonly logger: Logger;
  readonly metrics: RingMetrics;
  readonly history: RingHistory;
  readonly moves: MoveLog;
  readonly stories: Pick<EventRecorder, "record">;
}

type MemberCommand = Extract<RingCommand, { kind: "member" }>;
type Decided = Extract<Finding, { kind: "decided" }>;

export class MemberChanges {
  readonly #options: MemberChangesOptions;
  readonly #events: MemberEvents;
  /** Our own verdict, which the member's end follows. */
  #decided: Decided | undefined;

  constructor(options: MemberChangesOptions) {
    this.#options = options;
    this.#events = new MemberEvents(options.nodeName);
  }

  decided(finding: Decided): void {
    if (finding.verdict === "dead") this.#decided = finding;
  }

  /**
   * ML-155: the words that people search for. `isTold`: also in an event; what is only heard of while we meet the ring,
   * or leave it, is no news.
   */
  take(command: MemberCommand, members: Iterable<Member>, isTold: boolean): void {
    const { change, member, accuser } = command;
    const { logger, metrics, history } = this.#options;
    const event = { join: "NodeJoin", leave: "NodeLeave", update: "NodeUpdate" }[change];
    const cause = accuser === undefined || accuser === member.name ? {} : { foundBy: accuser };
    const story = this.#storyOf(command);
    const told =
      change === "update" ? `it says of itself: ${sayingOf(member)}` : "it said that it is there";
    const why = story === undefined ? told : whyChanged(story);
    logger.info({
      event: "nodeEvent",
      msg: "node event - forcing sync",
      "node addr": member.address,
      "node name": member.name,
      "node event": event,
      ...cause,
      ...(story !== undefined && { why }),
    });
    metrics.changes.inc(1, { event });
    history.add({ change, member, why });
    if (story !== undefined && isTold) this.#tell(story, members);
  }

  #tell(story: MemberStory, members: Iterable<Member>): void {
    const ours = [...members].filter(
      (member) => isUsable(member) && readOwnKind(member.meta) !== undefined,
    );
    const names = ours.map(({ name }) => name);
    const note = this.#events.note(story, names, monotonicMs());
    if (note !== undefined) this.#options.stories.record(note);
  }

  /** Undefined for a member that was never lost, and for changes of what one says of itself. */
  #storyOf(command: MemberCommand): MemberStory | undefined {
    const { change, member } = command;
    const { name: node } = member;
    if (change === "leave") return this.#lost(command);
    const awayMs = change === "join" ? this.#options.moves.joined(node, monotonicMs()) : undefined;
    return awayMs === undefined ? undefined : { kind: "returned", node, awayMs };
  }

  #lost({ member, accuser, silentMs: heardMsAgo }: MemberCommand): MemberStory {
    const { name: node, state } = member;
    const asked = this.#decided?.about === node ? this.#decided : undefined;
    this.#decided = undefined;
    const decidedMs = monotonicMs();
    const because = state === "left" ? "left" : "dead";
    const foundBy = because === "left" ? undefined : accuser;
    const inquiryMs = asked?.tookMs;
    const silentMs = heardMsAgo === undefined ? undefined : heardMsAgo - (inquiryMs ?? 0);
    this.#options.moves.lost({ node, because, foundBy, silentMs, inquiryMs, decidedMs });
    if (because === "left") return { kind: "left", node };
    const inquiry = asked && {
      tookMs: asked.tookMs,
      asked: asked.asked,
      agree: asked.deaf.length,
    };
    return { kind: "dead", node, foundBy: accuser ?? node, silentMs, inquiry };
  }
}

function sayingOf({ meta }: Member): string {
  return readOwnKind(meta)?.text ?? "nothing that speakers of our kind say";
}
