/** A sealed world for benchmarks with nodes: what happens in it touches nothing outside, and ends with it, however that ends. */
import { spawnSync } from "node:child_process";
import { unshareCommand } from "../src/lab/index.ts";

/** Namespaces, states and sockets live in memory that is the world's own; files of the API server too. */
const prepare = [
  "mount -t sysfs sysfs /sys",
  "mount -t tmpfs -o mode=755 tmpfs /run",
  "mkdir -p /run/netns /run/lock /run/tmp",
  "ip link set lo up",
  'exec "$0" "$@"',
].join(" && ");

/**
 * Runs the benchmark again as first process of new network, mount and process namespaces. The kernel ends all that
 * runs in there with its first process, which ends with us.
 */
export function enterPrivateWorld(): void {
  if (process.env["METALLB_BENCH_PRIVATE"] === "1") return;
  const inside = ["sh", "-c", prepare, process.execPath, ...process.argv.slice(1)];
  const words = ["--pdeathsig", "KILL", "--", ...unshareCommand(), ...inside];
  const result = spawnSync("setpriv", words, {
    stdio: "inherit",
    env: { ...process.env, METALLB_BENCH_PRIVATE: "1", TMPDIR: "/run/tmp" },
  });
  process.exit(result.status ?? 1);
}
