/**
 * A cable within this process's private network: what is under test sits at the near end, the test at the far end.
 * Frames arrive in the order in which they were sent, because everything runs on one processor.
 */

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import {
  PacketSocket,
  type PacketSocketOptions,
  watchNetworkInterfaces,
} from "../platform/index.ts";

const ETHERTYPE_ALL = 0x0003;

export interface WireEnd {
  readonly index: number;
  readonly name: string;
  readonly mac: string;
}

/** Keeps this process on one processor: the kernel's queue of arriving frames is the processor's own. */
export function stayOnOneProcessor(): void {
  const affinity = execFileSync("taskset", ["-cp", String(process.pid)], { encoding: "utf8" });
  const [first = "0"] = /\d+/.exec(affinity.split(":")[1] ?? "") ?? [];
  execFileSync("taskset", ["-cp", first, String(process.pid)]);
}

export class PrivateWire {
  readonly near: WireEnd;
  readonly far: WireEnd;
  readonly #port: PacketSocket;
  readonly #arrived: string[] = [];
  readonly #waiting = new Set<() => void>();

  /**
   * The near end gets `mac` and, where it is given, the number `index`. Needs `enterPrivateNetwork`. The kernel itself
   * sends nothing on the cable.
   */
  static async lay(name: string, mac: string, index?: number): Promise<PrivateWire> {
    const far = `${name}-far`;
    const numbered = index === undefined ? "" : `index ${index} `;
    ip(`link add name ${name} ${numbered}address ${mac} type veth peer name ${far}`);
    for (const end of [name, far]) {
      writeFileSync(`/proc/sys/net/ipv6/conf/${end}/disable_ipv6`, "1");
      ip(`link set ${end} mtu 9000 up`);
    }
    await areUp(name, far);
    return new PrivateWire(name, far);
  }

  private constructor(name: string, far: string) {
    this.near = wireEnd(name);
    this.far = wireEnd(far);
    this.#port = openPort(this.far, ({ bytes }) => this.#arrive(bytes));
  }

  /** Sends a frame, in hex, from the far end. */
  send(frame: string): void {
    const sent = this.#port.send(Buffer.from(frame, "hex"));
    if (!sent) throw new Error(`the kernel did not take the frame ${frame}`);
  }

  /** What arrives at the far end from now on, in hex, up to and without the first that is accepted. */
  async until(accepts: (frame: string) => boolean): Promise<string[]> {
    for (;;) {
      const last = this.#arrived.findIndex(accepts);
      if (last >= 0) return this.#arrived.splice(0, last + 1).slice(0, -1);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Takes the near end away, and with it the far end. */
  cut(): void {
    this.#port.close();
    ip(`link del ${this.near.name}`);
  }

  close(): void {
    this.#port.close();
  }

  #arrive(bytes: Uint8Array): void {
    this.#arrived.push(Buffer.from(bytes).toString("hex"));
    // Behind a callback of a descriptor no promise goes on: that takes a turn of the event loop.
    setImmediate(() => {
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    });
  }
}

/** Until the kernel has seen the carrier, which takes it up to a second, it drops what is sent. */
async function areUp(...names: string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const watch = watchNetworkInterfaces({
      onChange: (found) => {
        const up = found.filter(
          ({ name, operState }) => names.includes(name) && operState === "up",
        );
        if (up.length < names.length) return;
        watch.close();
        resolve();
      },
      onFallback: reject,
    });
  });
}

/** Runs `ip` in this process's network. */
export function ip(command: string): void {
  execFileSync("ip", command.split(" "));
}

/** An interface of this process's network: /sys still shows the machine's. */
export function wireEnd(name: string): WireEnd {
  const output = execFileSync("ip", ["-json", "link", "show", name], { encoding: "utf8" });
  const [link] = JSON.parse(output) as { ifindex: number; address: string }[];
  return { index: link?.ifindex ?? 0, name, mac: link?.address ?? "" };
}

/** Every frame that arrives at an interface. */
export function openPort(on: WireEnd, onFrame: PacketSocketOptions["onFrame"]): PacketSocket {
  return new PacketSocket({
    interfaceIndex: on.index,
    etherType: ETHERTYPE_ALL,
    filter: [[0x06, 0, 0, 0xffff]],
    onFrame,
    onFailure: () => {},
  });
}
