/** The whole program: as processes against the embedded API server, and its refusals to start. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startApiServer, type RunningApiServer } from "../apiserver/index.ts";
import type { KubeEvent, Service } from "../kube/index.ts";
import { KubeClient } from "../platform/index.ts";
import { ControllerProcess } from "../testing/index.ts";
import { runController } from "./main.ts";

const configMaps = { group: "", version: "v1", plural: "configmaps", namespace: "metallb-system" };
const services = { group: "", version: "v1", plural: "services", namespace: "shop" };

/** Makes the namespaces of the tests. */
async function prepare(client: KubeClient): Promise<void> {
  const namespaces = { group: "", version: "v1", plural: "namespaces" };
  for (const name of ["metallb-system", "shop"]) {
    await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
}

function loadBalancer(name: string, spec: Partial<Service["spec"]> = {}): Service {
  const metadata = { name, namespace: "shop" };
  const whole = { type: "LoadBalancer", ports: [{ port: 80 }], ...spec };
  return { apiVersion: "v1", kind: "Service", metadata, spec: whole };
}

describe("controller program", () => {
  let dir: string;
  let api: RunningApiServer;
  let client: KubeClient;
  let kubeconfig: string;
  const started: ControllerProcess[] = [];

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "controller-"));
    kubeconfig = join(dir, "kubeconfig");
    api = await startApiServer({ dataFile: ":memory:", host: "127.0.0.1", port: 0 });
    writeFileSync(kubeconfig, api.kubeconfig);
    client = KubeClient.fromEnvironment({ kubeconfig, env: {} });
    await prepare(client);
  });

  after(async () => {
    for (const { child } of started) child.kill("SIGKILL");
    await client.close();
    await api.close();
    rmSync(dir, { recursive: true });
  });

  function start(...argv: string[]): ControllerProcess {
    const place = [`--kubeconfig=${kubeconfig}`, "--namespace=metallb-system"];
    const common = [...place, "--config=config", "--port=0"];
    const controller = new ControllerProcess([...common, ...argv]);
    started.push(controller);
    return controller;
  }

  async function putConfig(config: string): Promise<void> {
    const body = { apiVersion: "v1", kind: "ConfigMap", data: { config } };
    const { items } = await client.list(configMaps);
    if (items.length > 0) await client.patch(configMaps, "config", body, { type: "merge" });
    else await client.create(configMaps, { ...body, metadata: { name: "config" } });
  }

  async function createService(name: string, spec: Partial<Service["spec"]> = {}): Promise<void> {
    await client.create(services, loadBalancer(name, spec));
  }

  async function addressOf(name: string): Promise<string | undefined> {
    const { status } = await client.get<Service>(services, name);
    return status?.loadBalancer?.ingress?.[0]?.ip;
  }

  async function versionOf(name: string): Promise<string | undefined> {
    return (await client.get<Service>(services, name)).metadata.resourceVersion;
  }

  it("FL-3, LC-30: serves a Service, tells it, and after a restart writes nothing for it", async () => {
    const first = start();
    const waits = "waiting for ConfigMap metallb-system/config, or for custom resources";
    await first.line({ op: "startup", msg: `no configuration yet: ${waits}` });
    assert.ok(!first.lines.some(({ error }) => error), "LC-27: nothing was deleted");
    await createService("web");
    await putConfig(
      "address-pools: [{name: lan, protocol: layer2, addresses: [192.0.2.1-192.0.2.9]}]",
    );
    await first.line({ event: "serviceUpdated", service: "shop/web" });
    assert.equal(await addressOf("web"), "192.0.2.1");

    await createService("asks", { loadBalancerIP: "192.0.2.7" });
    await first.line({ event: "serviceUpdated", service: "shop/asks" });
    assert.equal(await addressOf("asks"), "192.0.2.7");
    assert.equal(await first.stop(), 0);

    const before = [await versionOf("web"), await versionOf("asks")];
    const second = start("--webhook-mode=disabled");
    await second.line({ event: "stateSynced" });
    const [hello, later] = second.lines;
    assert.match(String(hello?.["msg"]), /^MetalLB controller starting/);
    for (const key of ["version", "commit", "branch", "goversion"]) assert.ok(hello?.[key], key);
    assert.deepEqual(later?.["flags"], ["webhook-mode"], "FL-2: it is checked all the same");
    await createService("last");
    await second.line({ event: "serviceUpdated", service: "shop/last" });
    assert.equal(await addressOf("last"), "192.0.2.2");
    assert.deepEqual([await versionOf("web"), await versionOf("asks")], before);
    const events = await client.list<KubeEvent>({ ...services, plural: "events" });
    const messages = events.items.map(({ message }) => message);
    assert.ok(messages.includes('Assigned IP "192.0.2.1"'), messages.join());
    const sources = new Set(events.items.map(({ source }) => source.component));
    assert.deepEqual([...sources], ["metallb-controller"]);

    await putConfig("address-pools: [{name: lan, protocol: layer3, addresses: [192.0.2.0/24]}]");
    const refused = await second.line({ event: "configStale" });
    assert.match(String(refused["error"]), /layer3/);
    await putConfig("");
    await second.line({ event: "configStale" }, 2);
    const empty = 'ConfigMap metallb-system/config has no text under data key "config"';
    await second.line({ op: "setConfig", msg: `${empty}: it configures nothing` });
    assert.equal(await addressOf("web"), "192.0.2.1", "LC-21: addresses in use are kept");
    assert.equal(await second.stop("SIGINT"), 0);
  });

  it("K8S-6: survives a restart of the API server: nothing lost, nothing written twice", async () => {
    const dataFile = join(dir, "data.sqlite");
    const options = { dataFile, host: "127.0.0.1", port: 0 };
    let own = await startApiServer(options);
    options.port = Number(new URL(own.url).port);
    const ownConfig = join(dir, "own");
    writeFileSync(ownConfig, own.kubeconfig);
    const ownClient = KubeClient.fromEnvironment({ kubeconfig: ownConfig, env: {} });
    await prepare(ownClient);
    const config = "address-pools: [{name: a, protocol: layer2, addresses: [192.0.2.0/24]}]";
    await ownClient.create(configMaps, { metadata: { name: "config" }, data: { config } });
    await ownClient.create(services, loadBalancer("before"));
    const controller = start(`--kubeconfig=${ownConfig}`);
    await controller.line({ event: "serviceUpdated", service: "shop/before" });

    await own.close();
    await controller.line({ op: "watch", resource: "services", msg: "retrying" });
    own = await startApiServer(options);
    await controller.line({ op: "watch", resource: "services", msg: "recovered" });
    await ownClient.create(services, loadBalancer("after"));
    await controller.line({ event: "serviceUpdated", service: "shop/after" });
    const writes = controller.lines.filter((line) => line["event"] === "serviceUpdated");
    assert.equal(writes.length, 2);
    assert.equal(await controller.stop(), 0);
    await ownClient.close();
    await own.close();
  });

  it("a kubeconfig whose server is not there: one clear line, and it waits for the server", async () => {
    const nowhere = join(dir, "nowhere");
    writeFileSync(nowhere, api.kubeconfig.replaceAll(api.url, "http://127.0.0.1:1"));
    const controller = start(`--kubeconfig=${nowhere}`);
    const line = await controller.line({ op: "watch", resource: "services" });
    assert.match(String(line["error"]), /http:\/\/127\.0\.0\.1:1 .*refused.*context .*nowhere/);
    assert.equal(await controller.stop(), 0);
  });
});

