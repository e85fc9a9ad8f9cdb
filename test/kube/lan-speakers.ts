/** Speakers of ours on a LAN of network namespaces, with Services that they announce, on a real kube-apiserver. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { electionKey, electionOrder } from "../../src/election/layer2-election.ts";
import { type IpAddress, parseAddress } from "../../src/ip/index.ts";
import type { Daemon } from "../../tools/realkube/index.ts";
import { eventually } from "../kube-api/api-client.ts";
import { systemNamespace, TestCluster } from "./cluster.ts";
import { Lan, managementAddress } from "./lan.ts";
import type { ServerName } from "./servers.ts";

const metallb = `/apis/metallb.io/v1beta1/namespaces/${systemNamespace}`;
const services = "/api/v1/namespaces/default/services";
const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

type TestSpeaker = Daemon & { log(): string };

export interface LanOfSpeakers {
  readonly nodes: readonly string[];
  /** Hosts of the LAN that are no nodes. */
  readonly others?: readonly string[];
  /** Of namespaces and interfaces; two letters that no other test takes. */
  readonly prefix: string;
  /** Of the Services s1, s2 and so on, which a pool has and all nodes announce; by default there is none of all that. */
  readonly addresses?: readonly string[];
  /** The API server; by default the real one. */
  readonly server?: ServerName;
  /** Of cluster IPs; by default IPv4 only. */
  readonly serviceRange?: string;
  /** Whether the speakers gossip over the management network, and not over the LAN (false). */
  readonly gossipsApart?: boolean;
}

/** So many addresses outside the network of the nodes: 192.168.2.1, .2 and so on. */
export function addressesElsewhere(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `192.168.2.${at + 1}`);
}

export class LanSpeakers {
  readonly lan: Lan;
  readonly cluster: TestCluster;
  /** Those that run. */
  readonly running = new Map<string, TestSpeaker>();
  readonly #nodes: readonly string[];
  readonly #addresses: readonly string[];
  readonly #gossipsApart: boolean;

  private constructor(lan: Lan, cluster: TestCluster, wanted: LanOfSpeakers) {
    this.lan = lan;
    this.cluster = cluster;
    this.#nodes = wanted.nodes;
    this.#addresses = wanted.addresses ?? [];
    this.#gossipsApart = wanted.gossipsApart ?? false;
  }

  /** Hosts have 192.168.1.10, .11 and so on, and fd00:1::10, ::11 and so on. No speaker runs yet. */
  static async prepare(wanted: LanOfSpeakers): Promise<LanSpeakers> {
    const { nodes, others = [], prefix, server = "real", serviceRange } = wanted;
    const lan = new Lan([...nodes, ...others], prefix);
    const cluster = await TestCluster.start({
      server,
      address: managementAddress,
      ...(serviceRange !== undefined && { serviceRange }),
      manifests: ["metallb-native.yaml"],
      without: ["DaemonSet", "Deployment", "ValidatingWebhookConfiguration"],
    });
    const speakers = new LanSpeakers(lan, cluster, wanted);
    try {
      for (const [at, host] of [...nodes, ...others].entries()) {
        lan.ip(host, `addr add fd00:1::${10 + at}/64 dev eth0 nodad`);
      }
      await speakers.#configure();
      return speakers;
    } catch (error) {
      await speakers.remove();
      throw error;
    }
  }

  async #configure(): Promise<void> {
    const { cluster } = this;
    const established = () => cluster.api.get(`${metallb}/l2advertisements`);
    await eventually(established, ({ status }) => status === 200);
    if (this.#addresses.length > 0) {
      const addresses = this.#addresses.map((one) => `${one}/${one.includes(":") ? 128 : 32}`);
      await this.configure("IPAddressPool", "lan", { addresses });
      await this.configure("L2Advertisement", "lan", {});
    }
    for (const node of this.#nodes) await cluster.addSpeakerNode(node, this.#gossipAddress(node));
    for (const [at, address] of this.#addresses.entries()) {
      await addService(cluster, `s${at + 1}`, address);
    }
    const secretkey = "of this test\n";
    mkdirSync(join(cluster.scratch, "secret"));
    writeFileSync(join(cluster.scratch, "secret", "secretkey"), secretkey);
    await cluster.create(`/api/v1/namespaces/${systemNamespace}/secrets`, {
      metadata: { name: "memberlist" },
      stringData: { secretkey },
    });
  }

