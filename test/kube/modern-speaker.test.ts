/** Speakers of v0.16 on a real kube-apiserver, with the rights of metallb-native.yaml: reports, hand-over, rest. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import type { Daemon } from "../../tools/realkube/index.ts";
import { eventually, type Json } from "../kube-api/api-client.ts";
import { reasonToSkip, systemNamespace, TestCluster } from "./cluster.ts";
import { Lan, managementAddress, lanObstacle } from "./lan.ts";

const nodes = ["node1", "node2"];
const skip = (await reasonToSkip()) ?? lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();
const system = `/api/v1/namespaces/${systemNamespace}`;
const metallb = `/apis/metallb.io/v1beta1/namespaces/${systemNamespace}`;
const services = "/api/v1/namespaces/default/services";
const addresses = { shop: "192.168.1.240", "web-six": "fd00:1::24a" };
/** The first by the digest of `default/NAME` (v0.9.5), and the first by that of the address (later releases). */
const [legacyOwner, modernOwner] = ["node2", "node1"];

describe("speakers of v0.16 on a real API server", { skip, timeout: 280_000 }, () => {
  let lan: Lan;
  let cluster: TestCluster;
  const speakers = new Map<string, Daemon & { log(): string }>();

  before(async () => {
    lan = new Lan([...nodes, "client"], "rm");
    const without = ["DaemonSet", "Deployment", "ValidatingWebhookConfiguration"];
    const manifests = ["metallb-native.yaml"];
    cluster = await TestCluster.start({ address: managementAddress, manifests, without });
    const established = () => cluster.api.get(`${metallb}/servicel2statuses`);
    await eventually(established, ({ status }) => status === 200);
    for (const name of nodes) await addNode(name);
    const config = [
      "address-pools:",
      "- {name: lan, protocol: layer2, addresses: [192.168.1.240/28]}",
      '- {name: lan6, protocol: layer2, addresses: ["fd00:1::240/124"]}',
    ].join("\n");
    await cluster.create(`${system}/configmaps`, {
      metadata: { name: "config" },
      data: { config },
    });
    for (const [name, ip] of Object.entries(addresses)) await addService(name, ip);
    for (const node of nodes) await startSpeaker(node);
  });
  after(async () => {
    for (const speaker of speakers.values()) await speaker.kill();
    await cluster?.stop();
    lan?.remove();
  });

  const configure = (kind: string, spec: object): Promise<Json> => {
    const object = { apiVersion: "metallb.io/v1beta1", kind, metadata: { name: "lan" }, spec };
    return cluster.create(`${metallb}/${kind.toLowerCase()}s`, object);
  };

  async function addNode(name: string): Promise<void> {
    const status = { conditions: [{ type: "Ready", status: "True" }] };
    await cluster.create("/api/v1/nodes", { metadata: { name }, status });
    const container = { name: "speaker", image: "none" };
    const spec = { nodeName: name, serviceAccountName: "speaker", containers: [container] };
    await cluster.create(`${system}/pods`, { metadata: { name: `speaker-${name}` }, spec });
  }

  /** Its status is set by hand, as no controller runs here. */
  async function addService(name: string, ip: string): Promise<void> {
    const spec = { type: "LoadBalancer", ports: [{ port: 80 }] };
    await cluster.create(services, { metadata: { name }, spec });
    const labels = { "kubernetes.io/service-name": name };
    await cluster.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
      metadata: { name: `${name}-1`, labels },
      addressType: "IPv4",
      endpoints: nodes.map((nodeName) => ({ addresses: ["10.1.0.1"], nodeName })),
    });
    await cluster.merge(`${services}/${name}/status`, {
      status: { loadBalancer: { ingress: [{ ip }] } },
    });
  }

  async function startSpeaker(node: string): Promise<void> {
    const env = { METALLB_NODE_NAME: node, METALLB_POD_NAME: `speaker-${node}` };
    const folder = await cluster.accountFolder("speaker");
    speakers.set(node, cluster.run(["speaker"], folder, env, lan.on(node)));
  }

  /** Waits until exactly this node answers for both addresses. */
  async function answeredBy(node: string): Promise<void> {
    const both = Object.values(addresses);
    const wanted = JSON.stringify(both.map(() => [lan.mac(node)]));
    const deadline = Date.now() + 60_000;
    for (;;) {
      const found = await Promise.all(both.map((one) => lan.whoHas("client", one)));
      if (JSON.stringify(found) === wanted) break;
      const logs = nodes.map((name) => speakers.get(name)?.log()).join("\n");
      const answers = JSON.stringify(found);
      assert.ok(Date.now() < deadline, `${both.join()} are answered by ${answers}\n${logs}`);
    }
  }

  /** The service's status objects, once they are these nodes' and complete. */
  async function statusOf(service: string, node: string): Promise<Json> {
    const query = encodeURIComponent(`metallb.io/service-name=${service}`);
    const { body } = await eventually(
      () => cluster.api.get(`${metallb}/servicel2statuses?labelSelector=${query}`),
      ({ body: { items } }) => items.length === 1 && items[0].status?.node === node,
    );
    return body.items[0];
  }

  it("INS-46 L2-8 L2-40 L2-41: resources take over from a ConfigMap live, each generation by its own election", async () => {
    await answeredBy(legacyOwner);
    await configure("L2Advertisement", {});
    await configure("IPAddressPool", { addresses: ["192.168.1.240/28", "fd00:1::240/124"] });
    await answeredBy(modernOwner);
    const log = speakers.get(legacyOwner)?.log() ?? "";
    assert.ok(log.includes('"reason":"notOwner"'), log);
    assert.ok(!log.includes('"reason":"ipNotAllowed"'), log);
  });

  it("ST-20 ST-10 K8S-2: the announcer's status is owned by its pod; each speaker says that the configuration is valid", async () => {
    const { metadata } = await statusOf("shop", modernOwner);
    assert.equal(metadata.ownerReferences[0].name, `speaker-${modernOwner}`);
    for (const node of nodes) {
      await eventually(
        () => cluster.api.get(`${metallb}/configurationstates/speaker-${node}`),
        ({ body }) => body.status?.result === "Valid",
      );
    }
  });

  it("ST-20 L2-22: when the announcer's node is dead the other takes over, and its status replaces the old one", async () => {
    const ready = (status: string) =>
      cluster.merge(`/api/v1/nodes/${modernOwner}/status`, {
        status: { conditions: [{ type: "Ready", status }] },
      });
    const other = nodes.find((name) => name !== modernOwner) ?? "";
    await speakers.get(modernOwner)?.kill();
    await ready("Unknown");
    await answeredBy(other);
    await statusOf("shop", other);
    await startSpeaker(modernOwner);
    await ready("True");
    await answeredBy(modernOwner);
    await statusOf("shop", modernOwner);
  });

  it("K8S-3 K8S-4: at rest, and through heartbeats of nodes, nothing is written", async () => {
    await statusOf("shop", modernOwner);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const before = cluster.writesOf("speaker").length;
    for (const lastHeartbeatTime of ["2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z"]) {
      const conditions = [{ type: "Ready", status: "True", lastHeartbeatTime }];
      await cluster.merge("/api/v1/nodes/node1/status", { status: { conditions } });
    }
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert.deepEqual(cluster.writesOf("speaker").slice(before), []);
  });
});
