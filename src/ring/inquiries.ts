/** Asks others about silent members, answers when others ask, and finds verdicts. */

import { type GossipCommand, isUsable, type Member } from "../memberlist/index.ts";
import type { AckTimes } from "./ack-times.ts";
import type { BeatMessage } from "./beat-messages.ts";
import {
  answerMs,
  type Inquiry,
  inquiryLengthMs,
  type Verdict,
  verdictMs,
  verdictOf,
  withDeaf,
} from "./inquiry.ts";
import { beats, type RingTools, say } from "./ring-tools.ts";
import { watchersOf } from "./watchers.ts";
import type { Watching } from "./watching.ts";

interface Question {
  readonly from: string;
  readonly id: number;
  readonly about: string;
}

/** The second ping, in case the first or its answer is lost. */
const secondPingMs = 40;
/** So many others are asked. */
const askedCount = 3;
/** Whoever asks for more at a time gets no answer. */
const mostQuestions = 256;
const inquiryPrefix = "inquiry-";
const questionPrefix = "question-";

export interface Decided {
  readonly about: string;
  readonly verdict: Verdict;
  readonly tookMs: number;
  readonly deaf: readonly string[];
  readonly asked: number;
}

export class Inquiries {
  readonly #tools: RingTools;
  readonly #watching: Watching;
  readonly #ackTimes: AckTimes;
  readonly #inquiries = new Map<string, Inquiry>();
  readonly #questions = new Map<string, Question>();
  #nextId = 1;

  constructor(tools: RingTools, watching: Watching, ackTimes: AckTimes) {
    this.#tools = tools;
    this.#watching = watching;
    this.#ackTimes = ackTimes;
  }

  has(about: string): boolean {
    return this.#inquiries.has(about);
  }

