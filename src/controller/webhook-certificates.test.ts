import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { KubeObject, Secret } from "../kube/index.ts";
import {
  createLogger,
  Informer,
  KubeClient,
  makeServerCertificate,
  type ResourceRef,
} from "../platform/index.ts";
import { startMetallbCluster, type MetallbCluster } from "../testing/index.ts";
import { WebhookCertificates } from "./webhook-certificates.ts";
import { toBase64 } from "./webhook-secret.ts";

const namespace = "metallb-system";
const secretName = "metallb-webhook-cert";
const serviceName = "metallb-webhook-service";
const secrets: ResourceRef = { group: "", version: "v1", plural: "secrets", namespace };
const registrations: ResourceRef = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "validatingwebhookconfigurations",
};
const registration = "metallb-webhook-configuration";
const definitions: ResourceRef = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
};
const peers = "bgppeers.metallb.io";

interface Registration extends KubeObject {
  webhooks: { clientConfig: { caBundle?: string } }[];
}
interface Definition extends KubeObject {
  spec: { conversion: { webhook: { clientConfig: { caBundle?: string } } } };
}

describe("certificates of the webhooks, with the manifest's rights", { timeout: 60_000 }, () => {
  let cluster: MetallbCluster;
  let admin: KubeClient;
  let client: KubeClient;
  let lines: string[];
  let wakeLog: () => void;
  let running: { stop(): void }[];

  beforeEach(async () => {
    cluster = await startMetallbCluster({ webhooks: true });
    const clientAs = (token: string) =>
      new KubeClient({ server: cluster.url, origin: "the test", token: () => token });
    admin = clientAs(cluster.tokens.admin);
    client = clientAs(cluster.tokens.controller);
    lines = [];
    wakeLog = () => undefined;
    running = [];
  });
  afterEach(async () => {
    for (const one of running) one.stop();
    await client.close();
    await admin.close();
    await cluster.close();
  });

  const start = (own = client): void => {
    const write = (line: string): void => {
      lines.push(line);
      wakeLog();
    };
    const logger = createLogger({ form: "modern", write });
    const one = new WebhookCertificates({
      client: own,
      logger,
      namespace,
      secretName,
      serviceName,
    });
    running.push(one);
    one.start();
  };

  /** The object once it fits; every version of it is shown to `fits`. */
  const until = <T extends KubeObject>(
    ref: ResourceRef,
    name: string,
    fits: (object: T) => boolean,
  ): Promise<T> =>
    new Promise((resolve) => {
      const informer = new Informer<T>(admin, ref, {
        fieldSelector: `metadata.name=${name}`,
        onChange: (_key, object) => {
          if (object === undefined || !fits(object)) return;
          informer.stop();
          resolve(object);
        },
      });
      running.push(informer);
      informer.start();
    });

  const made = () =>
    until<Secret>(secrets, secretName, ({ data }) => data?.["tls.key"] !== undefined);
  const certificateOf = ({ data }: Secret, key: string) =>
    new X509Certificate(Buffer.from(data?.[key] ?? "", "base64"));
  const trusted = async (bundle: string | undefined) => {
    const all = (object: Registration) =>
      object.webhooks.every(({ clientConfig }) => clientConfig.caBundle === bundle);
    await until<Registration>(registrations, registration, all);
    await until<Definition>(
      definitions,
      peers,
      ({ spec }) => spec.conversion.webhook.clientConfig.caBundle === bundle,
    );
  };

  it("WH-9, INS-29: fills the manifest's empty secret, and has the API server trust it everywhere", async () => {
    start();
    const secret = await made();
    assert.deepEqual(Object.keys(secret.data ?? {}).sort(), [
      "ca.crt",
      "ca.key",
      "tls.crt",
      "tls.key",
    ]);
    const server = certificateOf(secret, "tls.crt");
    assert.ok(server.checkHost("metallb-webhook-service.metallb-system.svc"));
    assert.equal(certificateOf(secret, "ca.crt").subject, "O=metallb\nCN=cert");
    assert.ok(server.verify(certificateOf(secret, "ca.crt").publicKey));
    await trusted(secret.data?.["ca.crt"]);
    const { body } = await cluster.request(
      "GET",
      `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${registration}`,
    );
    const managers = body.metadata.managedFields.map(({ manager }: { manager: string }) => manager);
    assert.ok(managers.includes("MetalLB"), managers.join());
    assert.equal(body.webhooks.length, 6);
    assert.doesNotMatch(lines.join(""), /PRIVATE|LS0t/);
  });

  it("WH-9: what is good is left alone, by this controller and by the next", async () => {
    start();
    const secret = await made();
    await trusted(secret.data?.["ca.crt"]);
    running[0]?.stop();
    start();
    // Its own repair shows that it has read everything before.
    await admin.patch(registrations, registration, broken(await registered()), { type: "merge" });
    await trusted(secret.data?.["ca.crt"]);
    const now = await admin.get<Secret>(secrets, secretName);
    assert.equal(now.metadata.resourceVersion, secret.metadata.resourceVersion);
  });

  const registered = () => admin.get<Registration>(registrations, registration);
  /** One entry of six with another bundle. */
  const broken = ({ webhooks }: Registration) => ({
    webhooks: webhooks.map((one, at) =>
      at === 3 ? { ...one, clientConfig: { ...one.clientConfig, caBundle: toBase64("no") } } : one,
    ),
  });

  it("WH-9: an altered bundle is put back, in the webhooks and in the conversion", async () => {
    start();
    const bundle = (await made()).data?.["ca.crt"];
    await trusted(bundle);
    await admin.patch(registrations, registration, broken(await registered()), { type: "merge" });
    await trusted(bundle);
    const spec = { conversion: { webhook: { clientConfig: { caBundle: toBase64("no") } } } };
    await admin.patch(definitions, peers, { spec }, { type: "merge" });
    await trusted(bundle);
  });

  it("WH-9: two controllers that start at once agree on one authority", async () => {
    const authorities = new Set<string>();
    const watching = until<Secret>(secrets, secretName, ({ data }) => {
      if (data?.["ca.crt"]) authorities.add(data["ca.crt"]);
      return data?.["stop"] !== undefined;
    });
    start();
    start();
    const secret = await made();
    await trusted(secret.data?.["ca.crt"]);
    await admin.patch(secrets, secretName, { data: { stop: "" } }, { type: "merge" });
    await watching;
    assert.deepEqual([...authorities], [secret.data?.["ca.crt"]]);
    assert.doesNotMatch(lines.join(""), /"level":"error"/);
  });

  it("WH-9: a server certificate near its end is renewed, its authority and other keys stay", async () => {
    start();
    const secret = await made();
    const text = (key: string) => Buffer.from(secret.data?.[key] ?? "", "base64").toString();
    const dnsName = `${serviceName}.${namespace}.svc`;
    const ending = await makeServerCertificate(
      { cert: text("ca.crt"), key: text("ca.key") },
      { commonName: dnsName, dnsNames: [dnsName], days: 89 },
    );
    const data = {
      "tls.crt": toBase64(ending.cert),
      "tls.key": toBase64(ending.key),
      mine: toBase64("kept"),
    };
    await admin.patch(secrets, secretName, { data }, { type: "merge" });
    const renewed = await until<Secret>(secrets, secretName, (one) => {
      const days = (certificateOf(one, "tls.crt").validToDate.getTime() - Date.now()) / 86_400_000;
      return one.data?.["mine"] !== undefined && days > 300;
    });
    assert.equal(renewed.data?.["ca.crt"], secret.data?.["ca.crt"]);
    assert.equal(renewed.data?.["mine"], toBase64("kept"));
  });

  it("WH-9: every 12 hours it looks at the time, and renews what ends within 90 days", async (context) => {
    const dayMs = 86_400_000;
    context.mock.timers.enable({ apis: ["setInterval", "Date"], now: Date.now() });
    // The token of a service account would be long expired.
    start(admin);
    const secret = await made();
    await trusted(secret.data?.["ca.crt"]);
    const firstEnd = certificateOf(secret, "tls.crt").validToDate.getTime();
    context.mock.timers.tick(276 * dayMs);
    const renewed = await until<Secret>(
      secrets,
      secretName,
      (one) => certificateOf(one, "tls.crt").validToDate.getTime() > firstEnd + 275 * dayMs,
    );
    assert.equal(renewed.data?.["ca.crt"], secret.data?.["ca.crt"]);
  });

  it("WH-9: without its secret it says so, with the mend, and goes on when the secret comes", async () => {
    await admin.delete(secrets, secretName);
    const told = new Promise<void>((resolve) => {
      wakeLog = resolve;
    });
    start();
    await told;
    const line = JSON.parse(lines[0] ?? "") as Record<string, string>;
    assert.equal(line["level"], "error");
    assert.match(line["error"] ?? "", /metallb-system\/metallb-webhook-cert does not exist/);
    assert.match(line["msg"] ?? "", /create it empty/);
    await admin.create(secrets, { metadata: { name: secretName } });
    await trusted((await made()).data?.["ca.crt"]);
  });
});
