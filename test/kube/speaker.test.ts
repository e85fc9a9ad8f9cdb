/** Controller and speakers on a real kube-apiserver: who answers ARP, and who does when that one is gone. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import type { Daemon } from "../../tools/realkube/index.ts";
import { eventually, succeeded, type Json } from "../kube-api/api-client.ts";
import { reasonToSkip, systemNamespace, TestCluster } from "./cluster.ts";
import { Lan, managementAddress, lanObstacle } from "./lan.ts";

const nodes = ["node1", "node2"];
const skip = (await reasonToSkip()) ?? lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();

describe("speakers on a real API server", { skip, timeout: 280_000 }, () => {
  let lan: Lan;
  let cluster: TestCluster;
  let controller: Daemon & { log(): string };
  const folders: string[] = [];
  const speakers = new Map<string, Daemon & { log(): string }>();
  const services = "/api/v1/namespaces/default/services";
  const endpoints = "/api/v1/namespaces/default/endpoints";

  before(async () => {
    lan = new Lan([...nodes, "client"], "rk");
    cluster = await TestCluster.start({ address: managementAddress });
    for (const name of nodes) {
      const address = { type: "InternalIP", address: lan.address(name) };
      const status = { addresses: [address], conditions: [{ type: "Ready", status: "True" }] };
      succeeded(await cluster.api.post("/api/v1/nodes", { metadata: { name }, status }), 201);
    }
    const config = [
      "address-pools:",
      "- name: default",
      "  protocol: layer2",
      "  addresses:",
      "  - 192.168.1.240-192.168.1.249",
    ].join("\n");
    const path = `/api/v1/namespaces/${systemNamespace}/configmaps`;
    succeeded(
      await cluster.api.post(path, { metadata: { name: "config" }, data: { config } }),
      201,
    );
    controller = cluster.run(
      ["controller", "--port=0", "--config=config"],
      await cluster.accountFolder("controller"),
    );
    for (const node of nodes) await startSpeaker(node);
  });
  after(async () => {
    for (const speaker of speakers.values()) await speaker.kill();
    await controller?.kill();
    await cluster?.stop();
    lan?.remove();
  });

  async function startSpeaker(node: string): Promise<void> {
    const folder = await cluster.accountFolder("speaker");
    folders.push(folder);
    const env = { METALLB_NODE_NAME: node, METALLB_HOST: lan.address(node) };
    speakers.set(
      node,
      cluster.run(["speaker", "--port=7472", "--config=config"], folder, env, lan.on(node)),
    );
  }

  const make = async (name: string, ready: string[], spec: object = {}): Promise<string> => {
    const ports = [{ port: 80 }];
    const body = { metadata: { name }, spec: { type: "LoadBalancer", ports, ...spec } };
    succeeded(await cluster.api.post(services, body), 201);
    await setEndpoints(name, ready);
    const served = await eventually(
      () => cluster.api.get(`${services}/${name}`),
      ({ body: { status } }) => status.loadBalancer.ingress !== undefined,
    );
    return served.body.status.loadBalancer.ingress[0].ip;
  };
  const setEndpoints = async (name: string, ready: string[]): Promise<void> => {
    const addresses = ready.map((nodeName, index) => ({ ip: `10.1.0.${index + 1}`, nodeName }));
    const subsets = addresses.length > 0 ? [{ addresses, ports: [{ port: 80 }] }] : [];
    const body = { apiVersion: "v1", kind: "Endpoints", metadata: { name }, subsets };
    const reply = await cluster.api.patch(`${endpoints}/${name}?fieldManager=test`, "apply", body);
    assert.ok(reply.status < 300, JSON.stringify(reply.body));
  };

  /** Waits until exactly `macs` answer for an address. */
  async function answeredBy(address: string, macs: string[]): Promise<void> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const found = lan.whoHas("client", address);
      if (found.length === macs.length && macs.every((mac) => found.includes(mac))) return;
      const logs = nodes.map((node) => speakers.get(node)?.log()).join("\n");
      assert.ok(Date.now() < deadline, `${address} is answered by [${found.join()}]\n${logs}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  it("exactly one node answers for a service's address, and says so in an event", async () => {
    const address = await make("both", nodes);
    assert.equal(address, "192.168.1.240");
    const query = encodeURIComponent("involvedObject.name=both,reason=nodeAssigned");
    const path = `/api/v1/namespaces/default/events?fieldSelector=${query}`;
    const events = await eventually(
      () => cluster.api.get(path),
      ({ body }) => body.items.length > 0,
    );
    const announcer = /announcing from node "([^"]+)"/.exec(events.body.items[0].message)?.[1];
    assert.ok(announcer !== undefined && nodes.includes(announcer), events.body.items[0].message);
    await answeredBy(address, [lan.mac(announcer)]);
  });

  it("a node with the only endpoint of a Local service answers, and the other one when it moves", async () => {
    const address = await make("local", ["node1"], { externalTrafficPolicy: "Local" });
    await answeredBy(address, [lan.mac("node1")]);
    await setEndpoints("local", ["node2"]);
    await answeredBy(address, [lan.mac("node2")]);
    const query = encodeURIComponent("involvedObject.name=local,reason=AddressMoved");
    const events = await eventually(
      () => cluster.api.get(`/api/v1/namespaces/default/events?fieldSelector=${query}`),
      ({ body }) => body.items.length > 0,
    );
    assert.match(
      events.body.items[0].message,
      /moved from node "node1" to node "node2": node "node1" may not announce it any more: no endpoint/,
    );
  });

  it("nobody answers once the last endpoint is gone", async () => {
    const address = await make("emptied", ["node1"]);
    await answeredBy(address, [lan.mac("node1")]);
    await setEndpoints("emptied", []);
    await answeredBy(address, []);
  });

  it("goes on answering while the API server is away, and follows it afterwards", async () => {
    const address = await make("through", ["node2"]);
    await answeredBy(address, [lan.mac("node2")]);
    await cluster.restartApiServer();
    await answeredBy(address, [lan.mac("node2")]);
    await setEndpoints("through", ["node1"]);
    await answeredBy(address, [lan.mac("node1")]);
  });

  it("goes on with a new token when the old one is revoked and all connections are cut", async () => {
    const address = await make("renewed", ["node1"]);
    await answeredBy(address, [lan.mac("node1")]);
    const accounts = `/api/v1/namespaces/${systemNamespace}/serviceaccounts`;
    succeeded(await cluster.api.delete(`${accounts}/speaker`));
    succeeded(await cluster.api.post(accounts, { metadata: { name: "speaker" } }), 201);
    await cluster.restartApiServer(); // a fresh server remembers no old token
    await answeredBy(address, [lan.mac("node1")]);
    for (const folder of folders)
      writeFileSync(join(folder, "token"), await cluster.token("speaker"));
    await setEndpoints("renewed", ["node2"]);
    await answeredBy(address, [lan.mac("node2")]);
  });

  it("nobody answers for a service that is deleted", async () => {
    const address = await make("deleted", nodes);
    succeeded(await cluster.api.delete(`${services}/deleted`));
    await answeredBy(address, []);
  });

  it("a restarted speaker answers again for what it had", async () => {
    const address = await make("restarted", ["node1"]);
    await answeredBy(address, [lan.mac("node1")]);
    await speakers.get("node1")?.kill("SIGTERM");
    await answeredBy(address, []);
    await startSpeaker("node1");
    await answeredBy(address, [lan.mac("node1")]);
  });

  it("speakers write nothing but events", () => {
    const writes = cluster
      .writesOf("speaker")
      .filter((line) => !/^(create|patch) events /.test(line));
    assert.deepEqual(writes, []);
    const items: Json[] = cluster.writesOf("speaker");
    assert.ok(items.length > 0, "the audit log names the speaker");
  });
});
