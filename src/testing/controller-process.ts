/** The controller as a process of its own, whose log lines can be awaited. */

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

const program = ["src/cli/main.ts", "controller"];

export class ControllerProcess {
  readonly lines: Record<string, unknown>[] = [];
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  #wake: () => void = () => undefined;

  constructor(argv: string[], env: Record<string, string> = {}) {
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const options = { env: { PATH, NODE_COMPILE_CACHE, ...env } };
    this.child = spawn(process.execPath, [...program, ...argv], options);
    let rest = "";
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("{")) this.lines.push(JSON.parse(line) as Record<string, unknown>);
      }
      this.#wake();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.child.on("exit", () => this.#wake());
  }

  /** The `nth` line that has all these values. */
  async line(wanted: Record<string, unknown>, nth = 1): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.lines.filter((line) =>
        Object.entries(wanted).every(([key, value]) => line[key] === value),
      )[nth - 1];
      if (found !== undefined) return found;
      assert.equal(this.child.exitCode, null, `ended early: ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async exit(): Promise<number | null> {
    if (this.child.exitCode === null) await once(this.child, "exit");
    return this.child.exitCode;
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.child.kill(signal);
    return this.exit();
  }
}
