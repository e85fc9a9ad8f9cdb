/** `process_*` metrics under the usual names, read when scraped: nothing runs between scrapes. */

import { readdirSync, readFileSync } from "node:fs";
import { Counter, Gauge, type Registry } from "prom-client";

/** Adds what Prometheus' own client libraries show of a process. */
export function addProcessMetrics(registry: Registry): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    const shown: Gauge = new Gauge({ name, help, registers, collect: () => shown.set(read()) });
  };
  const startSeconds = Date.now() / 1000 - process.uptime();
  const cpu: Counter = new Counter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time",
    registers,
    collect: () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    },
  });
  gauge("process_start_time_seconds", "Start, in Unix time", () => startSeconds);
  gauge("process_resident_memory_bytes", "Resident memory", () => process.memoryUsage.rss());
  gauge("process_open_fds", "Open file descriptors", () => readdirSync("/proc/self/fd").length);
  gauge("process_max_fds", "File descriptors allowed", () => {
    const limits = readFileSync("/proc/self/limits", "utf8");
    return Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? 0);
  });
  gauge(
    "nodejs_heap_size_used_bytes",
    "JavaScript heap in use",
    () => process.memoryUsage().heapUsed,
  );
}
