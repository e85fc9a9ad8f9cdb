/** The controller of custom resources on an API server, with the rights that manifests/metallb-native.yaml gives it. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { after, before, describe, it } from "node:test";
import { enterPrivateNetwork, whyNoPrivateNetwork } from "../../src/testing/index.ts";
import type { Json } from "../kube-api/api-client.ts";
import { reasonToSkip, serverName } from "../kube-api/servers.ts";
import { systemNamespace, type TestCluster } from "./cluster.ts";
import { ingress, NativeCluster, resources, services } from "./native-cluster.ts";

const skip = whyNoPrivateNetwork() ?? (await reasonToSkip());
if (skip === undefined) enterPrivateNetwork();

describe(`the control plane on the ${serverName} API server`, { skip, timeout: 280_000 }, () => {
  let native: NativeCluster;
  let cluster: TestCluster;

  before(async () => {
    // Without its server each of these webhooks would refuse everything (INS-52).
    native = await NativeCluster.start(["ValidatingWebhookConfiguration", "DaemonSet"]);
    cluster = native.cluster;
    native.startController(...flags);
  });
  after(() => native?.stop());

  const flags = ["--port=9120", "--webhook-mode=disabled"];

  it("IPAM-10, CTL-6, IPAM-51: gives an address of the pool, and writes the pool's name beside it", async () => {
    await native.pool("lan", ["192.0.2.8/30"]);
    await native.service("first");
    assert.deepEqual(await native.addressOf("first"), ["192.0.2.8"]);
    const { body } = await cluster.api.get(`${services}/first`);
    assert.equal(body.metadata.annotations["metallb.io/ip-allocated-from-pool"], "lan");
  });

  it("ST-1, ST-2: shows in the pool's status what is assigned and what is left", async () => {
    const { status } = await native.until(
      `${resources}/ipaddresspools/lan`,
      (body) => body.status?.assignedIPv4 === 1,
    );
    const [assignedIPv4, availableIPv4] = [1, 3];
    assert.deepEqual(status, { assignedIPv4, availableIPv4, assignedIPv6: 0, availableIPv6: 0 });
  });

  it("ST-10, ST-14, FL-5: reports a valid configuration, owned by its pod, and made the gossip secret", async () => {
    const { metadata } = await native.configurationState("Valid");
    assert.deepEqual(
      metadata.ownerReferences.map(({ kind, name }: Json) => `${kind} ${name}`),
      ["Pod controller-0"],
    );
    assert.equal(metadata.labels["metallb.io/component-type"], "controller");
    const { body } = await cluster.api.get(
      `/api/v1/namespaces/${systemNamespace}/secrets/memberlist`,
    );
    assert.equal(Buffer.from(body.data.secretkey, "base64").length, 22);
    assert.equal(body.metadata.ownerReferences[0].kind, "Deployment");
  });

  it("CFG-50, ST-13: keeps the good configuration under a bad one, says so, and recovers", async () => {
    await native.pool("overlapping", ["192.0.2.9/32"]);
    const bad = await native.configurationState("Invalid");
    assert.match(bad.status.errorSummary, /192\.0\.2\.9/);
    await native.service("second");
    assert.deepEqual(await native.addressOf("second"), ["192.0.2.9"]);
    await native.pool("overlapping", ["198.51.100.0/32"], { autoAssign: false });
    await native.configurationState("Valid");
  });

  it("IPAM-12, IPAM-22: serves a request for a pool that is not assigned automatically", async () => {
    await native.service("asks", { annotations: { "metallb.io/address-pool": "overlapping" } });
    assert.deepEqual(await native.addressOf("asks"), ["198.51.100.0"]);
  });

  it("IPAM-55: serves a namespace once its labels make a pool's selector match", async () => {
    const namespaceSelectors = [{ matchLabels: { team: "blue" } }];
    await native.pool("blue", ["203.0.113.0/32"], {
      serviceAllocation: { priority: 1, namespaceSelectors },
    });
    const labels = { metadata: { labels: { team: "blue" } } };
    await cluster.api.patch("/api/v1/namespaces/default", "merge", labels);
    await native.configurationState("Valid");
    await native.eventually(
      async () => {
        await cluster.api.delete(`${services}/third`);
        await native.service("third");
        return native.addressOf("third");
      },
      (ips) => ips[0] === "203.0.113.0",
    );
  });

  it("CFG-53, IPAM-50: moves a service when its address leaves the pools", async () => {
    await native.pool("lan", ["192.0.2.12/30"]);
    await native.until(`${services}/first`, (body) => ingress(body)[0] === "192.0.2.12");
  });

  it("MET-1: shows its metrics to those who may read them, over HTTPS", async () => {
    const role = {
      metadata: { name: "metrics-reader" },
      rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
    };
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    await cluster.create(`${rbac}/clusterroles`, role);
    const roleRef = {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: "metrics-reader",
    };
    const subjects = [{ kind: "ServiceAccount", name: "speaker", namespace: systemNamespace }];
    const binding = { metadata: { name: "metrics-reader" }, roleRef, subjects };
    await cluster.create(`${rbac}/clusterrolebindings`, binding);
    assert.equal((await metrics(undefined)).status, 401);
    assert.equal((await metrics("of-a-stranger")).status, 401);
    assert.equal((await metrics(cluster.nobodyToken)).status, 403);
    const { status, text } = await metrics(await cluster.token("speaker"));
    assert.equal(status, 200);
    assert.match(text, /^metallb_allocator_addresses_in_use_total\{pool="lan"\} 2$/m);
    assert.match(text, /^metallb_allocator_ipv6_addresses_total\{pool="lan"\} 0$/m);
    assert.match(text, /^metallb_k8s_client_config_stale_bool 0$/m);
  });

  it("K8S-1: was refused nothing for want of rights", () => {
    assert.doesNotMatch(native.log(), /forbidden/i);
  });

  it("CTL-13, IPAM-53: starts again without a write to any service, and writes nothing at rest", async () => {
    await native.killController();
    const before = statusWrites();
    const versions = async (): Promise<string[]> =>
      (await cluster.api.get(services)).body.items.map((one: Json) => one.metadata.resourceVersion);
    const versionsBefore = await versions();
    native.startController(...flags);
    await native.service("after-restart");
    await native.addressOf("after-restart");
    await cluster.api.delete(`${services}/after-restart`);
    const left = (await versions()).filter((version) => versionsBefore.includes(version));
    assert.equal(left.length, versionsBefore.length);
    if (serverName === "real")
      assert.deepEqual(statusWrites().slice(before.length), ["default/after-restart"]);
  });

  it("CTL-7, K8S-6: goes on when the API server is killed and comes back, and gives nothing twice", async () => {
    await cluster.restartApiServer();
    await native.pool("more", ["198.51.100.16/28"]);
    const names = Array.from({ length: 8 }, (_, index) => `later-${index}`);
    for (const name of names) await native.service(name);
    const given = (await Promise.all(names.map((name) => native.addressOf(name)))).flat();
    const { body } = await cluster.api.get(services);
    const all = body.items.flatMap(ingress);
    assert.equal(new Set(all).size, all.length);
    assert.equal(given.length, names.length);
  });

  const statusWrites = (): string[] =>
    cluster
      .writesOf("controller")
      .filter((line) => line.includes("services/status"))
      .map((line) => line.split(" ")[2] ?? "");

  const metrics = (token: string | undefined): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const options = { headers, rejectUnauthorized: false, agent: false };
      const asked = request("https://127.0.0.1:9120/metrics", options, (reply) => {
        let text = "";
        reply.on("data", (chunk: Buffer) => (text += chunk.toString()));
        reply.on("end", () => resolve({ status: reply.statusCode ?? 0, text }));
      });
      asked.on("error", reject).end();
    });
});
