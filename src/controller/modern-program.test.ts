/** The whole program in the process interface of v0.16, on an API server with v0.16's rights. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ControllerProcess, startMetallbCluster, type MetallbCluster } from "../testing/index.ts";

const group = "/apis/metallb.io/v1beta1/namespaces/metallb-system";
const pools = `${group}/ipaddresspools`;
const state = `${group}/configurationstates/controller`;
const shop = "/api/v1/namespaces/shop/services";

function pool(name: string, addresses: string[]) {
  const metadata = { name, namespace: "metallb-system" };
  return { apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool", metadata, spec: { addresses } };
}

function service(name: string, spec: object = {}) {
  const whole = { type: "LoadBalancer", ports: [{ port: 80 }], ...spec };
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec: whole };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("controller program of v0.16", () => {
  let cluster: MetallbCluster;
  let dir: string;
  let kubeconfig: string;
  const started: ControllerProcess[] = [];

  before(async () => {
    cluster = await startMetallbCluster();
    dir = mkdtempSync(join(tmpdir(), "controller-"));
    kubeconfig = join(dir, "kubeconfig");
    const config = {
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: cluster.url } }],
      users: [{ name: "u", user: { token: cluster.tokens.controller } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    await put("/api/v1/namespaces", { metadata: { name: "shop" } });
    const spec = { containers: [{ name: "c", image: "i" }] };
    const metadata = { name: "controller-x" };
    await put("/api/v1/namespaces/metallb-system/pods", { metadata, spec });
  });

  after(async () => {
    for (const { child } of started) child.kill("SIGKILL");
    await cluster.close();
    rmSync(dir, { recursive: true });
  });

  function start(...argv: string[]): ControllerProcess {
    const place = [`--kubeconfig=${kubeconfig}`, "--namespace=metallb-system"];
    const quiet = ["--port=0", "--health-probe-port=0", "--webhook-mode=disabled"];
    const controller = new ControllerProcess([
      ...place,
      "--pod-name=controller-x",
      ...quiet,
      ...argv,
    ]);
    started.push(controller);
    return controller;
  }

  async function put(path: string, body: unknown): Promise<void> {
    const answer = await cluster.request("POST", path, body);
    assert.ok(answer.status < 300, String(answer.body.message));
  }
  async function get(path: string) {
    return (await cluster.request("GET", path)).body;
  }
  /** Follows one object until it is so. */
  async function until(
    path: string,
    isSo: (body: Awaited<ReturnType<typeof get>>) => boolean,
    changes: Awaited<ReturnType<typeof get>>[] = [],
  ) {
    const version = (await get(path.replace(/\/[^/]+$/, ""))).metadata.resourceVersion;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const first = await get(path);
    if (first.kind !== "Status" && isSo(first)) return first;
    const url = `${cluster.url}${path.replace(/\/[^/]+$/, "")}?watch=true&resourceVersion=${version}&fieldSelector=metadata.name%3D${name}`;
    const headers = { authorization: `Bearer ${cluster.tokens.admin}` };
    const answer = await fetch(url, { headers });
    let rest = "";
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const { object } = JSON.parse(line);
        changes.push(object);
        if (isSo(object)) return object;
      }
    }
    throw new Error(`the watch of ${path} ended`);
  }
  const addressOf = (body: { status?: { loadBalancer?: { ingress?: { ip: string }[] } } }) =>
    body.status?.loadBalancer?.ingress?.[0]?.ip;

  it("K8S-1, CTL-6, ST-1, ST-12, K8S-7: serves by pools, tells it in statuses, and at rest and after a restart writes nothing", async () => {
    const first = start();
    await put(pools, pool("lan", ["192.0.2.8-192.0.2.11", "2001:db8::/64"]));
    await put(shop, service("web"));
    const served = await until(`${shop}/web`, (body) => addressOf(body) !== undefined);
    assert.equal(addressOf(served), "192.0.2.8");
    const managers = JSON.stringify(served.metadata.managedFields);
    assert.match(managers, /"manager":"controller"/, "as in MetalLB");
    const { status } = await until(`${pools}/lan`, (body) => body.status?.assignedIPv4 === 1);
    assert.equal(status.availableIPv4, 3);
    await until(state, (body) => body.status?.result === "Valid");
    const shown = (await get(`${pools}/lan`)).status.availableIPv6;
    assert.equal(shown, 2n ** 63n - 1n, "ST-2");
    assert.equal(await first.stop(), 0);

    const before = served.metadata.resourceVersion;
    const counts: { status: { assignedIPv4: number } }[] = [];
    const counted = until(`${pools}/lan`, (body) => body.status?.assignedIPv4 === 2, counts);
    // Told anew, or nobody could see that the second one told it: in the same second it tells just the same.
    await cluster.request("DELETE", state);
    const second = start();
    await second.line({ event: "stateSynced" });
    await until(state, (body) => body.status?.result === "Valid");
    await put(shop, service("next"));
    await until(`${shop}/next`, (body) => addressOf(body) === "192.0.2.9");
    await counted;
    assert.equal(counts.length, 1, "one write for the new service, none for the restart");
    assert.equal((await get(`${shop}/web`)).metadata.resourceVersion, before);
    const leases = await get("/apis/coordination.k8s.io/v1/leases");
    assert.deepEqual(leases.items, []);
    assert.equal(await second.stop("SIGINT"), 0);
  });

  it("ST-13, ST-14, CFG-50: a bad pool makes the state Invalid while the old pools go on; mended, it is Valid", async () => {
    const controller = start();
    await controller.line({ event: "stateSynced" });
    await put(pools, pool("bad", ["192.0.2.300"]));
    const invalid = await until(state, (body) => body.status?.result === "Invalid");
    assert.match(invalid.status.errorSummary, /IPAddressPool metallb-system\/bad.*192\.0\.2\.300/);
    await put(shop, service("third"));
    await until(`${shop}/third`, (body) => addressOf(body) === "192.0.2.10");
    await cluster.request("DELETE", `${pools}/bad`);
    await until(state, (body) => body.status?.result === "Valid");
    assert.equal(await controller.stop(), 0);
  });

  it("INS-46, LC-21: a ConfigMap is served until pools hold all its addresses; then they take over, and none changes", async () => {
    for (const name of ["web", "next", "third"]) await cluster.request("DELETE", `${shop}/${name}`);
    await cluster.request("DELETE", `${pools}/lan`);
    const configMaps = "/api/v1/namespaces/metallb-system/configmaps";
    const config = "address-pools: [{name: old, protocol: layer2, addresses: [198.51.100.0/24]}]";
    await put(configMaps, { metadata: { name: "config" }, data: { config } });
    const controller = start();
    await put(shop, service("kept", { loadBalancerIP: "198.51.100.7" }));
    await until(`${shop}/kept`, (body) => addressOf(body) === "198.51.100.7");
    await put(pools, pool("new", ["203.0.113.0/24"]));
    const invalid = await until(state, (body) => body.status?.result === "Invalid");
    assert.match(invalid.status.errorSummary, /198\.51\.100\.7/);
    await put(pools, pool("lan", ["198.51.100.0/24"]));
    await until(state, (body) => body.status?.result === "Valid");
    await until(`${pools}/lan`, (body) => body.status?.assignedIPv4 === 1);
    assert.equal(addressOf(await get(`${shop}/kept`)), "198.51.100.7");
    assert.equal(await controller.stop(), 0);
    for (const path of [`${configMaps}/config`, `${shop}/kept`, `${pools}/new`]) {
      await cluster.request("DELETE", path);
    }
  });

  it("LOG-1, LOG-2, FL-3: lines carry level and whole seconds, keys sorted; the first one tells the build", async () => {
    const controller = start("--lb-class=mine");
    await controller.line({ event: "stateSynced" });
    assert.equal(await controller.stop(), 0);
    for (const line of controller.lines) {
      assert.deepEqual(Object.keys(line), Object.keys(line).sort());
      assert.match(String(line["ts"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.match(String(line["caller"]), /^[\w.-]+:\d+$/);
    }
    const [hello] = controller.lines;
    assert.match(String(hello?.["msg"]), /^MetalLB controller starting/);
    for (const key of ["version", "commit", "branch", "goversion"]) assert.ok(hello?.[key], key);
    assert.equal(hello?.["level"], "info");
  });

  it("MET-1, MET-2, MET-12: metrics over HTTPS for who may read them, health for everybody", async () => {
    const [metrics, health] = [await freePort(), await freePort()];
    const controller = start(`--port=${metrics}`, `--health-probe-port=${health}`);
    await controller.line({ op: "startup", msg: "serving" });
    const read = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      const options = { port: metrics, path: "/metrics", rejectUnauthorized: false, headers };
      const sent = httpsRequest({ ...options, agent: false }).end();
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      let text = "";
      for await (const chunk of answer) text += String(chunk);
      return { status: answer.statusCode, text };
    };
    const { status, text } = await read(cluster.tokens.admin);
    assert.equal(status, 200);
    assert.match(text, /^metallb_k8s_client_config_stale_bool 0$/m);
    assert.equal((await read(cluster.tokens.speaker)).status, 403);
    assert.equal((await read("forged")).status, 401);
    for (const path of ["healthz", "readyz"]) {
      const answer = await fetch(`http://127.0.0.1:${health}/${path}`);
      assert.deepEqual([answer.status, await answer.text()], [200, "ok"]);
    }
    assert.equal(await controller.stop(), 0);
  });

  it("FL-2, ST-10: a pod that cannot be read ends the start with status 1", async () => {
    const lost = start("--pod-name=gone");
    assert.equal(await lost.exit(), 1);
    assert.match(
      lost.stdout,
      /cannot read our own pod metallb-system\/gone: .*404.*"level":"error"/,
    );
    const nameless = start("--pod-name=");
    assert.equal(await nameless.exit(), 1);
    assert.match(nameless.stdout, /METALLB_POD_NAME/);
  });

  it("WH-11, ST-10: with onlywebhook no service is looked at, and the state is Unknown", async () => {
    await cluster.request("DELETE", state);
    const controller = start("--webhook-mode=onlywebhook", `--cert-dir=${dir}`);
    await controller.line({ op: "startup", msg: "serving" });
    await put(shop, service("alone"));
    await until(state, (body) => body.status?.result === "Unknown");
    assert.equal(await controller.stop(), 0);
    assert.ok(!controller.lines.some(({ event }) => event === "stateSynced"));
    assert.equal(addressOf(await get(`${shop}/alone`)), undefined);
  });
});
