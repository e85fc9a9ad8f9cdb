/** Two network namespaces joined by a cable, for tests and benchmarks with real frames. */

import { execFile, execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

/** Why namespaces cannot be made here, or which of the programs is missing, for `skip`; undefined when all is well. */
export function whyNoNamespaces(...programs: string[]): string | undefined {
  if (process.getuid?.() !== 0) return "needs root, to make network namespaces";
  for (const program of ["ip", ...programs]) {
    if (spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0) return `needs ${program}`;
  }
  return undefined;
}

export type End = "node" | "client";

/**
 * Both ends have an interface `eth0`; the client has 10.99.0.1/24 and fd00:99::1/64, the node only a link-local address.
 * Nobody checks for duplicate addresses, so that these can be used at once.
 */
export class CabledNamespaces {
  readonly #names: Record<End, string>;

  /** `prefix` tells apart what runs at the same time. */
  constructor(prefix: string) {
    removeLeftovers(prefix);
    const unique = `${prefix}-${process.pid}`;
    this.#names = { node: `${unique}-n`, client: `${unique}-c` };
    for (const name of Object.values(this.#names)) {
      execFileSync("ip", ["netns", "add", name]);
      execFileSync("ip", ["-n", name, "link", "set", "lo", "up"]);
    }
    for (const end of ["node", "client"] as const) {
      this.configure(end, "ipv6/conf/default/dad_transmits", "0");
    }
    this.plug();
  }

  /** The command line that runs a command at one end. */
  at(end: End, command: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.#names[end], ...command];
  }

  /** Runs `ip` at one end. */
  ip(end: End, command: string): string {
    const args = ["-n", this.#names[end], ...command.split(" ")];
    return execFileSync("ip", args, { encoding: "utf8" });
  }

  /** Runs many lines of `ip` at one end. */
  batch(end: End, lines: string): void {
    execFileSync("ip", ["-n", this.#names[end], "-batch", "-"], { input: lines });
  }

  /** Runs a command at one end and gives its output and status. */
  run(end: End, command: readonly string[]): { status: number | null; stdout: string } {
    const [program = "", ...rest] = this.at(end, command);
    const { status, stdout } = spawnSync(program, rest, { encoding: "utf8" });
    return { status, stdout };
  }

  /** Those of the addresses that anybody answers for: of all at once, as it takes 2 to 3 s to be sure of silence. */
  async answered(addresses: readonly string[]): Promise<string[]> {
    const answers = addresses.map((address) => this.#isAnswered(address));
    const isAnswered = await Promise.all(answers);
    return addresses.filter((_, index) => isAnswered[index]);
  }

  /** The client's kernel asks three times by NDP, and arping twice by ARP, once a second. */
  async #isAnswered(address: string): Promise<boolean> {
    const script =
      `ip -6 neigh flush to ${address} dev eth0; echo > /dev/udp/${address}/9; for i in $(seq 40); do ` +
      `case $(ip -6 neigh show ${address} dev eth0) in *lladdr*) exit 0;; *FAILED*) exit 1;; esac; sleep 0.1; done; exit 1`;
    const command = address.includes(":")
      ? ["bash", "-c", script]
      : ["arping", "-c2", "-f", "-w2", "-I", "eth0", address];
    const [program = "", ...rest] = this.at("client", command);
    return promisify(execFile)(program, rest).then(
      () => true,
      () => false,
    );
  }

  /** Writes a setting of the network of one end; `name` is its path below /proc/sys/net. */
  configure(end: End, name: string, value: string): void {
    const { status } = this.run(end, ["sh", "-c", `echo ${value} > /proc/sys/net/${name}`]);
    if (status !== 0) throw new Error(`net/${name} cannot be set`);
  }

  mac(end: End, name = "eth0"): string {
    const links = JSON.parse(this.ip(end, `-json link show ${name}`)) as { address: string }[];
    return links[0]?.address ?? "";
  }

  /** Lays the cable. */
  plug(): void {
    const { node, client } = this.#names;
    const peer = ["type", "veth", "peer", "name", "eth0", "netns", client];
    execFileSync("ip", ["-n", node, "link", "add", "eth0", ...peer]);
    this.ip("node", "link set eth0 up");
    this.ip("client", "addr add 10.99.0.1/24 dev eth0");
    this.ip("client", "addr add fd00:99::1/64 dev eth0 nodad");
    this.ip("client", "link set eth0 up");
  }

  /** Pulls the cable out: the interfaces of both ends are gone. */
  unplug(): void {
    this.ip("node", "link del eth0");
  }

  remove(): void {
    for (const name of Object.values(this.#names)) spawnSync("ip", ["netns", "del", name]);
  }
}

/** Removes the namespaces of earlier runs that were killed: those whose process is gone. */
function removeLeftovers(prefix: string): void {
  const list = execFileSync("ip", ["netns", "list"], { encoding: "utf8" });
  for (const [name, pid] of list.matchAll(new RegExp(`^${prefix}-(\\d+)-[nc]`, "gm"))) {
    if (!existsSync(`/proc/${pid}`)) spawnSync("ip", ["netns", "del", name]);
  }
}
