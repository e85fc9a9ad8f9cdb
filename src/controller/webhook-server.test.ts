import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { connect } from "node:tls";
import { after, before, describe, it } from "node:test";
import type { Secret } from "../kube/index.ts";
import { createLogger, Informer, KubeClient, makeSelfSigned } from "../platform/index.ts";
import { startMetallbCluster, type MetallbCluster } from "../testing/index.ts";
import { startWebhooks, type WebhookOptions, type Webhooks } from "./webhook-server.ts";

const namespace = "metallb-system";
const resources = `/apis/metallb.io/v1beta1/namespaces/${namespace}`;
const newerPeers = `/apis/metallb.io/v1beta2/namespaces/${namespace}/bgppeers`;
const secrets = { group: "", version: "v1", plural: "secrets", namespace };
const poolPath = "/validate-metallb-io-v1beta1-ipaddresspool";

describe("webhooks, called by the embedded API server", { timeout: 60_000 }, () => {
  let cluster: MetallbCluster;
  let client: KubeClient;
  let folder: string;
  let webhooks: Webhooks | undefined;
  let port: number;
  let authority: string;
  const lines: string[] = [];
  const watching: { stop(): void }[] = [];

  before(async () => {
    cluster = await startMetallbCluster({ webhooks: true });
    const token = cluster.tokens.controller;
    client = new KubeClient({ server: cluster.url, origin: "the test", token: () => token });
    folder = mkdtempSync(join(tmpdir(), "metallb-webhooks-"));
    const early = await create("ipaddresspools", "early", { addresses: ["192.0.2.0/24"] });
    assert.equal(early.status, 500, "WH-10: no files, no server, failurePolicy Fail");
    const listening = new Promise<number>((onListening) => {
      webhooks = startWebhooks({ ...options(), onListening });
    });
    const secret = await madeSecret();
    authority = Buffer.from(secret.data?.["ca.crt"] ?? "", "base64").toString();
    mount(secret.data ?? {}, "..1");
    port = await listening;
    await publish(port);
    await trusted();
  });
  after(async () => {
    for (const informer of watching) informer.stop();
    await webhooks?.close();
    await client.close();
    await cluster.close();
    rmSync(folder, { recursive: true });
  });

  const options = (): WebhookOptions => ({
    client,
    logger: createLogger({ form: "modern", level: "info", write: (line) => lines.push(line) }),
    namespace,
    flags: {
      "webhook-mode": "enabled",
      "webhook-secret": "metallb-webhook-cert",
      "webhook-http2": false,
      "cert-service-name": "metallb-webhook-service",
      "cert-dir": folder,
      "disable-cert-rotation": false,
    },
    tls: { minVersion: "TLSv1.3" },
    bgpType: "frr",
    port: 0,
  });

  const madeSecret = (): Promise<Secret> =>
    new Promise((resolve) => {
      const informer = new Informer<Secret>(client, secrets, {
        fieldSelector: "metadata.name=metallb-webhook-cert",
        onChange: (_key, secret) => {
          if (secret?.data?.["tls.key"] === undefined) return;
          informer.stop();
          resolve(secret);
        },
      });
      watching.push(informer);
      informer.start();
    });

  /** As the kubelet does: a folder, and a symbolic link that is moved over to it. */
  const mount = (data: Readonly<Record<string, string>>, version: string): void => {
    mkdirSync(join(folder, version));
    for (const [name, value] of Object.entries(data)) {
      writeFileSync(join(folder, version, name), Buffer.from(value, "base64"));
      rmSync(join(folder, name), { force: true });
      symlinkSync(join("..data", name), join(folder, name));
    }
    symlinkSync(version, join(folder, "..new"));
    renameSync(join(folder, "..new"), join(folder, "..data"));
  };

  /** What the endpoint controller would say of the Service, at our port. */
  const publish = async (port: number): Promise<void> => {
    const slice = {
      metadata: {
        name: "metallb-webhook-service-1",
        labels: { "kubernetes.io/service-name": "metallb-webhook-service" },
      },
      addressType: "IPv4",
      endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
      ports: [{ name: "", port, protocol: "TCP" }],
    };
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    assert.equal((await cluster.request("POST", path, slice)).status, 201);
  };

  /** The conversion's bundle is written last. */
  const trusted = async (): Promise<void> => {
    const bundle = Buffer.from(authority).toString("base64");
    const ref = {
      group: "apiextensions.k8s.io",
      version: "v1",
      plural: "customresourcedefinitions",
    };
    await new Promise<void>((resolve) => {
      const informer = new Informer<{ metadata: { name: string } }>(client, ref, {
        fieldSelector: "metadata.name=bgppeers.metallb.io",
        onChange: (_key, object) => {
          if (!JSON.stringify(object).includes(bundle)) return;
          informer.stop();
          resolve();
        },
      });
      watching.push(informer);
      informer.start();
    });
  };

  const create = (plural: string, name: string, spec: object, where = namespace) => {
    const path = `/apis/metallb.io/v1beta1/namespaces/${where}/${plural}`;
    const kinds: Record<string, string> = {
      ipaddresspools: "IPAddressPool",
      bgpadvertisements: "BGPAdvertisement",
      bfdprofiles: "BFDProfile",
      bgppeers: "BGPPeer",
    };
    const apiVersion = "metallb.io/v1beta1";
    return cluster.request("POST", path, {
      apiVersion,
      kind: kinds[plural],
      metadata: { name },
      spec,
    });
  };
  const createPeer = (name: string, spec: object) =>
    cluster.request("POST", newerPeers, {
      apiVersion: "metallb.io/v1beta2",
      kind: "BGPPeer",
      metadata: { name },
      spec: { myASN: 64600, peerASN: 64601, peerAddress: "192.0.2.1", ...spec },
    });

  /** A call of the server itself, as a stranger would make it. */
  const call = async (
    path: string,
    body: string | Buffer,
    { method = "POST", type = "application/json" } = {},
  ) => {
    const request = httpsRequest({
      host: "127.0.0.1",
      port,
      path,
      method,
      ca: authority,
      servername: "metallb-webhook-service.metallb-system.svc",
      headers: { "content-type": type },
      agent: false,
    });
    request.end(body);
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    return { status: answer.statusCode, text: await readAll(answer) };
  };

  it("WH-1, WH-2, WH-4: a good pool passes, one that overlaps it is denied at once, with the reason", async () => {
    assert.equal(
      (await create("ipaddresspools", "lan", { addresses: ["192.0.2.0/24"] })).status,
      201,
    );
    const denied = await create("ipaddresspools", "more", { addresses: ["192.0.2.9/32", "x"] });
    assert.equal(denied.status, 403);
    assert.match(denied.body.message, /ipaddresspoolvalidationwebhook\.metallb\.io/);
    assert.match(denied.body.message, /192\.0\.2\.9\/32/);
    assert.match(denied.body.message, /"x"/, "every finding is told");
    const grown = { spec: { addresses: ["192.0.2.0/24", "198.51.100.0/24"] } };
    const path = `${resources}/ipaddresspools/lan`;
    assert.equal((await cluster.request("PATCH", path, grown)).status, 200);
  });

  it("WH-3, TV-78: a pool in namespace default is denied", async () => {
    const denied = await create(
      "ipaddresspools",
      "astray",
      { addresses: ["10.0.0.0/24"] },
      "default",
    );
    assert.equal(denied.status, 403);
    assert.match(denied.body.message, /must be created in metallb-system namespace/);
  });

  it("WH-4, TV-79, TV-80, TV-81: what may come later passes, what never will be right does not", async () => {
    assert.equal((await createPeer("rack", { bfdProfile: "later" })).status, 201);
    const advertisement = (name: string, community: string) =>
      create("bgpadvertisements", name, { communities: [community] });
    assert.equal((await advertisement("alias", "later-alias")).status, 201);
    assert.equal((await advertisement("large", "99999:1")).status, 403);
  });

  it("WH-6, TV-82: a BFD profile in use cannot be deleted, an unused one can", async () => {
    for (const name of ["fast", "idle"]) {
      assert.equal((await create("bfdprofiles", name, {})).status, 201);
    }
    const peer = { bfdProfile: "fast", peerAddress: "192.0.2.7" };
    assert.equal((await createPeer("user", peer)).status, 201);
    const denied = await cluster.request("DELETE", `${resources}/bfdprofiles/fast`);
    assert.equal(denied.status, 403);
    assert.match(denied.body.message, /used by BGPPeer user/);
    assert.equal((await cluster.request("DELETE", `${resources}/bfdprofiles/idle`)).status, 200);
  });

  it("WH-7: disableMP brings a warning, and is checked like any other peer", async () => {
    const warned = await createPeer("old-style", { disableMP: true, peerAddress: "192.0.2.8" });
    assert.equal(warned.status, 201);
    assert.match(warned.warnings.join(), /disableMP is deprecated/);
    const denied = await createPeer("bad", { disableMP: true, peerAddress: "198.18.300.1" });
    assert.equal(denied.status, 403);
  });

  it("CRD-14, CRD-15, CRD-16, TV-83, TV-84: peers are converted between both versions", async () => {
    const old = { myASN: 64600, peerASN: 2, peerAddress: "192.0.2.3" };
    const created = await create("bgppeers", "old", old);
    assert.equal(created.status, 201, created.body.message);
    assert.match(created.warnings.join(), /v1beta1 is deprecated, please use v1beta2/);
    const stored = (await cluster.request("GET", `${newerPeers}/old`)).body;
    assert.deepEqual([stored.spec.holdTime, stored.spec.keepaliveTime], ["0s", "0s"]);
    assert.equal((await createPeer("red", { vrf: "red", peerAddress: "192.0.2.4" })).status, 201);
    const shown = (await cluster.request("GET", `${resources}/bgppeers/red`)).body;
    assert.equal(shown.apiVersion, "metallb.io/v1beta1");
    assert.equal("vrf" in shown.spec, false);
    assert.deepEqual([shown.spec.holdTime, shown.spec.keepaliveTime], ["0s", "0s"]);
  });

  it("WH-8: a stranger, garbage, a huge body: a short answer each, nothing in the log", async () => {
    const before = lines.length;
    assert.equal((await call("/", "{}")).status, 404);
    assert.equal((await call("/..%2f", "{}")).status, 404);
    assert.equal((await call(poolPath, "", { method: "GET" })).status, 405);
    assert.equal((await call(poolPath, "{}", { type: "text/yaml" })).status, 415);
    const review = { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1" };
    const bad = ["", "garbage", "[1]", "{}", JSON.stringify(review), "[".repeat(1_000_000)];
    for (const body of bad) {
      const { status, text } = await call(poolPath, body);
      assert.equal(status, 400);
      const { response } = JSON.parse(text);
      assert.equal(response.allowed, false);
      assert.equal(response.status.code, 400);
      assert.ok(text.length < 1000);
    }
    assert.equal((await call("/convert", "garbage")).status, 400);
    const huge = await call(poolPath, Buffer.alloc(9 * 1024 * 1024, "["));
    assert.equal(huge.status, 413);
    assert.deepEqual(lines.slice(before), []);
    assert.equal(
      (await create("ipaddresspools", "after", { addresses: ["10.0.0.0/24"] })).status,
      201,
    );
  });

  it("WH-4: objects that cannot be read are said to be the cause", async () => {
    const request = { uid: "u", kind: { kind: "IPAddressPool" }, operation: "CREATE" };
    const object = { metadata: { name: "x", namespace }, spec: { addresses: ["10.9.0.0/24"] } };
    const body = JSON.stringify({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: { ...request, object },
    });
    const lost = new KubeClient({ server: "http://127.0.0.1:1", origin: "the test" });
    const server = await alone({ client: lost });
    const answer = await call(poolPath, body).finally(server.close);
    await lost.close();
    const { response } = JSON.parse(answer.text);
    assert.deepEqual([response.uid, response.allowed, response.status.code], ["u", false, 500]);
    assert.match(response.status.message, /cannot read the existing objects.*connection refused/);
  });

  /** A second server beside, without rotation; `call` goes to it until it is closed. */
  const alone = async (rest: Partial<WebhookOptions> = {}) => {
    const [mainPort, mainAuthority] = [port, authority];
    const own = mkdtempSync(join(tmpdir(), "metallb-webhooks-"));
    const dnsNames = ["metallb-webhook-service.metallb-system.svc"];
    const pair = await makeSelfSigned({ commonName: "own", dnsNames, days: 1 });
    writeFileSync(join(own, "tls.crt"), pair.cert);
    writeFileSync(join(own, "tls.key"), pair.key);
    const { flags, ...common } = options();
    let started: Webhooks | undefined;
    port = await new Promise<number>((onListening) => {
      const ownFlags = { ...flags, "cert-dir": own, "disable-cert-rotation": true };
      started = startWebhooks({ ...common, flags: ownFlags, ...rest, onListening });
    });
    authority = pair.cert;
    return {
      close: async () => {
        [port, authority] = [mainPort, mainAuthority];
        await started?.close();
        rmSync(own, { recursive: true });
      },
    };
  };

  it("WH-10: with rotation disabled the operator's files are served at once, and no secret is needed", async () => {
    const nobody = new KubeClient({ server: "http://127.0.0.1:1", origin: "the test" });
    const before = lines.length;
    const server = await alone({ client: nobody });
    const answer = await call("/convert", "{}").finally(server.close);
    await nobody.close();
    assert.equal(answer.status, 400);
    assert.doesNotMatch(lines.slice(before).join(""), /"level":"error"/);
  });

  it("WH-10: new files are served as soon as they are mounted", async () => {
    const name = "metallb-webhook-service.metallb-system.svc";
    const next = await makeSelfSigned({ commonName: name, dnsNames: [name], days: 1 });
    const isServed = async (): Promise<boolean> => {
      const where = { host: "127.0.0.1", port, servername: name };
      const socket = connect({ ...where, rejectUnauthorized: false });
      await once(socket, "secureConnect");
      const served = socket.getPeerX509Certificate()?.toString();
      socket.destroy();
      return served === next.cert;
    };
    assert.equal(await isServed(), false);
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    mount({ "tls.crt": base64(next.cert), "tls.key": base64(next.key) }, "..2");
    while (!(await isServed()));
    authority = next.cert;
    assert.equal((await call("/convert", "{}")).status, 400);
  });
});
