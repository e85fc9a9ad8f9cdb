/** The webhooks of the controller, called by an API server that follows manifests/metallb-native.yaml. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { enterPrivateNetwork, whyNoPrivateNetwork } from "../../src/testing/index.ts";
import { succeeded, type Json } from "../kube-api/api-client.ts";
import { reasonToSkip, serverName } from "../kube-api/servers.ts";
import { inSystem, NativeCluster, resources } from "./native-cluster.ts";

const skip = whyNoPrivateNetwork() ?? (await reasonToSkip());
if (skip === undefined) enterPrivateNetwork();

const registration = "metallb-webhook-configuration";
const registrationPath = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${registration}`;
const peerDefinition =
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/bgppeers.metallb.io";

describe(`webhooks on the ${serverName} API server`, { skip, timeout: 280_000 }, () => {
  let native: NativeCluster;
  let certificates: string;

  before(async () => {
    native = await NativeCluster.start(["DaemonSet"]);
    certificates = join(native.cluster.scratch, "serving-certs");
    mkdirSync(certificates);
    await leadServiceHere();
    native.startController("--port=0", `--cert-dir=${certificates}`);
  });
  after(() => native?.stop());

  /** No kubelet and no service proxy run here: the Service leads to this machine's loopback by its name. */
  const leadServiceHere = async (): Promise<void> => {
    const path = `${inSystem}/services/metallb-webhook-service`;
    succeeded(await native.api.delete(path));
    const metadata = { name: "metallb-webhook-service" };
    const spec = { type: "ExternalName", externalName: "localhost", ports: [{ port: 443 }] };
    succeeded(await native.api.post(`${inSystem}/services`, { metadata, spec }), 201);
    const { body } = await native.api.get(registrationPath);
    for (const { clientConfig } of body.webhooks) clientConfig.service.port = 9443;
    succeeded(await native.api.put(registrationPath, body));
    const port = {
      spec: { conversion: { webhook: { clientConfig: { service: { port: 9443 } } } } },
    };
    succeeded(await native.api.patch(peerDefinition, "merge", port));
  };

  /** What the kubelet does with a pod's secret volume. */
  const mountSecret = async (): Promise<Json> => {
    const { data } = await native.until(`${inSystem}/secrets/metallb-webhook-cert`, ({ data }) =>
      ["ca.crt", "ca.key", "tls.crt", "tls.key"].every((key) => data?.[key]),
    );
    for (const [name, value] of Object.entries(data)) {
      writeFileSync(join(certificates, name), Buffer.from(String(value), "base64"));
    }
    return data;
  };
  const bundles = (body: Json): unknown[] =>
    body.webhooks.map(({ clientConfig }: Json) => clientConfig.caBundle);

  it("WH-9, INS-29: makes certificates, and tells the API server whom to trust", async () => {
    const data = await mountSecret();
    const trusts = (body: Json): boolean => bundles(body).every((one) => one === data["ca.crt"]);
    const { webhooks } = await native.until(registrationPath, trusts);
    assert.equal(webhooks.length, 6);
    await native.until(
      peerDefinition,
      ({ spec }) => spec.conversion.webhook.clientConfig.caBundle === data["ca.crt"],
    );
  });

  it("WH-10, WH-4: serves once the files are there, and lets a good pool pass", async () => {
    await native.eventually(
      () => native.apply("IPAddressPool", "lan", { addresses: ["192.0.2.0/24"] }),
      ({ status }) => status < 300,
    );
  });

  it("WH-4, CFG-12: refuses a pool that overlaps another, in words that name both", async () => {
    const { status, body } = await native.apply("IPAddressPool", "other", {
      addresses: ["192.0.2.128/25"],
    });
    assert.equal(status, 403, JSON.stringify(body));
    assert.match(body.message, /ipaddresspoolvalidationwebhook\.metallb\.io.*192\.0\.2\.128\/25/s);
  });

  it("WH-3, TV-78: refuses a pool in another namespace", async () => {
    const object = {
      apiVersion: "metallb.io/v1beta1",
      kind: "IPAddressPool",
      metadata: { name: "astray" },
      spec: { addresses: ["198.51.100.0/24"] },
    };
    const path = "/apis/metallb.io/v1beta1/namespaces/default/ipaddresspools";
    const { status, body } = await native.api.post(path, object);
    assert.equal(status, 403);
    assert.match(body.message, /metallb-system/);
  });

  it("CRD-14..16, TV-83, TV-84: converts peers between both versions", async () => {
    const peers = (version: string): string => resources.replace("v1beta1", version) + "/bgppeers";
    const old = {
      apiVersion: "metallb.io/v1beta1",
      kind: "BGPPeer",
      metadata: { name: "old" },
      spec: { myASN: 64600, peerASN: 64601, peerAddress: "192.0.2.1" },
    };
    const created = await native.eventually(
      () => native.api.post(peers("v1beta1"), old),
      ({ status }) => status === 201,
    );
    assert.match(String(created.headers["warning"]), /v1beta1 is deprecated, please use v1beta2/);
    const stored = succeeded(await native.api.get(`${peers("v1beta2")}/old`));
    assert.deepEqual([stored.spec.holdTime, stored.spec.keepaliveTime], ["0s", "0s"]);
    const spec = { myASN: 64600, peerASN: 64602, peerAddress: "192.0.2.2", vrf: "red" };
    const young = { ...old, apiVersion: "metallb.io/v1beta2", metadata: { name: "young" }, spec };
    const refused = await native.api.post(peers("v1beta2"), young);
    assert.equal(refused.status, 403, "native BGP knows no VRF");
    const { vrf: _, ...plain } = spec;
    succeeded(await native.api.post(peers("v1beta2"), { ...young, spec: plain }), 201);
    const shown = succeeded(await native.api.get(`${peers("v1beta1")}/young`));
    assert.equal(shown.spec.holdTime, "0s");
    assert.equal(succeeded(await native.api.get(peers("v1beta1"))).items.length, 2);
  });

  it("WH-6, TV-82: keeps a BFD profile that a peer names", async () => {
    succeeded((await native.apply("BFDProfile", "fast", {})) as Json, 201);
    const peer = `${resources.replace("v1beta1", "v1beta2")}/bgppeers/young`;
    succeeded(await native.api.patch(peer, "merge", { spec: { bfdProfile: "fast" } }));
    const denied = await native.api.delete(`${resources}/bfdprofiles/fast`);
    assert.equal(denied.status, 403);
    assert.match(denied.body.message, /young/);
  });

  it("WH-9: puts its bundle back when somebody takes it away", async () => {
    const { body } = await native.api.get(registrationPath);
    const before = bundles(body);
    for (const { clientConfig } of body.webhooks) clientConfig.caBundle = "";
    succeeded(await native.api.put(registrationPath, body));
    await native.until(registrationPath, (now) => bundles(now).join() === before.join());
  });

  it("WH-9: makes new certificates when the secret is emptied, and serves them", async () => {
    const path = `${inSystem}/secrets/metallb-webhook-cert`;
    const { body } = await native.api.get(path);
    const old = body.data["ca.crt"];
    succeeded(await native.api.put(path, { ...body, data: {} }));
    await native.until(
      path,
      ({ data }) => data?.["ca.crt"] !== undefined && data["ca.crt"] !== old,
    );
    await mountSecret();
    await native.eventually(
      () => native.apply("IPAddressPool", "lan", { addresses: ["192.0.2.0/25"] }),
      ({ status }) => status < 300,
    );
  });

  it("K8S-1: was refused nothing for want of rights", () => {
    assert.doesNotMatch(native.log(), /forbidden/i);
  });
});
