/** Speakers of ours on a LAN of namespaces, with an embedded API server that keeps what they say of the wire. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { KubeEvent } from "../../src/kube/index.ts";
import { LineProgram, type MetallbCluster, startMetallbCluster } from "../../src/testing/index.ts";
import { Lan, managementAddress } from "../kube/lan.ts";

export const NODE = [process.execPath, "--disable-warning=ExperimentalWarning"];
const CLI = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const SYSTEM = "/api/v1/namespaces/metallb-system";
const METALLB = "/apis/metallb.io/v1beta1/namespaces/metallb-system";
const SERVICES = "/api/v1/namespaces/default/services";

// oxlint-disable-next-line typescript/no-explicit-any -- whatever the server says
export type Json = any;

export interface WatchedLanOptions {
  /** Of namespaces and interfaces; two letters that no other test takes. */
  readonly prefix: string;
  readonly nodes: readonly string[];
  /** Hosts of the LAN that are no nodes. */
  readonly others: readonly string[];
  /** Name of each Service -> its address. */
  readonly services: Readonly<Record<string, string>>;
  /** More of the speakers' flags. */
  readonly flags?: readonly string[];
  /** Whether the speakers gossip over the LAN (false). */
  readonly hasRing?: boolean;
}

/** Needs `enterPrivateNetwork`. Hosts have fd00:1::1, ::2 and so on, and answer ARP only where an address is (strictARP). */
export class WatchedLan {
  readonly lan: Lan;
  readonly cluster: MetallbCluster;
  readonly speakers = new Map<string, LineProgram>();
  /** Temporary; each node has its kubeconfig there, by its name. */
  readonly folder = mkdtempSync(join(tmpdir(), "wire-"));
  readonly #options: WatchedLanOptions;

  private constructor(lan: Lan, cluster: MetallbCluster, options: WatchedLanOptions) {
    this.lan = lan;
    this.cluster = cluster;
    this.#options = options;
  }

  /** All speakers run, and each Service's owner is seen to answer. */
  static async start(options: WatchedLanOptions): Promise<WatchedLan> {
    const { prefix, nodes, others, services } = options;
    const lan = new Lan([...nodes, ...others], prefix);
    const cluster = await startMetallbCluster({ host: managementAddress });
    const watched = new WatchedLan(lan, cluster, options);
    try {
      for (const [index, host] of [...nodes, ...others].entries()) {
        watched.sysctl(host, "ipv4/conf/all/arp_ignore", "1");
        watched.ip(host, `addr add fd00:1::${index + 1}/64 dev eth0 nodad`);
      }
      await watched.#createWorld();
      for (const node of nodes) watched.startSpeaker(node);
      for (const service of Object.keys(services)) {
        await watched.condition(service, "Seen", "OwnerAnswers");
      }
      return watched;
    } catch (error) {
      await watched.remove();
      throw error;
    }
  }

  /** Clears up, whatever was made. */
  async remove(): Promise<void> {
    for (const speaker of this.speakers.values()) await speaker.stop("SIGKILL");
    await this.cluster.close();
    this.lan.remove();
    rmSync(this.folder, { recursive: true });
  }

  /** Runs a command on a host; throws where it fails. */
  on(host: string, ...command: string[]): string {
    const [program = "", ...words] = [...this.lan.on(host), ...command];
    return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  ip(host: string, command: string): string {
    return this.on(host, "ip", ...command.split(" "));
  }

  /** `name` is its path below /proc/sys/net. */
  sysctl(host: string, name: string, value: string): void {
    this.on(host, "sh", "-c", `echo ${value} > /proc/sys/net/${name}`);
  }

  async #make(path: string, object: object): Promise<void> {
    const { status, body } = await this.cluster.request("POST", path, object);
    assert.equal(status, 201, JSON.stringify(body));
  }

