/** A child process that talks in lines: tests await a line instead of sleeping. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export class LineProgram {
  readonly lines: string[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Set<() => void>();
  #errors = "";
  #hasEnded = false;
  readonly #ended: Promise<unknown>;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    // Nothing outlives the test, also when that is killed.
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], { env });
    this.#ended = once(this.#child, "close").then(() => {
      this.#hasEnded = true;
      this.#wake();
    });
    this.#child.stderr.on("data", (data: Buffer) => {
      this.#errors += data.toString();
      this.#wake();
    });
    createInterface(this.#child.stdout).on("line", (line) => {
      this.lines.push(line);
      this.#wake();
    });
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** The first line from position `from` on that the test accepts; rejects when the program ends without it. */
  async line(accepts: (line: string) => boolean, from = 0): Promise<string> {
    for (;;) {
      const found = this.lines.slice(from).find(accepts);
      if (found !== undefined) return found;
      if (this.#hasEnded) {
        throw new Error(`the program ended: ${this.lines.join("\n")}\n${this.#errors}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Waits for words on standard error. */
  async complaint(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#errors)) {
      if (this.#hasEnded) throw new Error(`the program ended: ${this.#errors}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until the program has ended by itself; the result is its exit status. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** Asks the program to stop and waits until it has. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
