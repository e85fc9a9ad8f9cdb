/** Speakers of ours on a LAN of network namespaces, with Services that they announce, on a real kube-apiserver. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { electionKey, electionOrder } from "../../src/election/layer2-election.ts";
import { type IpAddress, parseAddress } from "../../src/ip/index.ts";
import type { Daemon } from "../../tools/realkube/index.ts";
import { eventually, type Json } from "../kube-api/api-client.ts";
import { systemNamespace, TestCluster } from "./cluster.ts";
import { Lan, managementAddress } from "./lan.ts";

const metallb = `/apis/metallb.io/v1beta1/namespaces/${systemNamespace}`;
const services = "/api/v1/namespaces/default/services";
const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

export type TestSpeaker = Daemon & { log(): string };

export interface LanOfSpeakers {
  readonly nodes: readonly string[];
  /** Hosts of the LAN that are no nodes. */
  readonly others?: readonly string[];
  /** Of namespaces and interfaces; two letters that no other test takes. */
  readonly prefix: string;
  readonly services: number;
}

export class LanSpeakers {
  readonly lan: Lan;
  readonly cluster: TestCluster;
  /** Those that run. */
  readonly running = new Map<string, TestSpeaker>();
  readonly #nodes: readonly string[];
  readonly #count: number;

  private constructor(lan: Lan, cluster: TestCluster, { nodes, services }: LanOfSpeakers) {
    this.lan = lan;
    this.cluster = cluster;
    this.#nodes = nodes;
    this.#count = services;
  }

  /** Pool 192.168.2.0/24; the Services s1, s2 and so on have 192.168.2.1, .2 and so on. No speaker runs yet. */
  static async prepare(wanted: LanOfSpeakers): Promise<LanSpeakers> {
    const { nodes, others = [], prefix } = wanted;
    const lan = new Lan([...nodes, ...others], prefix);
    const without = ["DaemonSet", "Deployment", "ValidatingWebhookConfiguration"];
    const manifests = ["metallb-native.yaml"];
    const cluster = await TestCluster.start({ address: managementAddress, manifests, without });
    const speakers = new LanSpeakers(lan, cluster, wanted);
    try {
      await speakers.#configure();
    } catch (error) {
      await speakers.remove();
      throw error;
    }
    return speakers;
  }

  async #configure(): Promise<void> {
    const { cluster, lan } = this;
    const established = () => cluster.api.get(`${metallb}/l2advertisements`);
    await eventually(established, ({ status }) => status === 200);
    const make = (kind: string, spec: object): Promise<Json> => {
      const object = { apiVersion: "metallb.io/v1beta1", kind, metadata: { name: "lan" }, spec };
      return cluster.create(`${metallb}/${kind.toLowerCase()}s`, object);
    };
    await make("IPAddressPool", { addresses: ["192.168.2.0/24"] });
    await make("L2Advertisement", {});
    for (const name of this.#nodes) await cluster.addSpeakerNode(name, lan.address(name));
    for (let index = 1; index <= this.#count; index++) {
      await addService(cluster, `s${index}`, `192.168.2.${index}`);
    }
    mkdirSync(join(cluster.scratch, "secret"));
    writeFileSync(join(cluster.scratch, "secret", "secretkey"), "of this test\n");
  }

  async startSpeaker(node: string): Promise<void> {
    this.running.set(node, await runSpeaker(this.cluster, this.lan, node));
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

  /** Waits until each Service is announced by the node that MetalLB's order names among these, and by no other. */
  async settled(among: readonly string[] = this.#nodes): Promise<void> {
    const wanted = Array.from({ length: this.#count }, (_, at) => {
      const key = electionKey(parseAddress(`192.168.2.${at + 1}`) as IpAddress);
      return `default/s${at + 1} ${electionOrder(among, key)[0]}`;
    });
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

/** Our speaker on a node of the LAN, in the ring. Its gossip secret is the file `secret/secretkey` of the scratch folder. */
export async function runSpeaker(
  cluster: TestCluster,
  lan: Lan,
  node: string,
): Promise<TestSpeaker> {
  const env = {
    METALLB_NODE_NAME: node,
    METALLB_POD_NAME: `speaker-${node}`,
    METALLB_HOST: lan.address(node),
    METALLB_ML_BIND_ADDR: lan.address(node),
    METALLB_ML_LABELS: "app=metallb,component=speaker",
    METALLB_ML_SECRET_KEY_PATH: join(cluster.scratch, "secret"),
  };
  const folder = await cluster.accountFolder("speaker");
  return cluster.run(["speaker", "--log-level=info"], folder, env, lan.on(node));
}

/** A Service that has this address and an endpoint that serves; no controller is needed. */
export async function addService(cluster: TestCluster, name: string, ip: string): Promise<void> {
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
