/** Gives a pod that is not on the host network its own network namespace, on the node's bridge cni0. */
import { execFileSync } from "node:child_process";

export interface PodNetwork {
  readonly netns: string;
  readonly address: string;
  readonly address6: string;
  release(): void;
}

export class PodNetworks {
  readonly #podRange: number;
  readonly #prefix: string;
  readonly #prefix6: string;
  readonly #taken = new Set<number>();

  /** `podRange` 2 means 10.244.2.0/24 and fd00:244:2::/64, in both of which the node's bridge is number 1. */
  constructor(podRange: number) {
    this.#podRange = podRange;
    this.#prefix = `10.244.${podRange}`;
    this.#prefix6 = `fd00:244:${podRange}`;
  }

  create(): PodNetwork {
    let host = 2;
    while (this.#taken.has(host)) host++;
    this.#taken.add(host);
    // The folder of names is shared by all nodes, hence the range in the name.
    const netns = `pod-${this.#podRange}-${host}`;
    const address = `${this.#prefix}.${host}`;
    const address6 = `${this.#prefix6}::${host}`;
    const ip = (...argv: string[]) =>
      execFileSync("ip", argv, { stdio: ["ignore", "pipe", "pipe"] });
    ip("netns", "add", netns);
    ip("link", "add", `veth${host}`, "type", "veth", "peer", "name", "eth0", "netns", netns);
    ip("link", "set", `veth${host}`, "master", "cni0", "up");
    ip("-n", netns, "link", "set", "lo", "up");
    ip("-n", netns, "addr", "add", `${address}/24`, "dev", "eth0");
    ip("-n", netns, "addr", "add", `${address6}/64`, "dev", "eth0", "nodad");
    ip("-n", netns, "link", "set", "eth0", "up");
    ip("-n", netns, "route", "add", "default", "via", `${this.#prefix}.1`);
    ip("-n", netns, "-6", "route", "add", "default", "via", `${this.#prefix6}::1`);
    return {
      netns,
      address,
      address6,
      release: () => {
        ip("netns", "delete", netns);
        this.#taken.delete(host);
      },
    };
  }
}
