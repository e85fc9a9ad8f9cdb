/** Questions whose answers are awaited, and those of them that are asked again meanwhile. */
import { formatAddress, type IpAddress } from "../ip/index.ts";
import type { Answer } from "./finding.ts";

/** More stations answer for one address only if somebody forges. */
const mostAnswers = 8;
/** Where something seemed wrong: where one packet in ten is lost, six questions in a row are lost twice a day. */
const againMs = 200;
const timesAgain = 4;

interface Open {
  readonly endMs: number;
  readonly answers: Answer[];
  /** What is asked for, while that may help. */
  again: readonly IpAddress[];
  timesLeft: number;
  nextMs: number;
}

export class OpenQuestions {
  readonly #windowMs: number;
  /** By address, the earliest first. */
  readonly #open = new Map<string, Open>();

  /** How long answers are collected; milliseconds. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** `again`: what to ask for again, four times at most. */
  add(ip: IpAddress, again: readonly IpAddress[], nowMs: number): void {
    this.#open.set(formatAddress(ip), {
      endMs: nowMs + this.#windowMs,
      answers: [],
      again,
      timesLeft: timesAgain,
      nextMs: nowMs + againMs,
    });
  }

  hear(ip: string, { mac, on }: Answer): void {
    const answers = this.#open.get(ip)?.answers;
    if (answers === undefined || answers.length >= mostAnswers) return;
    if (answers.every((one) => one.mac !== mac || one.on !== on)) answers.push({ mac, on });
  }

  remove(ip: string): void {
    this.#open.delete(ip);
  }

  /** Those whose time is over, with all answers. */
  takeClosed(nowMs: number): [ip: string, answers: readonly Answer[]][] {
    const closed: [string, readonly Answer[]][] = [];
    for (const [ip, { endMs, answers }] of this.#open) {
      if (endMs > nowMs) break;
      this.#open.delete(ip);
      closed.push([ip, answers]);
    }
    return closed;
  }

  /** What to ask for again now, of what `isWorthIt`. */
  takeAgain(
    nowMs: number,
    isWorthIt: (ip: string, answers: readonly Answer[]) => boolean,
  ): IpAddress[] {
    const asked: IpAddress[] = [];
    for (const [ip, open] of this.#open) {
      if (open.again.length === 0 || open.nextMs > nowMs) continue;
      if (isWorthIt(ip, open.answers)) asked.push(...open.again);
      if (--open.timesLeft === 0) open.again = [];
      open.nextMs = nowMs + againMs;
    }
    return asked;
  }

  /** When to look again; Infinity: nothing is open. */
  nextMs(): number {
    const [first] = this.#open.values();
    let nextMs = first?.endMs ?? Number.POSITIVE_INFINITY;
    for (const open of this.#open.values()) {
      if (open.again.length > 0) nextMs = Math.min(nextMs, open.nextMs);
    }
    return nextMs;
  }
}
