/** A cluster of v0.9.5 with 500 Services moves to custom resources, and no Service notices. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { enterPrivateNetwork, whyNoPrivateNetwork } from "../../src/testing/index.ts";
import { succeeded, type Json } from "../kube-api/api-client.ts";
import { reasonToSkip, serverName } from "../kube-api/servers.ts";
import { ingress, inSystem, NativeCluster, services } from "./native-cluster.ts";

const skip = whyNoPrivateNetwork() ?? (await reasonToSkip());
if (skip === undefined) enterPrivateNetwork();

const document = `address-pools:
- name: default
  protocol: layer2
  addresses: [10.1.0.0/24, 10.1.2.16-10.1.3.31]
  avoid-buggy-ips: true
- name: by_request
  protocol: layer2
  auto-assign: false
  addresses: [10.2.0.0/24]
- name: routed
  protocol: bgp
  auto-assign: false
  addresses: [10.3.0.0/24]
  bgp-advertisements: [{aggregation-length: 32, communities: [blue]}]
bgp-communities: {blue: "65000:8"}
peers: [{my-asn: 64600, peer-asn: 64601, peer-address: 192.0.2.1}]
`;
const count = 500;
const poolAnnotation = "metallb.universe.tf/address-pool";

describe(`migration on the ${serverName} API server`, { skip, timeout: 280_000 }, () => {
  let native: NativeCluster;
  let before500: Map<string, string>;
  let resourcesFile: string;

  before(async () => {
    native = await NativeCluster.start(["ValidatingWebhookConfiguration", "DaemonSet"]);
    resourcesFile = join(native.cluster.scratch, "resources.yaml");
  });
  after(() => native?.stop());

  const addresses = async (): Promise<Map<string, string>> => {
    const { items } = succeeded(await native.api.get(services));
    return new Map(
      items.filter(isBalanced).map((one: Json) => [one.metadata.name, ingress(one).join()]),
    );
  };
  const isBalanced = ({ spec }: Json): boolean => spec.type === "LoadBalancer";
  const request = (index: number): { annotations?: object; spec?: object } => {
    const spec = { allocateLoadBalancerNodePorts: false };
    if (index % 10 === 1) return { spec, annotations: { [poolAnnotation]: "by_request" } };
    if (index % 10 === 2) return { spec, annotations: { [poolAnnotation]: "routed" } };
    if (index % 10 === 3)
      return { spec: { ...spec, loadBalancerIP: `10.1.2.${16 + (index - 3) / 10}` } };
    if (index % 10 < 6) {
      const key = `share-${index % 10}`;
      const ports = [{ port: 1000 + index }];
      return {
        spec: { ...spec, ports },
        annotations: { "metallb.universe.tf/allow-shared-ip": key },
      };
    }
    return { spec };
  };

  it("LC-1, INS-46: serves 500 Services from the ConfigMap, though the custom resources are installed", async () => {
    const configMap = { metadata: { name: "config" }, data: { config: document } };
    succeeded(await native.api.post(`${inSystem}/configmaps`, configMap), 201);
    native.startController("--port=0", "--config=config");
    const indexes = Array.from({ length: count }, (_, index) => index);
    for (let from = 0; from < count; from += 20) {
      const some = indexes.slice(from, from + 20);
      await Promise.all(some.map((index) => native.service(`service-${index}`, request(index))));
    }
    before500 = await native.eventually(addresses, (all) => [...all.values()].every(Boolean));
    assert.equal(before500.size, count);
  });

  it("MIG-1..9: converts the ConfigMap, and proves on the cluster that nothing changes", async () => {
    const words = ["migrate", "--from-cluster", "-o", resourcesFile];
    const { status, stdout, stderr } = await native.metallb(words);
    assert.equal(status, 0, stdout + stderr);
    const lint = await native.metallb(["lint", resourcesFile]);
    assert.equal(lint.status, 0, lint.stdout + lint.stderr);
  });

  it("INS-46, INS-47: takes the resources over while it runs, only once they hold every address in use", async () => {
    const objects: Json[] = parseAllDocuments(readFileSync(resourcesFile, "utf8"))
      .map((one) => one.toJS())
      .filter(Boolean);
    // Pools come last, one by one: the first alone would strand what the others hold.
    const isPool = ({ kind }: Json): boolean => kind === "IPAddressPool";
    const pools = objects.filter(isPool);
    assert.deepEqual(pools.map(({ metadata }) => metadata.name).sort(), [
      "by-request",
      "default",
      "routed",
    ]);
    for (const object of [...objects.filter((one) => !isPool(one)), ...pools]) {
      const version = object.apiVersion;
      const plural = object.kind === "Community" ? "communities" : `${object.kind.toLowerCase()}s`;
      const path = `/apis/${version}/namespaces/metallb-system/${plural}`;
      succeeded(await native.api.post(path, object), 201);
    }
    const isMarked = (one: Json): boolean =>
      one.metadata.annotations?.["metallb.io/ip-allocated-from-pool"] !== undefined;
    await native.until(services, ({ items }) => items.filter(isBalanced).every(isMarked));
    assert.deepEqual(await addresses(), before500);
  });

  it("IPAM-53, INS-47: keeps every address when today's program takes over", async () => {
    await native.killController();
    succeeded(await native.api.delete(`${inSystem}/configmaps/config`));
    native.startController("--port=0", "--webhook-mode=disabled");
    await native.configurationState("Valid");
    await native.service("newcomer", { spec: { allocateLoadBalancerNodePorts: false } });
    const [newest] = await native.addressOf("newcomer");
    assert.ok(newest && ![...before500.values()].includes(newest), `${newest} was taken`);
    const now = await addresses();
    now.delete("newcomer");
    assert.deepEqual(now, before500);
  });
});
