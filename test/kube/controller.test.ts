/** The controller on a real kube-apiserver, with the rights that the manifests give it and no more. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { eventually, succeeded, type Json } from "../kube-api/api-client.ts";
import type { Daemon } from "../../tools/realkube/index.ts";
import { reasonToSkip, systemNamespace, TestCluster } from "./cluster.ts";

const pool = (addresses: string): string => `address-pools:
- name: default
  protocol: layer2
  addresses:
  - ${addresses}
`;

const skip = await reasonToSkip();

describe("the controller on a real API server", { skip, timeout: 280_000 }, () => {
  let cluster: TestCluster;
  let folder: string;
  let controller: Daemon & { log(): string };
  const services = "/api/v1/namespaces/default/services";

  before(async () => {
    cluster = await TestCluster.start();
    folder = await cluster.accountFolder("controller");
  });
  after(async () => {
    await controller?.kill();
    await cluster?.stop();
  });

  const startController = (): void => {
    controller = cluster.run(["controller", "--port=0", "--config=config"], folder);
  };
  const make = async (name: string, spec: object = {}): Promise<void> => {
    const body = {
      metadata: { name },
      spec: { type: "LoadBalancer", ports: [{ port: 80 }], ...spec },
    };
    succeeded(await cluster.api.post(services, body), 201);
  };
  const ingress = (service: Json): string | undefined =>
    service.status.loadBalancer.ingress?.[0].ip;
  const address = async (name: string): Promise<string | undefined> => {
    const has = ({ body }: Json): boolean => ingress(body) !== undefined;
    try {
      return ingress((await eventually(() => cluster.api.get(`${services}/${name}`), has)).body);
    } catch (error) {
      throw new Error(`${name} got no address; the controller says:\n${controller.log()}`, {
        cause: error,
      });
    }
  };
  const configure = async (text: string): Promise<void> => {
    const path = `/api/v1/namespaces/${systemNamespace}/configmaps/config?fieldManager=test&force=true`;
    const metadata = { name: "config" };
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { config: text } };
    const { status } = await cluster.api.patch(path, "apply", body);
    assert.ok(status < 300);
  };
  const said = async (pattern: RegExp): Promise<void> => {
    const deadline = Date.now() + 20_000;
    while (!pattern.test(controller.log())) {
      assert.ok(
        Date.now() < deadline,
        `the controller did not say ${pattern}:\n${controller.log()}`,
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const eventOf = async (name: string, reason: string): Promise<Json> => {
    const query = encodeURIComponent(`involvedObject.name=${name},reason=${reason}`);
    const path = `/api/v1/namespaces/default/events?fieldSelector=${query}`;
    const found = await eventually(
      () => cluster.api.get(path),
      ({ body }) => body.items.length > 0,
    );
    return found.body.items[0];
  };

  it("gives services that were there before it the tutorial's addresses in order", async () => {
    await make("a");
    await make("b");
    await configure(pool("192.168.1.240-192.168.1.249"));
    startController();
    assert.deepEqual([await address("a"), await address("b")], ["192.168.1.240", "192.168.1.241"]);
  });

  it("gives the next service the next address, and tells so in an event", async () => {
    await make("c");
    assert.equal(await address("c"), "192.168.1.242");
    const event = await eventOf("c", "IPAllocated");
    assert.equal(event.message, 'Assigned IP "192.168.1.242"');
    assert.equal(event.source.component, "metallb-controller");
  });

  it("grants the address a service asks for, and refuses one outside with an event", async () => {
    await make("asks", { loadBalancerIP: "192.168.1.247" });
    assert.equal(await address("asks"), "192.168.1.247");
    await make("outside", { loadBalancerIP: "10.0.0.1" });
    assert.match((await eventOf("outside", "AllocationFailed")).message, /10\.0\.0\.1/);
  });

  it("keeps the old configuration when the new one is bad", async () => {
    await configure(pool("192.168.1.0/33"));
    await said(/192\.168\.1\.0\/33/);
    await make("d");
    assert.equal(await address("d"), "192.168.1.243");
    await configure(pool("192.168.1.240-192.168.1.249"));
  });

  it("takes an address back when the type changes, and gives it to the next", async () => {
    succeeded(await cluster.api.patch(`${services}/b`, "merge", { spec: { type: "ClusterIP" } }));
    await make("e");
    const freed = ["192.168.1.240", "192.168.1.241"];
    assert.ok(freed.includes((await address("e")) ?? ""));
    const b = succeeded(await cluster.api.get(`${services}/b`));
    assert.deepEqual(b.status.loadBalancer, {});
  });

  it("writes nothing and changes no address when it starts again", async () => {
    const state = async (): Promise<Json> =>
      succeeded(await cluster.api.get(services)).items.map(({ metadata, status }: Json) => [
        metadata.name,
        metadata.resourceVersion,
        status,
      ]);
    await controller.kill("SIGTERM");
    const before = await state();
    const written = cluster.writesOf("controller").filter((line) => !line.includes(" events "));
    startController();
    // A service made now is served after all that were there, so its address tells that those are done.
    await make("f");
    await address("f");
    const writes = cluster.writesOf("controller").filter((line) => !line.includes(" events "));
    const later = writes.slice(written.length).filter((line) => !line.endsWith("default/f"));
    assert.deepEqual(later, []);
    const now = (await state()).filter(([name]: string[]) => name !== "f");
    assert.deepEqual(now, before);
  });

  it("is refused nothing for want of rights", () => {
    assert.doesNotMatch(controller.log(), /forbidden/i);
  });

  it("goes on when the API server is killed and comes back", async () => {
    await cluster.restartApiServer();
    await make("g");
    assert.match((await address("g")) ?? "", /^192\.168\.1\.24\d$/);
  });

  it("goes on with a new token when the old one is revoked and all connections are cut", async () => {
    const accounts = `/api/v1/namespaces/${systemNamespace}/serviceaccounts`;
    const old = cluster.api.as(readFileSync(join(folder, "token"), "utf8"));
    succeeded(await cluster.api.delete(`${accounts}/controller`));
    const whoAmI = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    await eventually(
      () => old.post(whoAmI, {}),
      ({ status }) => status === 401,
    );
    succeeded(await cluster.api.post(accounts, { metadata: { name: "controller" } }), 201);
    writeFileSync(join(folder, "token"), await cluster.token("controller"));
    await cluster.restartApiServer();
    await make("h");
    assert.match((await address("h")) ?? "", /^192\.168\.1\.24\d$/);
  });

  it("has served every service in the end but the one it had to refuse", async () => {
    const { items } = succeeded(await cluster.api.get(services));
    const names = items.filter(ingress).map(({ metadata }: Json) => metadata.name);
    assert.deepEqual(names, ["a", "asks", "c", "d", "e", "f", "g", "h"]);
  });
});
