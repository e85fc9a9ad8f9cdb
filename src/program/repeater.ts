/** Work that is done once more for any number of wakes meanwhile, one run at a time, and again after a failure. */

import { NamedTimers } from "../platform/index.ts";

export interface RepeaterOptions {
  /** A run failed; told once until one succeeds. */
  readonly onTrouble: (error: unknown) => void;
  /** The pause after the first failure in a row, doubled for each further one up to 30 s; default 500. */
  readonly firstPauseMs?: number;
}

const longestPauseMs = 30_000;

export class Repeater {
  readonly #run: () => Promise<void>;
  readonly #options: RepeaterOptions;
  readonly #timers = new NamedTimers<"retry">(() => this.wake());
  #isRunning = false;
  #isWoken = false;
  #isStopped = false;
  #failures = 0;

  constructor(run: () => Promise<void>, options: RepeaterOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Starts a run, or has the one under way followed by another. */
  wake(): void {
    this.#isWoken = true;
    if (!this.#isRunning) void this.#runAll();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timers.cancelAll();
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true;
    while (this.#isWoken && !this.#isStopped) {
      this.#isWoken = false;
      try {
        await this.#run();
        this.#failures = 0;
      } catch (error) {
        this.#onFailure(error);
        break;
      }
    }
    this.#isRunning = false;
  }

  #onFailure(error: unknown): void {
    if (this.#isStopped) return;
    const { onTrouble, firstPauseMs = 500 } = this.#options;
    if (this.#failures === 0) onTrouble(error);
    this.#timers.set("retry", Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failures));
    this.#failures = Math.min(this.#failures + 1, 10);
  }
}
