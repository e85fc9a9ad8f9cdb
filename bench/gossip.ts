/**
 * Row `gossip`: what a member of a ring at rest costs: processor time, packets and bytes (as the loopback counts them,
 * sent, all kinds) a second. Our speakers' ring with and without the fast detector beside hashicorp's memberlist in Go.
 * `--members 3,50,100`, `--seconds N` (20).
 */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { defaultBeatMs } from "../src/ring/index.ts";
import { buildGoProgram } from "./lib-go-program.ts";
import { listFlag, numberFlag, percentile, printRow } from "./lib-numbers.ts";
import { cpuMs, memoryMib } from "./lib-processes.ts";
import { enterPrivateNetwork } from "./lib-stage.ts";

/** So many members have a process of their own and are measured; the others share processes. */
const measuredCount = 3;
const sharing = 25;
const port = 7946;
const secret = "a secret of nobody, for a benchmark";
const convergenceMs = 120_000;
/** After the last newcomer there are news to pass on for a while. */
const calmMs = 8000;

interface Kind {
  readonly who: string;
  command(from: number, count: number): string[];
}

export async function run(args: string[]): Promise<void> {
  const sizes = listFlag(args, "members", "3,50,100").map(Number);
  const seconds = numberFlag(args, "seconds", 20);
  const go = goKinds();
  enterPrivateNetwork();
  for (const members of sizes) {
    for (const kind of [...ourKinds(), ...go]) await measure(kind, members, seconds);
  }
}

function ourKinds(): Kind[] {
  const program = join(import.meta.dirname, "lib-gossip-member.ts");
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", program];
  const kind = (who: string, beatMs: number): Kind => ({
    who,
    command: (from, count) => [...node, ...[from, count, port].map(String), secret, String(beatMs)],
  });
  return [kind("ours", defaultBeatMs), kind("ours, fast failover off", 0)];
}

/** None where it cannot be built. */
function goKinds(): Kind[] {
  let program: string;
  try {
    program = buildGoProgram("go-member");
  } catch (error) {
    process.stderr.write(`bench: without memberlist: ${(error as Error).message}\n`);
    return [];
  }
  const flags = ["--port", String(port), "--secret", secret];
  const command = (from: number, count: number): string[] => [
    program,
    "--from",
    String(from),
    "--count",
    String(count),
    ...flags,
  ];
  return [{ who: "memberlist-0.5.1", command }];
}

async function measure(kind: Kind, members: number, seconds: number): Promise<void> {
  const processes: ChildProcess[] = [];
  const start = (from: number, count: number): Promise<void> => {
    const [command = "", ...words] = kind.command(from, count);
    const child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
    processes.push(child);
    return seesAll(child, members);
  };
  try {
    const alone = Math.min(measuredCount, members);
    const whole = Array.from({ length: alone }, (_, index) => start(index + 1, 1));
    for (let from = alone + 1; from <= members; from += sharing) {
      whole.push(start(from, Math.min(sharing, members + 1 - from)));
    }
    await Promise.all(whole);
    for (const { stdin } of processes) stdin?.end("quiet\n");
    await pause(calmMs);
    const pids = processes.slice(0, alone).map(({ pid }) => pid ?? 0);
    const [cpuBefore, sentBefore] = [pids.map(cpuMs), loopbackSent()];
    const began = performance.now();
    await pause(seconds * 1000);
    const took = (performance.now() - began) / 1000;
    const sent = loopbackSent();
    const cpu = pids.map((pid, index) => (cpuMs(pid) - (cpuBefore[index] ?? 0)) / took);
    printRow({
      experiment: "gossip",
      who: kind.who,
      members,
      cpu_ms_per_s: percentile(cpu, 0.5),
      packets_per_s: rounded((sent.packets - sentBefore.packets) / took / members),
      bytes_per_s: rounded((sent.bytes - sentBefore.bytes) / took / members),
      rss_mib: memoryMib(pids[0] ?? 0, "VmRSS"),
      n: alone,
    });
  } finally {
    await Promise.all(processes.map(end));
  }
}

function seesAll(child: ChildProcess, members: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`not all of ${members} members met in time`));
    const timer = setTimeout(late, convergenceMs);
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (Number(line) !== members) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

/** In a network of our own only members send. */
function loopbackSent(): { packets: number; bytes: number } {
  const line = /lo:\s*(.*)/.exec(readFileSync("/proc/self/net/dev", "utf8"))?.[1] ?? "";
  const fields = line.trim().split(/\s+/).map(Number);
  return { bytes: fields[8] ?? 0, packets: fields[9] ?? 0 };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
