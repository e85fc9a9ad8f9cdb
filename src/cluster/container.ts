/** One container of a pod: its process, its restarts and its probes. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, renameSync } from "node:fs";
import { previousLog } from "./pod-log.ts";
import { ContainerConfigError } from "./container-environment.ts";
import type { Container, ContainerStatus, Probe } from "./objects.ts";
import { runProbe } from "./probe.ts";

export interface Launch {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly podIP: string;
  readonly logFile: string;
}

export interface ContainerOptions {
  readonly container: Container;
  readonly restarts: boolean;
  /** Everything for the next start. Throws ContainerConfigError as long as something is missing. */
  readonly prepare: () => Promise<Launch>;
  readonly onChange: () => void;
  readonly onEvent: (type: "Normal" | "Warning", reason: string, message: string) => void;
}

const configRetryMs = 500;
const impatientProbeMs = 150;
const livenessGraceMs = 2000;
const commandNotFound = 127;
const longestBackOffMs = 30_000;

export class RunningContainer {
  readonly status: ContainerStatus;
  readonly #options: ContainerOptions;
  #child: ChildProcess | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isStopping = false;

  constructor(options: ContainerOptions) {
    this.#options = options;
    const { name, image } = options.container;
    const state = { waiting: { reason: "ContainerCreating" } };
    this.status = { name, image, imageID: image, ready: false, restartCount: 0, state };
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  async start(): Promise<void> {
    if (this.#isStopping) return;
    try {
      this.#launch(await this.#options.prepare());
    } catch (error) {
      const { message } = error as Error;
      const code = error instanceof ContainerConfigError ? error.code : "RunContainerError";
      const isNews = this.status.state.waiting?.message !== message;
      this.#wait(code, message);
      if (isNews) this.#options.onEvent("Warning", "Failed", `Error: ${message}`);
      this.#later(configRetryMs, () => void this.start());
    }
  }

  signal(name: "SIGTERM" | "SIGKILL"): void {
    this.#isStopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#child?.kill(name);
  }

  #launch({ argv, env, podIP, logFile }: Launch): void {
    const { container, onEvent, onChange } = this.#options;
    if (this.#isStopping) return;
    const [program = "", ...args] = argv;
    if (existsSync(logFile)) renameSync(logFile, previousLog(logFile));
    const log = openSync(logFile, "a");
    const child = spawn(program, args, { env, cwd: "/", stdio: ["ignore", log, log] });
    closeSync(log);
    this.#child = child;
    child.once("exit", (code, signal) => this.#ended(code ?? (signal === "SIGKILL" ? 137 : 143)));
    child.once("error", () => this.#ended(commandNotFound));
    onEvent("Normal", "Pulled", `Container image "${container.image}" already present on machine`);
    onEvent("Normal", "Created", `Created container: ${container.name}`);
    onEvent("Normal", "Started", `Started container ${container.name}`);
    this.status.state = { running: { startedAt: now() } };
    this.status.started = true;
    this.status.ready = container.readinessProbe === undefined;
    onChange();
    const target = { container, podIP, pid: child.pid ?? 0 };
    this.#probe(container.readinessProbe, target, (failure) => {
      if (failure) onEvent("Warning", "Unhealthy", `Readiness probe failed: ${failure}`);
      if (this.status.ready === (failure === undefined)) return;
      this.status.ready = failure === undefined;
      onChange();
    });
    this.#probe(container.livenessProbe, target, (failure) => {
      if (failure === undefined) return;
      onEvent("Warning", "Unhealthy", `Liveness probe failed: ${failure}`);
      child.kill("SIGTERM");
      this.#later(livenessGraceMs, () => child.kill("SIGKILL"));
    });
  }

  /** Tells each change of mind: success at once, failure after `failureThreshold` in a row. */
  #probe(
    probe: Probe | undefined,
    target: Parameters<typeof runProbe>[1],
    tell: (failure?: string) => void,
  ): void {
    if (probe === undefined) return;
    const child = this.#child;
    let failures = 0;
    let wasGood = false;
    // Until it is ready for the first time a container is asked more often: a lab starts quickly.
    const isFirst = () => !wasGood && probe === this.#options.container.readinessProbe;
    const round = async () => {
      const failure = await runProbe(probe, target);
      if (this.#child !== child || this.#isStopping) return;
      failures = failure === undefined ? 0 : failures + 1;
      wasGood ||= failure === undefined;
      if (failure === undefined) tell();
      else if (!isFirst() && failures === (probe.failureThreshold ?? 3)) tell(failure);
      const periodMs = (probe.periodSeconds ?? 10) * 1000;
      const nextMs = isFirst() ? Math.min(periodMs, impatientProbeMs) : periodMs;
      this.#later(nextMs, () => void round());
    };
    this.#later((probe.initialDelaySeconds ?? 0) * 1000, () => void round());
  }

  #ended(exitCode: number): void {
    this.#child = undefined;
    this.status.ready = false;
    this.status.started = false;
    const reason = exitCode === 0 ? "Completed" : "Error";
    this.status.state = { terminated: { exitCode, reason, finishedAt: now() } };
    const { restarts, onChange, onEvent, container } = this.#options;
    if (!this.#isStopping && restarts) {
      const delayMs = Math.min(longestBackOffMs, 1000 * 2 ** this.status.restartCount);
      const message = `back-off ${delayMs / 1000}s restarting failed container=${container.name} (it ended with ${exitCode})`;
      this.#wait("CrashLoopBackOff", message);
      onEvent("Warning", "BackOff", `Back-off restarting failed container ${container.name}`);
      this.#later(delayMs, () => {
        this.status.restartCount++;
        void this.start();
      });
    }
    onChange();
  }

  #wait(reason: string, message: string): void {
    this.status.state = { waiting: { reason, message } };
    this.#options.onChange();
  }

  #later(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
