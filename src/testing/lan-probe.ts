/** The other end of lan-probe-program.ts: starts it on the client and asks it. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ProbeLine, ProbeOrder, ProbeReport, SightingKind } from "./lan-probe-program.ts";

export interface Heard {
  readonly mac: string;
  readonly by: SightingKind;
  /** As `monotonicNow`. */
  readonly at: number;
}

/** The same clock in all processes of a machine, in milliseconds. */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

const program = join(import.meta.dirname, "lan-probe-program.ts");

export class LanProbe {
  readonly #child: ChildProcess;
  readonly #reports: ((report: ProbeReport) => void)[] = [];
  #watch = 0;
  #heard: Heard[] = [];
  #onHeard: () => void = () => undefined;

  /** `onClient`: the command that runs what follows in the client's namespace, where eth0 is the LAN. */
  constructor(onClient: readonly string[]) {
    const node = [process.execPath, "--disable-warning=ExperimentalWarning", program];
    const [command = "", ...words] = [...onClient, ...node];
    this.#child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("the probe has no output");
    createInterface({ input: stdout }).on("line", (line) => {
      this.#take(JSON.parse(line) as ProbeLine);
    });
  }

  /** Begins anew, with this address; what was heard before is forgotten. */
  watch(ip: string, everyMs: number): void {
    this.#watch++;
    this.#heard = [];
    this.#order({ do: "watch", watch: this.#watch, ip, everyMs });
  }

  report(): Promise<ProbeReport> {
    return new Promise((resolve) => {
      this.#reports.push(resolve);
      this.#order({ do: "report" });
    });
  }

  rest(): void {
    this.#order({ do: "rest" });
  }

  /** The first that fits of what is heard since the watch began; undefined where none comes in time. */
  async firstHeard(fits: (heard: Heard) => boolean, timeoutMs: number): Promise<Heard | undefined> {
    const deadline = monotonicNow() + timeoutMs;
    for (;;) {
      const found = this.#heard.find(fits);
      const leftMs = deadline - monotonicNow();
      if (found !== undefined || leftMs <= 0) return found;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#onHeard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  #order(order: ProbeOrder): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  #take(line: ProbeLine): void {
    if (line.kind === "report") return this.#reports.shift()?.(line);
    // What is still on its way belongs to the watch before.
    if (line.watch !== this.#watch) return;
    this.#heard.push(line);
    this.#onHeard();
  }
}
