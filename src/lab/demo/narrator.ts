/** What the demo prints: headings, commands as a reader would type them, their output, checks. */
import { styleText } from "node:util";
import type { CommandResult, Lab, Place } from "../lab.ts";

/** A step did not show what it should; the demo ends with status 1. */
export class CheckFailed extends Error {}

const waitMs = 20_000;

export class Narrator {
  checks = 0;
  readonly #lab: Lab;
  readonly #startedAt: number;

  /** `startedAt`: performance.now() of the demo's start. */
  constructor(lab: Lab, startedAt: number) {
    this.#lab = lab;
    this.#startedAt = startedAt;
  }

  say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  heading(text: string): void {
    this.say(`\n${styleText("bold", text)}  ${styleText("dim", `[${this.seconds()} s]`)}`);
  }

  /** What a reader should know who compares with a real cluster. */
  note(text: string): void {
    this.say(styleText("dim", `  (${text})`));
  }

  /** Since the demo's start. */
  seconds(): string {
    return ((performance.now() - this.#startedAt) / 1000).toFixed(1);
  }

  /** Types a shell command on a machine of the lab and shows what it prints. */
  async type(command: string, place: Place = "lan"): Promise<CommandResult> {
    const prompt = place === "lan" ? "$" : `${place}$`;
    this.say(`${styleText("cyan", prompt)} ${command.replaceAll("\n", "\n> ")}`);
    let last = "\n";
    const result = await this.#lab.exec(place, ["bash", "-c", command], (text) => {
      process.stdout.write(text);
      last = text;
    });
    if (!last.endsWith("\n")) this.say("");
    return result;
  }

  /** Notes what a step has shown, or fails with what was expected. */
  check(isTrue: boolean, what: string): void {
    if (!isTrue) throw new CheckFailed(what);
    this.checks++;
    this.say(`${styleText("green", "✔")} ${what}`);
  }

  /** Asks again until the answer satisfies, and says meanwhile what it waits for. */
  async until(command: string, isGood: (output: string) => boolean, what: string): Promise<void> {
    const deadline = performance.now() + waitMs;
    this.say(styleText("dim", `... waiting until ${what}`));
    for (;;) {
      const { stdout, stderr } = await this.#lab.exec("lan", ["bash", "-c", command]);
      if (isGood(stdout)) return;
      if (performance.now() > deadline) {
        throw new CheckFailed(`${what} (after ${waitMs / 1000} s: ${(stdout || stderr).trim()})`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
