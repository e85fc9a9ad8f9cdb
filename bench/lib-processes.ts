/** What a process used, as the kernel counts it. */
import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = 100;

/** User and system time so far (fields 14 and 15 of /proc/PID/stat). */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
}

/** Time on a processor so far, to the microsecond, and how often a thread of it slept and was woken. */
export function runTime(pid: number): { readonly ranMs: number; readonly wakes: number } {
  const threads = readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}`);
  const ranNs = threads.map((path) =>
    Number(readFileSync(`${path}/schedstat`, "utf8").split(" ")[0]),
  );
  const wakes = threads.map((path) => {
    const status = readFileSync(`${path}/status`, "utf8");
    return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
  });
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return { ranMs: sum(ranNs) / 1e6, wakes: sum(wakes) };
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