  /** Makes an object of MetalLB's. */
  async configure(
    kind: string,
    name: string,
    spec: object,
    annotations: object = {},
  ): Promise<void> {
    const metadata = { name, annotations };
    const object = { apiVersion: "metallb.io/v1beta1", kind, metadata, spec };
    await this.cluster.create(`${metallb}/${kind.toLowerCase()}s`, object);
  }

  #gossipAddress(node: string): string {
    return this.#gossipsApart ? this.lan.managementAddress(node) : this.lan.address(node);
  }

  async startSpeaker(node: string): Promise<void> {
    const { cluster, lan } = this;
    const address = this.#gossipAddress(node);
    const env = {
      METALLB_NODE_NAME: node,
      METALLB_POD_NAME: `speaker-${node}`,
      METALLB_HOST: address,
      METALLB_ML_BIND_ADDR: address,
      METALLB_ML_LABELS: "app=metallb,component=speaker",
      METALLB_ML_SECRET_KEY_PATH: join(cluster.scratch, "secret"),
    };
    const folder = await cluster.accountFolder("speaker");
    const speaker = cluster.run(["speaker", "--log-level=info"], folder, env, lan.on(node));
    this.running.set(node, speaker);
  }

  async stopSpeaker(node: string, signal: NodeJS.Signals): Promise<void> {
    await this.running.get(node)?.kill(signal);
    this.running.delete(node);
  }

  /** Who announces which Service, by the log lines of the speakers that run. */
  *announced(): IterableIterator<[service: string, node: string]> {
    for (const [node, speaker] of this.running) {
      const own = new Set<string>();
      // The last line may be written in this moment.
      for (const line of speaker.log().split("\n").slice(0, -1)) {
        const { event, service } = line.startsWith("{") ? JSON.parse(line) : {};
        if (event === "serviceAnnounced") own.add(service);
        if (event === "serviceWithdrawn") own.delete(service);
      }
      for (const service of own) yield [service, node];
    }
  }

  /** The node that MetalLB's order names among these. */
  ownerOf(address: string, among: readonly string[] = this.#nodes): string | undefined {
    return electionOrder(among, electionKey(parseAddress(address) as IpAddress))[0];
  }

  /** Waits until each Service is announced by its owner among these, and by no other. */
  async settled(among: readonly string[] = this.#nodes): Promise<void> {
    const wanted = this.#addresses.map(
      (one, at) => `default/s${at + 1} ${this.ownerOf(one, among)}`,
    );
    await eventually(
      async () => [...this.announced()].map((pair) => pair.join(" ")).sort(),
      (pairs) => JSON.stringify(pairs) === JSON.stringify(wanted.sort()),
    );
  }

  /** Clears up, whatever was made. */
  async remove(): Promise<void> {
    for (const speaker of this.running.values()) await speaker.kill();
    await this.cluster.stop();
    this.lan.remove();
  }
}

/** A Service that has this address and an endpoint that serves; no controller is needed. */
async function addService(cluster: TestCluster, name: string, ip: string): Promise<void> {
  const spec = {
    type: "LoadBalancer",
    ports: [{ port: 80 }],
    allocateLoadBalancerNodePorts: false,
  };
  await cluster.create(services, { metadata: { name }, spec });
  await cluster.create(slices, {
    metadata: { name: `${name}-1`, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.1.0.1"] }],
  });
  const status = { loadBalancer: { ingress: [{ ip }] } };
  await cluster.merge(`${services}/${name}/status`, { status });
}
