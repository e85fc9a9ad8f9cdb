/** A LAN of network namespaces for the speakers, each with a way to the API server on this side. */
import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const node = [process.execPath, "--disable-warning=ExperimentalWarning"];
const solicitProgram = fileURLToPath(
  new URL("../../src/testing/solicit-program.ts", import.meta.url),
);

/** Our side of the management network; it leads nowhere but to the nodes. */
export const managementAddress = "169.254.231.1";

/** Why this process cannot build a LAN here, or undefined. */
export function lanObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root, for network namespaces";
  try {
    execFileSync("unshare", ["--net", "ip", "link", "show"], { stdio: "ignore" });
  } catch {
    return "network namespaces are not allowed here, or iproute2 is missing";
  }
  try {
    execFileSync("arping", ["-V"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "arping is missing: install iputils-arping";
  }
}

/** The command that asks by ARP or NDP. */
function question(address: string): string[] {
  if (address.includes(":")) return [...node, solicitProgram, address];
  // -b: each request goes to everybody, also after the first answer.
  return ["arping", "-b", "-c2", "-w2", "-I", "eth0", address];
}

function ip(words: string): void {
  execFileSync("ip", words.split(" "), { stdio: ["ignore", "ignore", "inherit"] });
}

function quietly(words: string): void {
  try {
    execFileSync("ip", words.split(" "), { stdio: "ignore" });
  } catch {
    // it was not there
  }
}

/**
 * Names of namespaces and interfaces begin with `prefix` and a dash, so that they cannot be taken for others'. The way
 * to our side ends in the network of this process, which should be one of its own.
 */
export class Lan {
  readonly #hosts: string[];
  readonly #prefix: string;
  readonly #watchdog: ChildProcess;

  constructor(hosts: string[], prefix: string) {
    this.#hosts = hosts;
    this.#prefix = prefix;
    this.#clear();
    this.#watchdog = this.#watch();
    const lanSwitch = `${prefix}-switch`;
    ip(`netns add ${lanSwitch}`);
    ip(`-n ${lanSwitch} link add lan type bridge`);
    ip(`-n ${lanSwitch} link set lan up`);
    const management = `${prefix}-mgmt`;
    ip(`link add ${management} type bridge`);
    ip(`addr add ${managementAddress}/24 dev ${management}`);
    ip(`link set ${management} up`);
    for (const [index, host] of hosts.entries()) this.#plugIn(host, index);
  }

  #plugIn(host: string, index: number): void {
    const namespace = this.namespace(host);
    const prefix = this.#prefix;
    ip(`netns add ${namespace}`);
    ip(`-n ${namespace} link set lo up`);
    ip(`-n ${namespace} link add eth0 type veth peer name p${index} netns ${prefix}-switch`);
    ip(`-n ${prefix}-switch link set p${index} master lan up`);
    ip(`-n ${namespace} addr add ${this.address(host)}/24 dev eth0`);
    ip(`-n ${namespace} link set eth0 up`);
    ip(`link add ${prefix}-m${index} type veth peer name mgmt netns ${namespace}`);
    ip(`link set ${prefix}-m${index} master ${prefix}-mgmt up`);
    ip(`-n ${namespace} addr add ${this.managementAddress(host)}/24 dev mgmt`);
    ip(`-n ${namespace} link set mgmt up`);
  }

  namespace(host: string): string {
    return `${this.#prefix}-${host}`;
  }

  address(host: string): string {
    return `192.168.1.${10 + this.#hosts.indexOf(host)}`;
  }

  managementAddress(host: string): string {
    return `169.254.231.${10 + this.#hosts.indexOf(host)}`;
  }

  /** Runs `ip` on a host, or on the switch, whose ports are p0, p1 and so on in the order of the hosts. */
  ip(host: string, words: string): void {
    ip(`-n ${this.namespace(host)} ${words}`);
  }

  /** The command that runs what follows on a host. */
  on(host: string): string[] {
    return ["ip", "netns", "exec", this.namespace(host)];
  }

  /** The hardware address of a host's LAN interface. */
  mac(host: string): string {
    const words = ["-n", this.namespace(host), "-json", "link", "show", "eth0"];
    const [link] = JSON.parse(execFileSync("ip", words, { encoding: "utf8" }));
    return link.address;
  }

  /**
   * Who answers a question for `address` on the LAN: each hardware address that does, in order. To be sure of silence
   * takes some 2 s, so ask for many addresses at once.
   */
  async whoHas(asker: string, address: string): Promise<string[]> {
    const [program = "", ...words] = [...this.on(asker), ...question(address)];
    // Where nobody answers, arping fails.
    const { stdout } = await promisify(execFile)(program, words).catch((error) => error);
    const found = stdout.match(/([0-9a-f]{2}:){5}[0-9a-f]{2}/gi) ?? [];
    return [...new Set<string>(found.map((mac: string) => mac.toLowerCase()))];
  }

  remove(): void {
    this.#watchdog.kill();
    this.#clear();
  }

  #clear(): void {
    for (const words of this.#removal()) quietly(words);
  }

  #removal(): string[] {
    const namespaces = [
      ...this.#hosts.map((host) => this.namespace(host)),
      `${this.#prefix}-switch`,
    ];
    return [...namespaces.map((name) => `netns del ${name}`), `link del ${this.#prefix}-mgmt`];
  }

  /** A shell that waits for the end of our pipe, which comes even when we are killed, and clears up. */
  #watch(): ChildProcess {
    const script = ["read _", ...this.#removal().map((words) => `ip ${words}`)].join("; ");
    const watchdog = spawn("sh", ["-c", script], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    watchdog.unref();
    return watchdog;
  }
}
