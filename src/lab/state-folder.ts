/** The folder of one lab: who runs it, so that a second run refuses and a dead run is cleared away. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "./private-namespaces.ts";

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks after boot. */
  readonly startTime: string;
}

export interface LabState {
  readonly launcher: ProcessIdentity | undefined;
  /** The process that made the namespaces and waits for the first one inside. */
  readonly unshare?: ProcessIdentity | undefined;
  /** First process inside the lab; ending it ends the lab. Absent while the lab is being started. */
  readonly holder?: ProcessIdentity;
  readonly nodeNames: readonly string[];
}

/** Undefined when there is no such process. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command (field 2) may contain blanks and parentheses: count from its end.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : { pid, startTime: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity | undefined): boolean {
  return identity !== undefined && identify(identity.pid)?.startTime === identity.startTime;
}

/**
 * Takes the folder for this process, after clearing what a dead run left in it.
 * Throws ERR_LAB_RUNNING when a live lab owns it: the message names the process and how to stop it.
 */
export function claimStateFolder(folder: string, state: LabState, stopHint: string): void {
  const found = readState(folder);
  // Once the first process inside has ended, its maker is only about to follow.
  const owner = [found?.launcher, found?.holder ?? found?.unshare].find(isAlive);
  if (owner !== undefined) {
    throw new LabError(
      "ERR_LAB_RUNNING",
      `a lab is already running in ${folder} (process ${owner.pid}); ${stopHint}`,
    );
  }
  removeStateFolder(folder);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  try {
    writeFileSync(stateFile(folder), JSON.stringify(state), { flag: "wx" });
  } catch (cause) {
    const message = `another lab has just taken the folder ${folder}; ${stopHint}`;
    throw new LabError("ERR_LAB_RUNNING", message, { cause });
  }
}

export function writeState(folder: string, state: LabState): void {
  writeFileSync(stateFile(folder), JSON.stringify(state));
}

/** Undefined when there is no lab, or one whose first line is not written yet. */
export function readState(folder: string): LabState | undefined {
  try {
    return JSON.parse(readFileSync(stateFile(folder), "utf8")) as LabState;
  } catch {
    return undefined;
  }
}

export function removeStateFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

function stateFile(folder: string): string {
  return join(folder, "lab.json");
}
