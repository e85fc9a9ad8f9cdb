/** What the demo prints: headings, commands as a reader would type them, their output, checks. */
import { styleText } from "node:util";
import type { CommandResult, Lab, Place } from "../lab.ts";

/** A step did not show what it should; the demo ends with status 1. */
export class CheckFailed extends Error {}

export class Narrator {
  readonly #lab: Lab;
  readonly #startedAt = performance.now();
  readonly checks: string[] = [];

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  heading(text: string): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1).padStart(5);
    this.say(`\n${styleText("bold", text)}  ${styleText("dim", `[${seconds} s]`)}`);
  }

  say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** Types a shell command on a machine of the lab and shows what it prints. */
  async type(command: string, place: Place = "lan"): Promise<CommandResult> {
    const prompt = place === "lan" ? "$" : `${place}$`;
    this.say(`${styleText("cyan", prompt)} ${command.replaceAll("\n", "\n> ")}`);
    const result = await this.#lab.exec(place, ["bash", "-c", command]);
    const output = (result.stdout + result.stderr).trimEnd();
    if (output !== "") this.say(output);
    return result;
  }

  /** Notes what a step has shown, or fails with what was expected. */
  check(isTrue: boolean, what: string): void {
    if (!isTrue) throw new CheckFailed(what);
    this.checks.push(what);
    this.say(`${styleText("green", "✔")} ${what}`);
  }

  /** Asks again until the answer satisfies; shows nothing until then. */
  async until(command: string, isGood: (output: string) => boolean, what: string): Promise<string> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const { stdout, stderr } = await this.#lab.exec("lan", ["bash", "-c", command]);
      if (isGood(stdout)) return stdout;
      if (performance.now() > deadline) {
        throw new CheckFailed(`${what} (after ${waitMs / 1000} s: ${(stdout || stderr).trim()})`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const waitMs = 20_000;