describe("runController", () => {
  /** What a start that is refused says and answers. */
  async function run(argv: string[], env: Record<string, string> = {}) {
    let stdout = "";
    let stderr = "";
    const output = {
      out: (text: string) => void (stdout += text),
      err: (text: string) => void (stderr += text),
    };
    return { status: await runController(argv, env, output), stdout, stderr };
  }

  it("FL-3: the first line tells the build, and BGP type frr is called deprecated", async () => {
    const { stdout } = await run(["--config=config"], { METALLB_BGP_TYPE: "frr" });
    assert.match(stdout, /^\{"ts":"[^"]+","caller":"start-program\.ts:\d+","version":/);
    assert.match(stdout, /METALLB_BGP_TYPE=frr is deprecated/);
  });

  const refusals: [string, string[], number, RegExp][] = [
    ["LC-40: an unknown flag", ["--colour"], 2, /flag provided but not defined: -colour\nUsage/],
    ["LC-40: a bad port", ["--port=x"], 2, /invalid value "x" for flag -port/],
    ["FL-2: a bad log level", ["--log-level=loud"], 1, /^--log-level=loud: it must be one of all/],
    ["FL-2, TV-88: a bad webhook mode", ["--webhook-mode=maybe"], 1, /--webhook-mode=maybe/],
    ["FL-4: a bad TLS version", ["--tls-min-version=1"], 1, /--tls-min-version=1: it must be/],
    ["LC-43: no pod and no kubeconfig", [], 1, /give --kubeconfig FILE/],
    ["LC-43: a kubeconfig that is not there", ["--kubeconfig=/no"], 1, /file \/no \(ENOENT\)/],
  ];
  for (const [name, argv, wanted, message] of refusals) {
    it(`${name} ends with status ${wanted} and says why`, async () => {
      const { status, stdout, stderr } = await run(argv);
      assert.equal(status, wanted);
      assert.match(status === 2 ? stderr : stdout, message);
    });
  }

  it("FL-2: an unknown namespace, and a gossip secret that cannot be made, end with status 1", async () => {
    const dir = mkdtempSync(join(tmpdir(), "controller-"));
    writeFileSync(join(dir, "ca.crt"), "");
    const env = {
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: "1",
      METALLB_SERVICE_ACCOUNT_DIR: dir,
    };
    const lost = await run([], env);
    assert.equal(lost.status, 1);
    assert.match(lost.stdout, /namespace of the configuration is unknown: give --namespace/);
    const argv = ["--namespace=a", "--ml-secret-name=m", "--deployment=d"];
    const unable = await run(argv, env);
    assert.equal(unable.status, 1);
    assert.match(unable.stdout, /cannot reach the Kubernetes API server https:\/\/127\.0\.0\.1:1/);
    rmSync(dir, { recursive: true });
  });

  it("LC-40: -h prints the flags and ends with status 0", async () => {
    const { status, stdout } = await run(["-h"]);
    assert.equal(status, 0);
    assert.match(stdout, /^Usage of controller:/);
  });
});
