/**
 * Hosts on one bridge, each a network namespace that lives as long as a process of its own, which ends with us: nothing
 * is left behind, also when we are killed. The bridge is in the network of this process, which must be one of its own
 * (enterPrivateNetwork), so that this process is on the LAN too.
 */
import { execFileSync } from "node:child_process";
import { LineProgram } from "../../src/testing/line-program.ts";

interface Host {
  readonly holder: LineProgram;
  readonly pid: string;
}

const holding = 'ip link set lo up; echo "$$"; exec cat';

let bridges = 0;

export class BridgedHosts {
  readonly #hosts = new Map<string, Host>();
  readonly #bridge: string;
  readonly #net: number;
  readonly #family: 4 | 6;

  constructor(family: 4 | 6 = 4) {
    this.#family = family;
    this.#net = bridges++;
    this.#bridge = `br${this.#net}`;
    ip([
      `link add ${this.#bridge} type bridge`,
      `addr add ${this.#prefix(0)} dev ${this.#bridge}`,
      `link set ${this.#bridge} up`,
    ]);
    nft(`add table bridge ${this.#bridge}
      add chain bridge ${this.#bridge} forward { type filter hook forward priority 0 ; }`);
  }

  /** The bridge's interface: all that hosts say to us or to everybody, and nothing of what one says to another. */
  get bridge(): string {
    return this.#bridge;
  }

  /** 0 is this process. */
  address(index: number): string {
    const net = 77 + this.#net;
    return this.#family === 4 ? `10.${net}.0.${index + 1}` : `fd00:${net}::${index + 1}`;
  }

  /** No duplicate is searched for: an address is there at once. */
  #prefix(index: number): string {
    return this.address(index) + (this.#family === 4 ? "/24" : "/64 nodad");
  }

  /** Plugs in a host with the address of this index (from 1). */
  async add(name: string, index: number): Promise<void> {
    const holder = new LineProgram(["unshare", "--net", "sh", "-c", holding]);
    const pid = await holder.line(() => true);
    this.#hosts.set(name, { holder, pid });
    const port = this.port(name);
    ip([
      `link add ${port} type veth peer name eth0 netns ${pid}`,
      `link set ${port} master ${this.#bridge} up`,
    ]);
    const inside = [`addr add ${this.#prefix(index)} dev eth0`, "link set eth0 up"];
    ip(inside, this.on(name));
  }

  /** The interface of the bridge that leads to a host. */
  port(name: string): string {
    return `v${this.#net}-${name}`;
  }

  /** The words that run a command on a host. */
  on(name: string): string[] {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return ["nsenter", `--net=/proc/${host.pid}/ns/net`];
  }

  /** Gives a host another address. */
  move(name: string, index: number): void {
    ip(["addr flush dev eth0", `addr add ${this.#prefix(index)} dev eth0`], this.on(name));
  }

  /** Of all that passes the bridge, so many per cent are lost from now on. */
  lose(percent: number): void {
    this.#rules(percent === 0 ? [] : [`numgen random mod 100 < ${percent} drop`]);
  }

  /** Of datagrams only: connections with much loss show the kernel's patience, and take it. */
  loseDatagrams(percent: number): void {
    this.#rules([`ip protocol udp numgen random mod 100 < ${percent} drop`]);
  }

  /** These hosts and the others do not reach each other. */
  part(names: readonly string[]): void {
    const set = `{ ${names.map((name) => this.port(name)).join(", ")} }`;
    this.#rules([`iifname ${set} oifname != ${set} drop`, `iifname != ${set} oifname ${set} drop`]);
  }

  /** These two do not reach each other. */
  cut(a: string, b: string): void {
    const [one, other] = [this.port(a), this.port(b)];
    this.#rules([`iifname ${one} oifname ${other} drop`, `iifname ${other} oifname ${one} drop`]);
  }

  /** No UDP to this host and from it; TCP passes. */
  cutUdp(name: string): void {
    const port = this.port(name);
    this.#rules([`iifname ${port} ip protocol udp drop`, `oifname ${port} ip protocol udp drop`]);
  }

  heal(): void {
    this.#rules([]);
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map(({ holder }) => holder.stop("SIGKILL")));
    ip([`link del ${this.#bridge}`]);
    nft(`delete table bridge ${this.#bridge}`);
  }

  #rules(rules: readonly string[]): void {
    const chain = `bridge ${this.#bridge} forward`;
    nft([`flush chain ${chain}`, ...rules.map((rule) => `add rule ${chain} ${rule}`)].join("\n"));
  }
}

function ip(lines: readonly string[], on: readonly string[] = []): void {
  const words = [...on, "ip", "-batch", "-"];
  execFileSync("env", words, {
    input: `${lines.join("\n")}\n`,
    stdio: ["pipe", "ignore", "inherit"],
  });
}

function nft(lines: string): void {
  execFileSync("nft", ["-f", "-"], { input: lines, stdio: ["pipe", "ignore", "inherit"] });
}
