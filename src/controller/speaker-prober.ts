/** Has speakers ask on the wire for the addresses that Services would get: many at once, each segment by one speaker. */

import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProbeAnswer } from "../assignment/index.ts";
import { formatPrefix, parseAddress, prefixAround } from "../ip/index.ts";
import { monotonicMs, type PostAnswer } from "../platform/index.ts";
import {
  mostAddresses,
  openReply,
  probePath,
  type ProbeReply,
  type ProbeRequest,
  sealRequest,
} from "../program/index.ts";
import type { AddressProber } from "./controller-loop.ts";
import { type Answers, noAnswer, readAnswers, unasked, unaskedFor } from "./probe-answers.ts";
import type { SpeakerAccess, SpeakerPlace } from "./speaker-directory.ts";

export interface SpeakerProberOptions {
  readonly findSpeakers: () => Promise<SpeakerAccess | { readonly why: string }>;
  readonly post: (url: string, body: string, timeoutMs: number) => Promise<PostAnswer>;
  readonly stop: () => void;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** Default: the machine's monotonic clock. */
  readonly nowMs?: () => number;
}

interface Wish {
  readonly address: string;
  /** Pool and network: addresses of one area are asked for by one speaker. */
  readonly area: string;
  readonly resolve: (answer: ProbeAnswer) => void;
}

/**
 * Speakers that are on the segment, the one to ask first; or, in words, why there is none. `elsewhere`: the address that
 * speakers said it of; another one of the area may be on a segment.
 */
type Located =
  | { readonly speakers: readonly SpeakerPlace[]; readonly key: Uint8Array }
  | { readonly why: string; readonly elsewhere?: string };

interface Remembered {
  readonly located: Promise<Located>;
  untilMs: number;
}

/** A speaker asks for 600 ms. */
const probeMs = 900;
/** The first question ever has the speaker make its certificate. */
const whereMs = 600;
/** Waited for so long; the search itself goes on, so that the next Service need not wait. */
const locateMs = 800;
/** A speaker says in some milliseconds that it is awake. */
const awakeMs = 500;
/** A speaker that hangs is not waited for where another one was found. */
const patienceMs = 100;
const askedAtOnce = 4;
/** Another one for when the first one does not answer. */
const speakersKept = 2;
/** Searches for addresses of an area by themselves, in `badMs`: where these find nobody, it is no segment of ours. */
const looksApart = 8;
const goodMs = 60_000;
/** While nobody can ask, addresses are given at once; so often it is tried again. */
const badMs = 5_000;
/** A pool and its first Service often come together, and speakers hear of the pool a moment later. */
const secondLookMs = 200;

/** Addresses under way together: 600 frames a second at most, and 200 Services. */
const atOnce = mostAddresses;

export class SpeakerProber implements AddressProber {
  readonly #options: SpeakerProberOptions;
  readonly #nowMs: () => number;
  readonly #waiting: Wish[] = [];
  readonly #areas = new Map<string, Remembered>();
  /** By area: the searches for addresses by themselves, until when they count. */
  readonly #looks = new Map<string, { count: number; readonly untilMs: number }>();
  #access:
    | { readonly found: ReturnType<SpeakerProberOptions["findSpeakers"]>; untilMs: number }
    | undefined;
  #underWay = 0;
  #isDue = false;

  constructor(options: SpeakerProberOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? monotonicMs;
  }

