/** A ring of a contender's speakers, one a node, as their pods would see the world. */
import { spawn, type ChildProcess } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Contender } from "./lib-contenders.ts";
import type { BenchLan, LanNode } from "./lib-lan.ts";
import { namespace } from "./lib-stage.ts";

/** Where pods have them; /run is the world's own. */
const accountMount = "/run/secrets/kubernetes.io/serviceaccount";
const secretMount = "/run/ml_secret_key";
const secret = "a secret of nobody, for a benchmark";
const restartMs = 300;
export const podLabels = { app: "metallb", component: "speaker" };

export interface RingOptions {
  readonly contender: Contender;
  readonly lan: BenchLan;
  readonly apiServer: { readonly host: string; readonly port: number; readonly account: string };
  readonly env?: Record<string, string>;
}

export class SpeakerRing {
  readonly #options: RingOptions;
  readonly #speakers = new Map<string, Speaker>();
  #isStopped = false;

  constructor(options: RingOptions) {
    this.#options = options;
    const { account } = options.apiServer;
    mkdirSync(secretMount, { recursive: true });
    writeFileSync(join(secretMount, "secretkey"), secret);
    mkdirSync(dirname(accountMount), { recursive: true });
    linkFolder(account, accountMount);
    for (const { name } of options.lan.nodes) this.start(name);
  }

  /** One that ends with an error is started again, as kubelet would: MetalLB's do where they cannot reach the API server. */
  start(node: string): void {
    const { contender, lan } = this.#options;
    if (this.#speakers.get(node)?.isRunning) return;
    const speaker = new Speaker(contender, lan.on(node), this.#environment(node));
    this.#speakers.set(node, speaker);
    speaker.onFailed(() => {
      setTimeout(() => {
        if (!this.#isStopped && this.#speakers.get(node) === speaker) this.start(node);
      }, restartMs);
    });
  }

  speaker(node: string): Speaker {
    const found = this.#speakers.get(node);
    if (found === undefined) throw new Error(`no speaker on ${node}`);
    return found;
  }

  /** Every speaker that runs says that all nodes are in the ring, by the lines that all contenders write (ML-155). */
  isWhole(): boolean {
    const { nodes } = this.#options.lan;
    return nodes.every(({ name }) => {
      const speaker = this.speaker(name);
      return speaker.isRunning && nodes.every((other) => speaker.members().has(other.name));
    });
  }

  /** What each speaker says of the others, for an error message. */
  describe(): string {
    const lines = [...this.#speakers].map(([node, speaker]) => {
      const state = speaker.isRunning ? "runs" : "does not run";
      return `${node} ${state}, sees ${[...speaker.members()].join(" ")}, log ${speaker.logFile}`;
    });
    return lines.join("\n");
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#speakers.values()].map((speaker) => speaker.kill()));
  }

  #environment(node: string): Record<string, string> {
    const { lan, apiServer, contender, env = {} } = this.#options;
    const { address } = lan.node(node);
    const old = contender.generation === "configmap";
    return {
      PATH: process.env["PATH"] ?? "",
      KUBERNETES_SERVICE_HOST: apiServer.host,
      KUBERNETES_SERVICE_PORT: String(apiServer.port),
      METALLB_NODE_NAME: node,
      METALLB_HOST: address,
      METALLB_ML_BIND_ADDR: address,
      METALLB_ML_LABELS: Object.entries(podLabels)
        .map(([name, value]) => `${name}=${value}`)
        .join(),
      ...(old
        ? { METALLB_ML_NAMESPACE: namespace, METALLB_ML_SECRET_KEY: secret }
        : {
            METALLB_NAMESPACE: namespace,
            METALLB_POD_NAME: podName(node),
            METALLB_ML_SECRET_KEY_PATH: secretMount,
            METALLB_BGP_TYPE: "native",
          }),
      ...env,
    };
  }
}

export function podName(node: LanNode["name"]): string {
  return `speaker-${node}`;
}

let starts = 0;

/** One process, and what its log says of the ring. */
export class Speaker {
  readonly logFile: string;
  readonly #child: ChildProcess;
  readonly #members = new Set<string>();
  readonly #log: number;
  #unread = "";

  constructor(contender: Contender, on: string[], env: Record<string, string>) {
    const old = contender.generation === "configmap";
    const flags = old ? ["--port=7472", "--config=config"] : ["--port=9120", "--log-level=info"];
    const [command = "", ...words] = [...on, ...contender.command("speaker"), ...flags];
    this.logFile = join(
      process.env["METALLB_BENCH_LOGS"] ?? tmpdir(),
      `${env["METALLB_NODE_NAME"]}-${starts++}.log`,
    );
    const log = openSync(this.logFile, "a");
    this.#child = spawn(command, words, { stdio: ["ignore", log, log], env });
    closeSync(log);
    this.#log = openSync(this.logFile, "r");
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  onFailed(act: () => void): void {
    this.#child.once("exit", (status) => {
      if (status !== null && status !== 0) act();
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended();
    closeSync(this.#log);
  }

  ended(): Promise<void> {
    if (!this.isRunning) return Promise.resolve();
    return new Promise((resolve) => this.#child.once("exit", () => resolve()));
  }

  /** Who is in the ring as this speaker sees it now. */
  members(): ReadonlySet<string> {
    const chunk = Buffer.alloc(64 * 1024);
    for (;;) {
      const length = readSync(this.#log, chunk);
      if (length === 0) return this.#members;
      const lines = (this.#unread + chunk.toString("utf8", 0, length)).split("\n");
      this.#unread = lines.pop() ?? "";
      for (const line of lines) this.#read(line);
    }
  }

  #read(line: string): void {
    if (!line.includes('"node event - forcing sync"')) return;
    const fields = JSON.parse(line) as Record<string, unknown>;
    const name = String(fields["node name"]);
    if (fields["node event"] === "NodeLeave") this.#members.delete(name);
    else this.#members.add(name);
  }
}

function linkFolder(from: string, to: string): void {
  rmSync(to, { force: true });
  symlinkSync(from, to);
}
