/** What a process used, as the kernel counts it. */
import { readFileSync } from "node:fs";

const ticksPerSecond = 100;

/** User and system time so far (fields 14 and 15 of /proc/PID/stat). */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
}

/** Resident memory now (`VmRSS`) or at its highest (`VmHWM`), in MiB. */
export function memoryMib(pid: number, what: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
}

/** Until the process has been quiet for 3 s, as after its first pass over all services. */
export async function settled(pid: number): Promise<void> {
  for (;;) {
    const before = cpuMs(pid);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    if (cpuMs(pid) - before < 100) return;
  }
}