  /** Never rejects. Answers 600 ms after its turn also where a speaker hangs, and two seconds after it at the latest. */
  ask(address: string, pool: string): Promise<ProbeAnswer> {
    return new Promise((resolve) => {
      this.#waiting.push({ address, area: areaOf(address, pool), resolve });
      if (this.#isDue) return;
      this.#isDue = true;
      // What one pass over the Services asks for goes together.
      setImmediate(() => this.#start());
    });
  }

  prepare(address: string, pool: string): void {
    void this.#locate(areaOf(address, pool), address);
  }

  stop(): void {
    this.#waiting.length = 0;
    this.#options.stop();
  }

  #start(): void {
    this.#isDue = false;
    const batch = this.#waiting.splice(0, atOnce - this.#underWay);
    this.#underWay += batch.length;
    for (const [area, wishes] of Map.groupBy(batch, (wish) => wish.area)) {
      void this.#settle(area, wishes);
    }
  }

  /** Never rejects: whatever fails, nobody waits for ever, and the next ones get their turn. */
  async #settle(area: string, wishes: readonly Wish[]): Promise<void> {
    try {
      await this.#askTogether(area, wishes);
    } catch (error) {
      const { why } = failure(error);
      for (const { resolve } of wishes) resolve({ kind: "unasked", why });
    }
    this.#underWay -= wishes.length;
    if (this.#waiting.length > 0) this.#start();
  }

  async #askTogether(area: string, wishes: readonly Wish[]): Promise<void> {
    const addresses = wishes.map(({ address }) => address);
    const answers = new Map(await this.#answersTo(area, addresses));
    // The area was only a guess at the network: a pool may be larger than it, or lie in several.
    const left = addresses.filter((one) => answers.get(one)?.kind === "elsewhere");
    for (const [address, answer] of await this.#askApart(area, left)) answers.set(address, answer);
    for (const { address, resolve } of wishes) {
      const answer = answers.get(address) ?? noAnswer;
      resolve(answer.kind === "elsewhere" ? { kind: "unasked", why: answer.why } : answer);
    }
  }

  async #answersTo(area: string, addresses: readonly string[]): Promise<Answers> {
    const sample = addresses[0] as string;
    const isKnown = this.#isLocated(area);
    const located = await this.#inTime(this.#locate(area, sample), locateMs);
    if ("why" in located) return unaskedFor(addresses, located);
    const { key } = located;
    const speakers = isKnown ? await this.#awakeFirst(located, sample) : located.speakers;
    let why = "the speakers of its segment do not answer";
    for (const speaker of speakers) {
      const asked = await this.#talk(speaker, key, { addresses, do: "probe" });
      if ("answers" in asked) return readAnswers(asked);
      ({ why } = asked);
      this.#areas.delete(area);
    }
    this.#rememberFailure(area, why);
    return unasked(addresses, why);
  }

  /**
   * One that hangs would be noticed when a Service has waited for long: whoever answers first comes first. None: all of
   * them hang.
   */
  async #awakeFirst(
    { speakers, key }: Extract<Located, { key: Uint8Array }>,
    sample: string,
  ): Promise<readonly SpeakerPlace[]> {
    if (speakers.length === 1) return speakers;
    const answering = speakers.map(async (speaker) => {
      const asked = await this.#talk(speaker, key, { addresses: [sample], do: "where" });
      if ("why" in asked) throw new Error(asked.why);
      return speaker;
    });
    // Where all refuse, the question itself finds out why.
    const first = await this.#inTime(
      Promise.any(answering).catch(() => speakers[0]!),
      awakeMs,
    );
    return "why" in first ? [] : [first, ...speakers.filter((one) => one !== first)];
  }

  /** Those of which nothing is found are left out. */
  async #askApart(area: string, addresses: readonly string[]): Promise<Answers> {
    if (addresses.length === 0 || !this.#mayLookApart(area)) return new Map();
    const places = await this.#inTime(this.#searchEach(addresses).catch(failure), locateMs);
    if ("why" in places) return new Map();
    const groups = Map.groupBy(places.speakerOf, ([, speaker]) => speaker);
    const asked = [...groups].map(async ([speaker, found]): Promise<Answers> => {
      const these = found.map(([address]) => address);
      const reply = await this.#talk(speaker, places.key, { addresses: these, do: "probe" });
      if ("why" in reply) return unasked(these, reply.why);
      const located = Promise.resolve({ speakers: [speaker], key: places.key });
      this.#areas.set(area, { located, untilMs: this.#nowMs() + goodMs });
      return readAnswers(reply);
    });
    return new Map((await Promise.all(asked)).flatMap((answers) => [...answers]));
  }

  /** Services that come one after another to a pool that is nowhere near a speaker do not have all speakers asked each time. */
  #mayLookApart(area: string): boolean {
    const nowMs = this.#nowMs();
    const before = this.#looks.get(area);
    const isOver = before === undefined || before.untilMs <= nowMs;
    const looks = isOver ? { count: 0, untilMs: nowMs + badMs } : before;
    this.#looks.set(area, looks);
    return looks.count++ < looksApart;
  }

  /** Nobody is asked again before a while is over, so that the next Services need not wait for nothing. */
  #rememberFailure(area: string, why: string): void {
    const located = Promise.resolve({ why });
    this.#areas.set(area, { located, untilMs: this.#nowMs() + badMs });
  }

  async #inTime<T>(found: Promise<T>, ms: number): Promise<T | { readonly why: string }> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<{ readonly why: string }>((resolve) => {
      const why = "no speaker of its segment was found in time; it is looked for";
      timer = setTimeout(() => resolve({ why }), ms);
    });
    const first = await Promise.race([found, late]);
    clearTimeout(timer);
    return first;
  }

  /** It was found out before who is to be asked. */
  #isLocated(area: string): boolean {
    const known = this.#areas.get(area);
    return known !== undefined && known.untilMs > this.#nowMs() && known.untilMs !== Infinity;
  }

  #locate(area: string, sample: string): Promise<Located> {
    const known = this.#areas.get(area);
    if (known !== undefined && known.untilMs > this.#nowMs()) return known.located;
    this.#forgetOld();
    const remembered: Remembered = {
      located: this.#search(sample).catch(failure),
      untilMs: Infinity,
    };
    this.#areas.set(area, remembered);
    void remembered.located.then((located) => {
      remembered.untilMs = this.#nowMs() + ("why" in located ? badMs : goodMs);
    });
    return remembered.located;
  }

  #forgetOld(): void {
    for (const [area, { untilMs }] of this.#areas) {
      if (untilMs <= this.#nowMs()) this.#areas.delete(area);
    }
    for (const [area, { untilMs }] of this.#looks) {
      if (untilMs <= this.#nowMs()) this.#looks.delete(area);
    }
  }

  async #search(sample: string): Promise<Located> {
    const first = await this.#lookFor(sample);
    if (!("why" in first)) return first;
    await sleep(secondLookMs);
    return this.#lookFor(sample);
  }

  async #lookFor(sample: string): Promise<Located> {
    const access = await this.#accessNow();
    if ("why" in access) return access;
    const left = [...access.speakers];
    const found: SpeakerPlace[] = [];
    let why = "";
    let elsewhere: Pick<Extract<Located, { why: string }>, "elsewhere"> = {};
    const enough = Promise.withResolvers<void>();
    let patience: NodeJS.Timeout | undefined;
    const askNext = async (): Promise<void> => {
      for (let speaker = left.shift(); speaker !== undefined; speaker = left.shift()) {
        const question = { addresses: [sample], do: "where" } as const;
        const asked = await this.#talk(speaker, access.key, question);
        const answer = "answers" in asked ? asked.answers[sample] : undefined;
        if (answer?.kind === "here") found.push(speaker);
        else if (answer?.kind === "elsewhere")
          [why, elsewhere] = [answer.why, { elsewhere: sample }];
        else if ("why" in asked && why === "") ({ why } = asked);
        if (found.length > 0) patience ??= setTimeout(enough.resolve, patienceMs);
        if (found.length >= speakersKept) return enough.resolve();
      }
    };
    await Promise.race([enough.promise, Promise.all(Array.from({ length: askedAtOnce }, askNext))]);
    clearTimeout(patience);
    if (found.length > 0) return { speakers: found.slice(0, speakersKept), key: access.key };
    this.#access = undefined;
    return { why: `no speaker is on the segment: ${why}`, ...elsewhere };
  }

  /** Which speaker is on the segment of each address; of those that are on none nothing. */
  async #searchEach(
    addresses: readonly string[],
  ): Promise<
    | { readonly speakerOf: ReadonlyMap<string, SpeakerPlace>; readonly key: Uint8Array }
    | { readonly why: string }
  > {
    const access = await this.#accessNow();
    if ("why" in access) return access;
    const left = [...access.speakers];
    const speakerOf = new Map<string, SpeakerPlace>();
    const askNext = async (): Promise<void> => {
      for (let speaker = left.shift(); speaker !== undefined; speaker = left.shift()) {
        const open = addresses.filter((one) => !speakerOf.has(one));
        if (open.length === 0) return;
        const asked = await this.#talk(speaker, access.key, { addresses: open, do: "where" });
        const answers = "answers" in asked ? asked.answers : {};
        for (const one of open) {
          if (answers[one]?.kind === "here" && !speakerOf.has(one)) speakerOf.set(one, speaker);
        }
      }
    };
    await Promise.all(Array.from({ length: askedAtOnce }, askNext));
    return { speakerOf, key: access.key };
  }

  async #accessNow(): Promise<SpeakerAccess | { readonly why: string }> {
    const nowMs = this.#nowMs();
    if (this.#access === undefined || this.#access.untilMs <= nowMs) {
      this.#access = {
        found: this.#options.findSpeakers().catch(failure),
        untilMs: nowMs + goodMs,
      };
    }
    const found = await this.#access.found;
    if ("why" in found) this.#access = undefined;
    return found;
  }

  async #talk(
    { url }: SpeakerPlace,
    key: Uint8Array,
    question: Pick<ProbeRequest, "addresses" | "do">,
  ): Promise<ProbeReply | { readonly why: string }> {
    const nonce = randomBytes(16).toString("hex");
    const body = sealRequest(key, { nonce, at: this.#options.wallMs(), ...question });
    const timeoutMs = question.do === "where" ? whereMs : probeMs;
    try {
      const { status, text } = await this.#options.post(`${url}${probePath}`, body, timeoutMs);
      if (status !== 200) {
        // The secret may be another one by now.
        this.#access = undefined;
        // What it says may come from anybody.
        return { why: `speakers refuse the question with status ${status}${hint(status)}` };
      }
      const reply = openReply(key, nonce, text);
      const why = "speakers answer without the memberlist secret, or as another version does";
      return reply ?? { why };
    } catch (error) {
      return { why: `the page ${probePath} of a speaker cannot be reached: ${messageOf(error)}` };
    }
  }
}

function hint(status: number): string {
  return status === 401 ? " (see whether the memberlist secrets and the clocks are the same)" : "";
}

function failure(error: unknown): { readonly why: string } {
  return { why: `the controller failed to ask: ${messageOf(error)}` };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The pool, and a guess at the network that the address is in. */
function areaOf(text: string, pool: string): string {
  const address = parseAddress(text);
  if (address === undefined) return text;
  const network = formatPrefix(prefixAround(address, address.family === 4 ? 24 : 64));
  return `${pool} ${network}`;
}
