/** Controller and speakers on a real kube-apiserver: who answers ARP and NDP, and who does when that one is gone. */
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
    const serviceRange = "10.96.0.0/12,fd00:96::/112";
    cluster = await TestCluster.start({ address: managementAddress, serviceRange });
    for (const name of nodes) {
      const address = { type: "InternalIP", address: lan.address(name) };
      const status = { addresses: [address], conditions: [{ type: "Ready", status: "True" }] };
      await cluster.create("/api/v1/nodes", { metadata: { name }, status });
    }
    const config = [
      "address-pools:",
      "- name: default",
      "  protocol: layer2",
      "  addresses:",
      "  - 192.168.1.240-192.168.1.249",
      "- name: six",
      "  protocol: layer2",
      "  addresses:",
      "  - fd00:1::240-fd00:1::249",
    ].join("\n");
    const path = `/api/v1/namespaces/${systemNamespace}/configmaps`;
    await cluster.create(path, { metadata: { name: "config" }, data: { config } });
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

  /** Each service has a twin of the other family: v0.9.5 knows one address a service. */
  const twins = (name: string): string[] => [name, `${name}-six`];

  /** The addresses of both. */
  const make = async (name: string, ready: string[], spec: object = {}): Promise<string[]> => {
    const found: string[] = [];
    for (const twin of twins(name)) {
      const families = twin === name ? {} : { ipFamilies: ["IPv6"] };
      const own = { type: "LoadBalancer", ports: [{ port: 80 }], ...families, ...spec };
      await cluster.create(services, { metadata: { name: twin }, spec: own });
    }
    await setEndpoints(name, ready);
    for (const twin of twins(name)) {
      const served = await eventually(
        () => cluster.api.get(`${services}/${twin}`),
        ({ body: { status } }) => status.loadBalancer.ingress !== undefined,
      );
      found.push(served.body.status.loadBalancer.ingress[0].ip);
    }
    return found;
  };
  const setEndpoints = async (name: string, ready: string[]): Promise<void> => {
    for (const twin of twins(name)) await setEndpointsOf(twin, ready);
  };
  const setEndpointsOf = async (name: string, ready: string[]): Promise<void> => {
    const addresses = ready.map((nodeName, index) => ({ ip: `10.1.0.${index + 1}`, nodeName }));
    const subsets = addresses.length > 0 ? [{ addresses, ports: [{ port: 80 }] }] : [];
    const body = { apiVersion: "v1", kind: "Endpoints", metadata: { name }, subsets };
    const reply = await cluster.api.patch(`${endpoints}/${name}?fieldManager=test`, "apply", body);
    assert.ok(reply.status < 300, JSON.stringify(reply.body));
  };

  /** Waits until exactly `macs` answer for each address. */
  async function answeredBy(addresses: string[], macs: string[]): Promise<void> {
    const deadline = Date.now() + 60_000;
    const wanted = JSON.stringify(addresses.map(() => macs));
    for (;;) {
      const found = await Promise.all(addresses.map((one) => lan.whoHas("client", one)));
      if (JSON.stringify(found) === wanted) break;
      const logs = nodes.map((node) => speakers.get(node)?.log()).join("\n");
      const [asked, answers] = [addresses.join(), JSON.stringify(found)];
      assert.ok(Date.now() < deadline, `${asked} are answered by ${answers}\n${logs}`);
    }
  }

  it("exactly one node answers for a service's address, and says so in an event", async () => {
    const addresses = await make("both", nodes);
    assert.deepEqual(addresses, ["192.168.1.240", "fd00:1::240"]);
    for (const [index, name] of twins("both").entries()) {
      const query = encodeURIComponent(`involvedObject.name=${name},reason=nodeAssigned`);
      const path = `/api/v1/namespaces/default/events?fieldSelector=${query}`;
      const events = await eventually(
        () => cluster.api.get(path),
        ({ body }) => body.items.length > 0,
      );
      const { message } = events.body.items[0];
      const announcer = /announcing from node "([^"]+)"/.exec(message)?.[1];
      assert.ok(announcer !== undefined && nodes.includes(announcer), message);
      await answeredBy([addresses[index] ?? ""], [lan.mac(announcer)]);
    }
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
    await cluster.create(accounts, { metadata: { name: "speaker" } });
    await cluster.restartApiServer(); // a fresh server remembers no old token
    await answeredBy(address, [lan.mac("node1")]);
    for (const folder of folders)
      writeFileSync(join(folder, "token"), await cluster.token("speaker"));
    await setEndpoints("renewed", ["node2"]);
    await answeredBy(address, [lan.mac("node2")]);
  });

  it("nobody answers for a service that is deleted", async () => {
    const address = await make("deleted", nodes);
    for (const name of twins("deleted")) succeeded(await cluster.api.delete(`${services}/${name}`));
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
