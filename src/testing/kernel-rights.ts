/** What tests of programs in the kernel need; without it they fail and say so: a skipped test would prove nothing. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { release } from "node:os";

const CAP_NET_ADMIN = 12;
const CAP_BPF = 39;
const PROGRAMS = ["ip", "setpriv", "taskset", "tcpdump"];

/** Throws an error that names everything that is missing. */
export function requireKernelPrograms(): void {
  const missing = [
    ...(process.getuid?.() === 0 ? [] : ["root"]),
    ...(hasCapability(CAP_BPF) ? [] : ["the capability CAP_BPF"]),
    ...(hasCapability(CAP_NET_ADMIN) ? [] : ["the capability CAP_NET_ADMIN"]),
    ...(hasTcx(release()) ? [] : [`Linux 6.6 or later (this is ${release()})`]),
    ...PROGRAMS.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0),
  ];
  if (missing.length === 0) return;
  throw new Error(`tests of programs in the kernel need ${missing.join(", ")}`);
}

function hasCapability(bit: number): boolean {
  const [, effective = "0"] =
    /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return ((BigInt(`0x${effective}`) >> BigInt(bit)) & 1n) === 1n;
}

function hasTcx(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 6 || (major === 6 && minor >= 6);
}
