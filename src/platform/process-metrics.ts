/** `process_*` metrics under the usual names, read when scraped: nothing runs between scrapes. */

import { readdirSync, readFileSync } from "node:fs";
import { Metric } from "./metric.ts";

/** What Prometheus' own client libraries show of a process. */
export function processMetrics(): Metric[] {
  const startSeconds = Date.now() / 1000 - process.uptime();
  return [
    counter("process_cpu_seconds_total", "User and system CPU time", () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
    gauge("process_start_time_seconds", "Start, in Unix time", () => startSeconds),
    gauge("process_resident_memory_bytes", "Resident memory", () => process.memoryUsage.rss()),
    gauge("process_open_fds", "Open file descriptors", () => readdirSync("/proc/self/fd").length),
    gauge("process_max_fds", "File descriptors allowed", () => {
      const limits = readFileSync("/proc/self/limits", "utf8");
      return Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? 0);
    }),
    gauge(
      "nodejs_heap_size_used_bytes",
      "JavaScript heap in use",
      () => process.memoryUsage().heapUsed,
    ),
  ];
}

function gauge(name: string, help: string, read: () => number): Metric {
  return new Metric({ type: "gauge", name, help, collect: (metric) => metric.set(read()) });
}

function counter(name: string, help: string, read: () => number): Metric {
  return new Metric({ type: "counter", name, help, collect: (metric) => metric.set(read()) });
}
