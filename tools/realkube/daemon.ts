/** A server program as a child that dies with us, whatever ends us, and whose log explains its death. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";

export interface Daemon {
  readonly pid: number;
  /** Resolves when the process has ended, with words on how. */
  readonly ended: Promise<string>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface DaemonOptions {
  logFile: string;
  /** Keep it running after our own end; by default the kernel kills it then. */
  outliveParent?: boolean;
  environment?: NodeJS.ProcessEnv;
}

/** Starts a program; a killed test leaves none behind (PR_SET_PDEATHSIG, set by util-linux's setpriv). */
export function startDaemon(program: string, args: string[], options: DaemonOptions): Daemon {
  const log = openSync(options.logFile, "a");
  const [command, ...rest] = options.outliveParent
    ? [program, ...args]
    : ["setpriv", "--pdeathsig", "KILL", "--", program, ...args];
  const child = spawn(command, rest, {
    stdio: ["ignore", log, log],
    detached: options.outliveParent === true,
    ...(options.environment ? { env: options.environment } : {}),
  });
  closeSync(log);
  const ended = endOf(child);
  if (options.outliveParent) child.unref();
  return {
    pid: child.pid ?? 0,
    ended,
    async kill(signal = "SIGKILL") {
      child.kill(signal);
      await ended;
    },
  };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (status, signal) => resolve(signal ?? `status ${status}`));
  });
}

/** The last lines of a log, for an error message. */
export function logTail(file: string, lines = 15): string {
  if (!existsSync(file)) return "(no log)";
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
}

/** A TCP port nobody listens on, below the range from which the kernel takes outgoing ones. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
  throw new Error("no free TCP port between 20000 and 32000 on 127.0.0.1");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
