/** A running lab, driven from outside: start it, run commands in its places, break it, stop it. */
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { HolderOptions } from "./holder-main.ts";
import {
  enterCommand,
  firstProcessInside,
  LabError,
  unshareCommand,
} from "./private-namespaces.ts";
import {
  claimStateFolder,
  identify,
  isAlive,
  type LabState,
  type ProcessIdentity,
  readState,
  removeStateFolder,
  writeState,
} from "./state-folder.ts";
import { cableOf, defaultNodeNames, planTopology, type Topology } from "./topology.ts";

export interface LabOptions extends HolderOptions {
  /** Where the lab keeps its files; removed when it stops. One lab a folder. */
  readonly stateDir: string;
  /** What the error says when a lab already runs there. */
  readonly stopHint?: string;
  /** Told in a few words how far the start has come. */
  readonly onProgress?: (text: string) => void;
}

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** "lan" (the switch, where the API server listens), "client", or the name of a node. */
export type Place = string;

const quiet = "--disable-warning=ExperimentalWarning";
const holderProgram = fileURLToPath(new URL("holder-main.ts", import.meta.url));

export class Lab {
  readonly stateDir: string;
  readonly topology: Topology;
  readonly holderPid: number;
  readonly #line: Duplex | undefined;
  readonly #launched: ChildProcess | undefined;

  constructor(stateDir: string, state: LabState, launched?: ChildProcess) {
    this.stateDir = stateDir;
    this.topology = planTopology(state.nodeNames);
    this.holderPid = state.holder?.pid ?? 0;
    this.#launched = launched;
    this.#line = launched?.stdio[3] as Duplex | undefined;
  }

  /** Administrator's kubeconfig; its server address is true in every place of the lab. */
  get kubeconfig(): string {
    return join(this.stateDir, "kubeconfig");
  }

  /** The command line that runs `argv` in a place of the lab, in the caller's working directory. */
  commandLine(place: Place, argv: readonly string[], cwd = process.cwd()): string[] {
    const enter = [...enterCommand(this.holderPid), "--", "env", "-C", cwd];
    return [...enter, ...(place === "lan" ? [] : ["ip", "netns", "exec", place]), ...argv];
  }

  spawn(place: Place, argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [program = "", ...rest] = this.commandLine(place, argv);
    return spawn(program, rest, {
      ...options,
      env: { ...process.env, KUBECONFIG: this.kubeconfig, ...options.env },
    });
  }

  /** Runs a command to its end; `onText` is told what it prints at once. Never throws for its status. */
  exec(
    place: Place,
    argv: readonly string[],
    onText?: (text: string) => void,
  ): Promise<CommandResult> {
    return collect(this.spawn(place, argv, { stdio: ["ignore", "pipe", "pipe"] }), onText);
  }

  /** As `exec`, and throws when the status is not 0. Returns standard output. */
  async run(place: Place, argv: readonly string[]): Promise<string> {
    const result = await this.exec(place, argv);
    if (result.status === 0) return result.stdout;
    throw new LabError(
      "ERR_LAB_COMMAND",
      `"${argv.join(" ")}" in ${place} ended with ${result.status}: ${result.stderr.trim()}`,
    );
  }

  /** Ends all processes of a node at once and takes its link down; nothing is told to anyone. */
  async cutPower(node: string): Promise<void> {
    const pidFile = join(this.stateDir, "nodes", `${node}.pid`);
    const script = `kill -KILL $(cat '${pidFile}'); ip link set ${cableOf(node)} down`;
    await this.run("lan", ["sh", "-ec", script]);
  }

  async setLink(host: string, state: "up" | "down"): Promise<void> {
    await this.run("lan", ["ip", "link", "set", cableOf(host), state]);
  }

  /** Lets the lab outlive this process; `stopLab` ends it. */
  keep(): void {
    this.#line?.end("keep\n");
    this.#launched?.unref();
  }

  /** Ends everything in the lab and removes its folder. */
  async stop(): Promise<void> {
    await stopLab(this.stateDir);
    this.#line?.destroy();
  }
}

/** Builds a lab and waits until it is ready. Throws ERR_LAB_RUNNING, ERR_LAB_PRIVILEGE, ERR_LAB_START. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const {
    stateDir,
    stopHint = "stop that process first",
    onProgress = () => {},
    ...rest
  } = options;
  const unshare = unshareCommand();
  const nodeNames = options.nodeNames ?? defaultNodeNames;
  const state: LabState = { launcher: identify(process.pid), nodeNames };
  claimStateFolder(stateDir, state, stopHint);
  onProgress("building a LAN of network namespaces, and a cluster in it");
  writeFileSync(join(stateDir, "options.json"), JSON.stringify({ ...rest, nodeNames }));
  const log = openSync(join(stateDir, "lab.log"), "a");
  const argv = [...unshare.slice(1), process.execPath, quiet, holderProgram, stateDir];
  const child = spawn(unshare[0] ?? "", argv, {
    stdio: ["ignore", log, log, "pipe"],
    detached: true, // Ctrl-C is for this process: it decides how the lab ends
  });
  const started = { ...state, unshare: identify(child.pid ?? 0) };
  writeState(stateDir, started);
  const words = await lastWords(child.stdio[3] as Duplex, onProgress);
  const holder = identify(firstProcessInside(child.pid ?? 0) ?? 0);
  if (words !== "ready" || holder === undefined) {
    child.kill("SIGKILL");
    const reason = words || readFileSync(join(stateDir, "lab.log"), "utf8").trim().slice(-2000);
    removeStateFolder(stateDir);
    throw new LabError("ERR_LAB_START", `the lab did not start: ${reason}`);
  }
  const running = { ...started, holder };
  writeState(stateDir, running);
  return new Lab(stateDir, running, child);
}

/** The lab that runs in a folder, started by whatever process; undefined when there is none. */
export function openLab(stateDir: string): Lab | undefined {
  const state = readState(stateDir);
  return state && isAlive(state.holder) ? new Lab(stateDir, state) : undefined;
}

/** Ends the lab of a folder, if one runs there, and removes the folder. */
export async function stopLab(stateDir: string): Promise<boolean> {
  const members = membersOf(readState(stateDir));
  // The kernel ends everything inside with the first process; its maker waits for that, and follows.
  if (members[0]) process.kill(members[0].pid, "SIGKILL");
  while (members.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 5));
  removeStateFolder(stateDir);
  return members.length > 0;
}

/** The living processes that hold a lab up: its first one, and the one that made it. */
function membersOf(state: LabState | undefined): ProcessIdentity[] {
  const { unshare } = state ?? {};
  const first = unshare && isAlive(unshare) ? firstProcessInside(unshare.pid) : undefined;
  const found = [state?.holder, first === undefined ? undefined : identify(first), unshare];
  return found.filter((member) => member !== undefined).filter(isAlive);
}

/** The first line that does not just tell the progress; what there is of it when the line breaks. */
function lastWords(line: Duplex, onProgress: (text: string) => void): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    line.on("data", (bytes: Buffer) => {
      const lines = (text + bytes.toString()).split("\n");
      text = lines.pop() ?? "";
      for (const words of lines) {
        if (words.startsWith("... ")) onProgress(words.slice(4));
        else resolve(words);
      }
    });
    line.on("error", () => resolve(text));
    line.on("close", () => resolve(text));
  });
}

function collect(child: ChildProcess, onText?: (text: string) => void): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        printed[name] += text;
        onText?.(text);
      });
    }
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, ...printed }));
  });
}