  async #createWorld(): Promise<void> {
    const { nodes, services } = this.#options;
    const meta = { apiVersion: "metallb.io/v1beta1", metadata: { name: "lan" } };
    const spec = { addresses: ["192.168.1.240-192.168.1.250", "fd00:1::240-fd00:1::250"] };
    await this.#make(`${METALLB}/ipaddresspools`, { ...meta, kind: "IPAddressPool", spec });
    await this.#make(`${METALLB}/l2advertisements`, { ...meta, kind: "L2Advertisement", spec: {} });
    for (const name of nodes) {
      const address = this.lan.address(name);
      const conditions = [{ type: "Ready", status: "True" }];
      const addresses = [{ type: "InternalIP", address }];
      await this.#make("/api/v1/nodes", { metadata: { name }, status: { conditions, addresses } });
      await this.#make(`${SYSTEM}/pods`, {
        metadata: { name: `speaker-${name}`, labels: { app: "metallb", component: "speaker" } },
        spec: { nodeName: name, containers: [{ name: "speaker", image: "none" }] },
      });
      const status = { phase: "Running", podIP: address, podIPs: [{ ip: address }] };
      await this.cluster.request("PATCH", `${SYSTEM}/pods/speaker-${name}/status`, { status });
    }
    for (const [service, ip] of Object.entries(services)) await this.addService(service, ip);
  }

  /** A Service that has this address and an endpoint; no controller is needed. */
  async addService(service: string, ip: string): Promise<void> {
    const spec = { type: "LoadBalancer", ports: [{ port: 80 }] };
    await this.#make(SERVICES, {
      metadata: { name: service },
      spec: { ...spec, allocateLoadBalancerNodePorts: false },
    });
    await this.#make("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
      metadata: { name: `${service}-1`, labels: { "kubernetes.io/service-name": service } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.1.0.1"] }],
    });
    const status = { loadBalancer: { ingress: [{ ip }] } };
    await this.cluster.request("PATCH", `${SERVICES}/${service}/status`, { status });
  }

  startSpeaker(node: string): LineProgram {
    const kubeconfig = join(this.folder, node);
    const config = {
      "current-context": "lab",
      contexts: [{ name: "lab", context: { cluster: "lab", user: "speaker" } }],
      clusters: [{ name: "lab", cluster: { server: this.cluster.url } }],
      users: [{ name: "speaker", user: { token: this.cluster.tokens.speaker } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    const { flags = [], hasRing = false } = this.#options;
    const place = ["--kubeconfig", kubeconfig, "--namespace=metallb-system", ...flags];
    const ring = {
      METALLB_ML_BIND_ADDR: this.lan.address(node),
      METALLB_ML_LABELS: "app=metallb,component=speaker",
    };
    const env = {
      METALLB_NODE_NAME: node,
      METALLB_POD_NAME: `speaker-${node}`,
      ...(hasRing && ring),
    };
    const command = [...this.lan.on(node), ...NODE, CLI, "speaker", ...place];
    const speaker = new LineProgram(command, { ...process.env, ...env });
    this.speakers.set(node, speaker);
    return speaker;
  }

  /** What a speaker shows on one of its pages. */
  page(node: string, path: string): string {
    const code = `const r = await fetch("http://127.0.0.1:17472${path}"); console.log(await r.text())`;
    return this.on(node, ...NODE, "--input-type=module", "-e", code);
  }

  async #statusOf(service: string): Promise<Json> {
    const { body } = await this.cluster.request("GET", `${METALLB}/servicel2statuses`);
    return body.items.find((one: Json) => one.status?.serviceName === service)?.status;
  }

  async conditionOf(service: string, type: string): Promise<Json> {
    const status = await this.#statusOf(service);
    return status?.conditions?.find((one: Json) => one.type === type);
  }

  condition(service: string, type: string, reason: string): Promise<Json> {
    return until(
      () => this.conditionOf(service, type),
      (found) => found?.reason === reason,
    );
  }

  async eventsOf(service: string, reason: string): Promise<KubeEvent[]> {
    const { body } = await this.cluster.request("GET", "/api/v1/namespaces/default/events");
    return body.items.filter((one: KubeEvent) => {
      return one.reason === reason && one.involvedObject.name === service;
    });
  }

  /** Waits for an event that says these words. */
  async event(service: string, reason: string, words: string): Promise<KubeEvent> {
    const says = ({ message }: KubeEvent): boolean => message.includes(words);
    const all = await until(
      () => this.eventsOf(service, reason),
      (found) => found.some(says),
    );
    return all.find(says) as KubeEvent;
  }
}

/** A test that waits for longer has failed, and tells what it saw last. */
const longestWaitMs = 60_000;

/** Asks until the answer fits: what speakers tell comes some seconds after what they see. */
export async function until<T>(ask: () => T | Promise<T>, fits: (found: T) => boolean): Promise<T> {
  const endMs = Date.now() + longestWaitMs;
  for (;;) {
    const found = await ask();
    if (fits(found)) return found;
    if (Date.now() > endMs) assert.fail(`still not what is awaited: ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
