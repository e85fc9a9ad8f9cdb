/** Asks for one address over eth0 and reads the answers by polling without rest, so that only the responder's time counts. */
import { readFileSync } from "node:fs";
import { type IpAddress, parseAddress } from "../src/ip/index.ts";
import { libc } from "../src/platform/libc.ts";
import { arpQuestions, ndpQuestions, type Questions } from "../src/testing/lan-questions.ts";
import { percentile } from "./lib-numbers.ts";

const AF_PACKET = 17;
const SOCK_RAW_NONBLOCK = 3 | 0x800;
const MSG_DONTWAIT = 0x40;
/** So many questions are under way at once where answers a second are counted. */
const WINDOW = 64;
/** An answer that has not come for so long will not come. */
const LOST_MS = 1000;
const PAUSE_QUESTIONS_MS = 10;

export interface RoundTrips {
  readonly p50_us: number;
  readonly p99_us: number;
  readonly max_us: number;
  readonly n: number;
  readonly lost: number;
}

export class Asker {
  readonly #fd: number;
  readonly #questions: Questions;
  readonly #frame = Buffer.alloc(2048);

  constructor(ip: string) {
    const target = parseAddress(ip) as IpAddress;
    const ownMac = readFileSync("/sys/class/net/eth0/address", "utf8").trim();
    this.#questions =
      target.family === 4 ? arpQuestions(target, ownMac) : ndpQuestions(target, ownMac);
    this.#fd = libc().socket(AF_PACKET, SOCK_RAW_NONBLOCK, 0);
    const link = Buffer.alloc(20);
    link.writeUInt16LE(AF_PACKET, 0);
    link.writeUInt16BE(this.#questions.etherType, 2);
    link.writeInt32LE(Number(readFileSync("/sys/class/net/eth0/ifindex", "utf8")), 4);
    if (libc().bind(this.#fd, link, 20) < 0) throw new Error(libc().errorCode());
  }

  /** Milliseconds until somebody answers; asks every 5 ms. Rejects after `limitMs`. */
  async firstAnswer(limitMs: number): Promise<number> {
    const began = performance.now();
    for (let asked = 0; !this.#hasAnswer(); asked++) {
      if (performance.now() - began > limitMs) throw new Error(`no answer within ${limitMs} ms`);
      this.#ask(asked);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return performance.now() - began;
  }

  /** One question after the other, so many, or until `ends` is settled, then with a millisecond between them. */
  async roundTrips(count: number, ends?: Promise<unknown>): Promise<RoundTrips> {
    const times: number[] = [];
    let lost = 0;
    const limit = { count };
    void ends?.then(() => (limit.count = 0));
    for (let asked = 0; asked < limit.count; asked++) {
      const microseconds = this.#roundTrip(asked);
      if (microseconds === undefined) lost++;
      else times.push(microseconds);
      if (ends !== undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const at = (share: number): number => percentile(times, share);
    return { p50_us: at(0.5), p99_us: at(0.99), max_us: at(1), n: times.length, lost };
  }

  /** Answers a second with 64 questions under way, over so many milliseconds. */
  answersPerSecond(overMs: number): number {
    const began = performance.now();
    let [asked, answered, heardMs] = [0, 0, began];
    for (;;) {
      while (asked - answered < WINDOW) this.#ask(asked++);
      const before = answered;
      while (this.#hasAnswer()) answered++;
      const now = performance.now();
      if (answered > before) heardMs = now;
      // What got lost must not keep the window shut.
      else if (now - heardMs > LOST_MS) [asked, heardMs] = [answered, now];
      if (now - began > overMs) return Math.round((answered / (now - began)) * 1000);
    }
  }

  /** A question every 10 ms: how many are asked and answered, and when the last answer came. */
  async whilePaused(overMs: number): Promise<Record<string, number>> {
    const began = performance.now();
    let [asked, answered, lastMs] = [0, 0, 0];
    while (performance.now() - began < overMs) {
      this.#ask(asked++);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_QUESTIONS_MS));
      while (this.#hasAnswer()) [answered, lastMs] = [answered + 1, performance.now() - began];
    }
    return {
      paused_ms: overMs,
      paused_asked: asked,
      paused_answered: answered,
      paused_answered_for_ms: Math.round(lastMs),
    };
  }

  /** Microseconds; undefined where nobody answers. Answers to earlier questions are thrown away first. */
  #roundTrip(number: number): number | undefined {
    while (this.#hasAnswer());
    const began = process.hrtime.bigint();
    this.#ask(number);
    for (;;) {
      const found = this.#hasAnswer();
      const took = Number(process.hrtime.bigint() - began) / 1000;
      if (found) return took;
      if (took > LOST_MS * 1000) return undefined;
    }
  }

  #ask(number: number): void {
    const question = this.#questions.ask(number & 0xffff);
    libc().send(this.#fd, question, question.length, 0);
  }

  #hasAnswer(): boolean {
    const length = libc().recv(this.#fd, this.#frame, this.#frame.length, MSG_DONTWAIT);
    if (length < 42) return false;
    const heard = this.#questions.read(this.#frame.subarray(0, length));
    return heard !== undefined && !heard.isUnasked;
  }
}
