/** Asks others about silent members, answers when others ask, and finds verdicts. */

import { type GossipCommand, isUsable, type Member } from "../memberlist/index.ts";
import type { AckTimes } from "./ack-times.ts";
import type { BeatMessage } from "./beat-messages.ts";
import {
  aloneMs,
  answerMs,
  answerWaitMs,
  type Inquiry,
  owing,
  pingEveryMs,
  relayEveryMs,
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
  /** Pings that are still worth sending, in case the first or its answer is lost. */
  pingsLeft: number;
  readonly pingEveryMs: number;
}

/** Whoever is asked pings the silent member so often before it says that it hears nothing. */
const pingsPerQuestion = 5;
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
  #nextId: number;

  constructor(tools: RingTools, watching: Watching, ackTimes: AckTimes) {
    this.#tools = tools;
    this.#watching = watching;
    this.#ackTimes = ackTimes;
    this.#nextId = tools.firstSeq;
  }

  has(about: string): boolean {
    return this.#inquiries.has(about);
  }

  begin(about: string, nowMs: number): GossipCommand[] {
    if (this.#inquiries.has(about)) return [];
    const asked = this.#whomToAsk(about);
    const id = this.#nextId;
    this.#nextId = (id + 1) >>> 0;
    const ackMs = this.#ackTimes.worstMs(about);
    const isAlone = asked.length === 0;
    const waitMs = isAlone ? aloneMs(ackMs, this.#watching.loss(about)) : answerMs(ackMs);
    this.#inquiries.set(about, {
      about,
      id,
      startedMs: nowMs,
      answerMs: waitMs,
      askAgainMs: nowMs + waitMs,
      relayAgainMs: nowMs + relayEveryMs,
      asked: new Set(asked.map((member) => member.name)),
      isRelayed: !asked.every(beats),
      deaf: new Set(),
    });
    return [
      { kind: "set-timer", name: `${inquiryPrefix}${about}`, ms: pingEveryMs },
      ...this.#tools.check(
        about,
        asked.filter((member) => !beats(member)),
        nowMs,
      ),
      ...asked.flatMap((member) => this.#ask(member, id, about, nowMs)),
    ];
  }

  /** It was heard, by us or another, or is no member any more. */
  end(about: string): GossipCommand[] {
    if (!this.#inquiries.delete(about)) return [];
    return [{ kind: "cancel-timer", name: `${inquiryPrefix}${about}` }];
  }

  endAll(): GossipCommand[] {
    return [...this.#inquiries.keys()].flatMap((about) => this.end(about));
  }

  /** Whether it answers a question that we still ask: not an earlier one, and not one that we never put. */
  isAwaited({ about, id, name }: Extract<BeatMessage, { kind: "answer" }>): boolean {
    const inquiry = this.#inquiries.get(about);
    return inquiry !== undefined && inquiry.id === id && inquiry.asked.has(name);
  }

  /** Somebody does not hear it either. */
  onDeaf(about: string, name: string, nowMs: number): GossipCommand[] {
    const inquiry = this.#inquiries.get(about);
    if (inquiry === undefined) return [];
    const next = withDeaf(inquiry, name);
    this.#inquiries.set(about, next);
    const ms = Math.max(0, verdictMs(next) - nowMs);
    return ms > pingEveryMs ? [] : [{ kind: "set-timer", name: `${inquiryPrefix}${about}`, ms }];
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
    const waitMs = answerWaitMs(this.#ackTimes.worstMs(about)) / pingsPerQuestion;
    const pingsLeft = pingsPerQuestion - 1;
    const question = { from, id, about, pingsLeft, pingEveryMs: waitMs };
    const key = `${questionPrefix}${from}-${id}`;
    // Asked again: the first answer is on its way, or will be.
    if (this.#questions.has(key)) return [];
    if (this.#watching.isSilent(about, nowMs) || !this.#canReach(about)) {
      return this.#answer(question, false);
    }
    if (this.#questions.size >= mostQuestions) return [];
    this.#questions.set(key, question);
    return this.#pingFor(key, question, nowMs);
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
    if (question !== undefined) return { commands: this.#onQuestionTimer(timer, question, nowMs) };
    if (timer.startsWith(questionPrefix)) return { commands: [] };
    if (!timer.startsWith(inquiryPrefix)) return undefined;
    const inquiry = this.#inquiries.get(timer.slice(inquiryPrefix.length));
    if (inquiry === undefined) return { commands: [] };
    const leftMs = verdictMs(inquiry) - nowMs;
    if (leftMs < 1) return { commands: [], decided: this.#decide(inquiry, nowMs) };
    const next = { kind: "set-timer", name: timer, ms: Math.min(leftMs, pingEveryMs) } as const;
    const ping = this.#tools.check(inquiry.about, this.#relaysOf(inquiry, nowMs), nowMs);
    return { commands: [next, ...ping, ...this.#askAgain(inquiry, nowMs)] };
  }

  /** Those who understand no question, and pass a ping on instead; nobody while they did so a moment ago. */
  #relaysOf(inquiry: Inquiry, nowMs: number): Member[] {
    if (nowMs < inquiry.relayAgainMs) return [];
    inquiry.relayAgainMs = nowMs + relayEveryMs;
    return [...inquiry.asked].flatMap((name) => {
      const member = this.#tools.members().get(name);
      return member === undefined || beats(member) ? [] : [member];
    });
  }

  #askAgain(inquiry: Inquiry, nowMs: number): GossipCommand[] {
    if (nowMs < inquiry.askAgainMs) return [];
    inquiry.askAgainMs = nowMs + inquiry.answerMs;
    return owing(inquiry).flatMap((name) => {
      const member = this.#tools.members().get(name);
      return member === undefined ? [] : this.#ask(member, inquiry.id, inquiry.about, nowMs);
    });
  }

  #ask(member: Member, id: number, about: string, nowMs: number): GossipCommand[] {
    const { name } = this.#tools;
    if (beats(member)) return [say(this.#tools, member, { kind: "ask", name, id, about })];
    // A stock member cannot say that it hears nothing, but an answer of its own shows that we are not alone.
    return this.#tools.check(member.name, [], nowMs);
  }

  #onQuestionTimer(key: string, question: Question, nowMs: number): GossipCommand[] {
    if (question.pingsLeft > 0) {
      question.pingsLeft--;
      return this.#pingFor(key, question, nowMs);
    }
    this.#questions.delete(key);
    return this.#answer(question, false);
  }

  #pingFor(key: string, question: Question, nowMs: number): GossipCommand[] {
    const { about, pingEveryMs: ms } = question;
    return [{ kind: "set-timer", name: key, ms }, ...this.#tools.check(about, [], nowMs)];
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