  begin(about: string, nowMs: number): GossipCommand[] {
    if (this.#inquiries.has(about)) return [];
    const { name } = this.#tools;
    const asked = this.#whomToAsk(about);
    const [own, stock] = [asked.filter(beats), asked.filter((member) => !beats(member))];
    const id = this.#nextId++;
    const lengthMs = inquiryLengthMs(this.#ackTimes.worstMs(about));
    this.#inquiries.set(about, {
      about,
      id,
      startedMs: nowMs,
      endsMs: nowMs + lengthMs,
      asked: new Set(asked.map((member) => member.name)),
      deaf: new Set(),
    });
    return [
      { kind: "set-timer", name: `${inquiryPrefix}${about}`, ms: secondPingMs },
      ...this.#tools.check(about, stock, nowMs),
      ...own.map((member) => say(this.#tools, member, { kind: "ask", name, id, about })),
      // A stock member cannot say that it hears nothing, but an answer of its own shows that we are not alone.
      ...stock.flatMap((member) => this.#tools.check(member.name, [], nowMs)),
    ];
  }

  /** It was heard, by us or another. Answers whether an inquiry was under way. */
  end(about: string): { readonly wasAsked: boolean; readonly commands: GossipCommand[] } {
    const wasAsked = this.#inquiries.delete(about);
    const cancel: GossipCommand = { kind: "cancel-timer", name: `${inquiryPrefix}${about}` };
    return { wasAsked, commands: wasAsked ? [cancel] : [] };
  }

  endAll(): GossipCommand[] {
    return [...this.#inquiries.keys()].flatMap((about) => this.end(about).commands);
  }

  /** Somebody does not hear it either. */
  onDeaf(about: string, name: string, nowMs: number): GossipCommand[] {
    const inquiry = this.#inquiries.get(about);
    if (inquiry === undefined) return [];
    const next = withDeaf(inquiry, name);
    this.#inquiries.set(about, next);
    const ms = Math.max(0, verdictMs(next) - nowMs);
    return ms > secondPingMs ? [] : [{ kind: "set-timer", name: `${inquiryPrefix}${about}`, ms }];
  }

  /** A member answered a ping of ours: it is heard, and where it was asked, we are not alone. */
  onChecked(name: string, nowMs: number): GossipCommand[] {
    const told = [...this.#inquiries.values()].flatMap(({ about, asked }) =>
      about !== name && asked.has(name) && !this.#beats(name)
        ? this.onDeaf(about, name, nowMs)
        : [],
    );
    return [...told, ...this.#answerAll(name, true)];
  }

  /** We may hear it ourselves; else we ping it, and answer when that is through. */
  onAsk(ask: Extract<BeatMessage, { kind: "ask" }>, nowMs: number): GossipCommand[] {
    const { name: from, id, about } = ask;
    const question = { from, id, about };
    const silentForMs = this.#watching.silentForMs(about, nowMs);
    if (silentForMs !== undefined && this.#watching.isSilent(about, nowMs)) {
      return this.#answer(question, false);
    }
    if (!this.#canReach(about)) return this.#answer(question, false);
    if (this.#questions.size >= mostQuestions) return [];
    const key = `${questionPrefix}${from}-${id}`;
    this.#questions.set(key, question);
    const ms = answerMs(this.#ackTimes.worstMs(about));
    const own = this.#inquiries.get(about);
    if (own === undefined) {
      return [{ kind: "set-timer", name: key, ms }, ...this.#tools.check(about, [], nowMs)];
    }
    // We ask about it as well and pinged it then.
    return [{ kind: "set-timer", name: key, ms: Math.max(0, own.startedMs + ms - nowMs) }];
  }

  /** A beat or an answer came from it: whoever asked us about it shall know. */
  onHeard(name: string): GossipCommand[] {
    return this.#answerAll(name, true);
  }

  /** Undefined for timers of others. */
  onTimer(
    timer: string,
    nowMs: number,
  ): { readonly commands: GossipCommand[]; readonly decided?: Decided } | undefined {
    const question = this.#questions.get(timer);
    if (question !== undefined) {
      this.#questions.delete(timer);
      return { commands: this.#answer(question, false) };
    }
    if (timer.startsWith(questionPrefix)) return { commands: [] };
    if (!timer.startsWith(inquiryPrefix)) return undefined;
    const inquiry = this.#inquiries.get(timer.slice(inquiryPrefix.length));
    if (inquiry === undefined) return { commands: [] };
    const leftMs = verdictMs(inquiry) - nowMs;
    if (leftMs > 0) {
      const again = this.#tools.check(inquiry.about, [], nowMs);
      return { commands: [{ kind: "set-timer", name: timer, ms: leftMs }, ...again] };
    }
    return { commands: [], decided: this.#decide(inquiry, nowMs) };
  }

  #decide(inquiry: Inquiry, nowMs: number): Decided {
    const { about, startedMs, deaf, asked } = inquiry;
    this.#inquiries.delete(about);
    const tookMs = nowMs - startedMs;
    return { about, verdict: verdictOf(inquiry), tookMs, deaf: [...deaf], asked: asked.size };
  }

  /** Its other watchers, who know best; then any others. */
  #whomToAsk(about: string): Member[] {
    const others = [...this.#tools.members().values()].filter(
      (member) => isUsable(member) && member.name !== about && member.name !== this.#tools.name,
    );
    const watchers = watchersOf(about, [
      ...others.filter(beats).map(({ name }) => name),
      this.#tools.name,
    ]);
    const rank = ({ name }: Member): number => (watchers.includes(name) ? 0 : 1);
    return others.sort((a, b) => rank(a) - rank(b)).slice(0, askedCount);
  }

  #beats(name: string): boolean {
    const member = this.#tools.members().get(name);
    return member !== undefined && beats(member);
  }

  #canReach(about: string): boolean {
    const member = this.#tools.members().get(about);
    return member !== undefined && isUsable(member);
  }

  #answerAll(about: string, isHeard: boolean): GossipCommand[] {
    return [...this.#questions].flatMap(([key, question]) => {
      if (question.about !== about) return [];
      this.#questions.delete(key);
      return [{ kind: "cancel-timer", name: key } as const, ...this.#answer(question, isHeard)];
    });
  }

  #answer({ from, id, about }: Question, isHeard: boolean): GossipCommand[] {
    const asker = this.#tools.members().get(from);
    if (asker === undefined) return [];
    const { name } = this.#tools;
    return [say(this.#tools, asker, { kind: "answer", name, id, about, isHeard })];
  }
}
