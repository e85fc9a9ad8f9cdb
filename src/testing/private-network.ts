/** A network of this process alone: fixed ports are free in it, and nothing leaves the machine. */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";

const CLONE_NEWNET = 0x40000000;

/** Why this process cannot have a network of its own, or undefined. */
export function whyNoPrivateNetwork(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "needs root, for a network namespace of its own";
}

/**
 * Moves this process into a new network namespace that has only loopback. What it starts from now on lives there too;
 * sockets that are open already stay where they are. Must be called on the main thread, which makes all sockets.
 */
export function enterPrivateNetwork(): void {
  const require = createRequire(import.meta.url);
  const koffi = require(`@koromix/koffi-linux-${process.arch}`) as {
    load(library: null): { func(name: string, result: string, parameters: string[]): unknown };
  };
  const unshare = koffi.load(null).func("unshare", "int", ["int"]) as (flags: number) => number;
  if (unshare(CLONE_NEWNET) !== 0)
    throw new Error("unshare: no network namespace for this process");
  execFileSync("ip", ["link", "set", "lo", "up"]);
}
