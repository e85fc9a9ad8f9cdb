import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { KubeObject, ServiceL2Status } from "../kube/index.ts";
import { KubeClient, silentLogger } from "../platform/index.ts";
import { serviceBgpStatuses, serviceL2Statuses, type ServiceStatusKind } from "../status/index.ts";
import { type MetallbCluster, startMetallbCluster } from "../testing/index.ts";
import { seen } from "../testing/wire-conditions.ts";
import { type ServiceStatusOptions, ServiceStatusWriter } from "./service-status-writer.ts";

const METALLB = "/apis/metallb.io/v1beta1/namespaces/metallb-system";
const pod = { metadata: { name: "speaker-x", namespace: "metallb-system", uid: "pod-1" } };

/** Counts the writes, and how many are under way at once. */
class CountingClient extends KubeClient {
  writes = 0;
  atOnce = 0;
  most = 0;

  override create<T>(...words: Parameters<KubeClient["create"]>): Promise<T> {
    return this.#count(super.create(...words)) as Promise<T>;
  }
  override patch<T>(...words: Parameters<KubeClient["patch"]>): Promise<T> {
    return this.#count(super.patch(...words)) as Promise<T>;
  }
  override delete(...words: Parameters<KubeClient["delete"]>): Promise<void> {
    return this.#count(super.delete(...words));
  }

  async #count<T>(write: Promise<T>): Promise<T> {
    this.writes++;
    this.most = Math.max(this.most, ++this.atOnce);
    try {
      return await write;
    } finally {
      this.atOnce--;
    }
  }
}

describe("writer of service statuses", () => {
  let cluster: MetallbCluster;
  let client: CountingClient;
  let writer: ServiceStatusWriter;

  function start(
    kind: ServiceStatusKind = serviceL2Statuses,
    more: Pick<ServiceStatusOptions, "firstConditions"> = {},
  ): void {
    const whose = { node: "n1", namespace: "metallb-system", pod };
    writer = new ServiceStatusWriter({
      client,
      logger: silentLogger,
      kind,
      writer: whose,
      ...more,
    });
    writer.start();
  }

  const list = async (plural = "servicel2statuses"): Promise<KubeObject[]> =>
    (await cluster.request("GET", `${METALLB}/${plural}`)).body.items;

  /** The objects, once they fit. */
  async function until<T>(ask: () => Promise<T>, fits: (found: T) => boolean): Promise<T> {
    for (;;) {
      const found = await ask();
      if (fits(found)) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  const isComplete = (object: KubeObject): boolean => "status" in object;

  async function leave(kind: string, name: string, node: string): Promise<void> {
    const labels = {
      "metallb.io/node": node,
      "metallb.io/service-name": "web",
      "metallb.io/service-namespace": "shop",
    };
    const object = { apiVersion: "metallb.io/v1beta1", kind, metadata: { name, labels } };
    const { status } = await cluster.request("POST", `${METALLB}/${kind.toLowerCase()}es`, object);
    assert.equal(status, 201);
  }

  beforeEach(async () => {
    cluster = await startMetallbCluster();
    const token = (): string => cluster.tokens.speaker;
    client = new CountingClient({ server: cluster.url, origin: "the test", token });
  });
  afterEach(async () => {
    writer.stop();
    await client.close();
    await cluster.close();
  });

  it("ST-20: a burst of services costs two writes each, few at a time, and repetitions cost none", async () => {
    start();
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 100; index++) {
        writer.set(`shop/s${index}`, { interfaces: undefined });
      }
    }
    const items = await until(list, (found) => found.filter(isComplete).length === 100);
    assert.equal(items.length, 100);
    assert.equal(client.writes, 200);
    assert.ok(client.most <= 4, `${client.most} at once`);
    writer.set("shop/s0", { interfaces: undefined });
    assert.equal(client.writes, 200);
  });

  it("ST-20: what can be said at once is in the first status, without a write more, also of an object made anew", async () => {
    const told = { ...seen("True"), type: "Announced" } as const;
    start(serviceL2Statuses, { firstConditions: () => [told] });
    writer.set("shop/web", { interfaces: undefined });
    const typesOf = ([one]: ServiceL2Status[]): string[] =>
      (one?.status?.conditions ?? []).map(({ type }) => type);
    const [first] = await until(list, (found) => typesOf(found).join() === "Announced");
    assert.equal(client.writes, 2);
    await cluster.request("DELETE", `${METALLB}/servicel2statuses/${first?.metadata.name}`);
    const isNew = ([one]: KubeObject[]) => one?.metadata.name !== first?.metadata.name;
    await until(list, (found) => isNew(found) && typesOf(found).join() === "Announced");
  });

  it("ST-20: an object that somebody deletes or falsifies is put right, and goes when we do not announce any more", async () => {
    start();
    writer.set("shop/web", { interfaces: ["eth0"] });
    const [first] = await until(list, (found) => found.some(isComplete));
    const path = `${METALLB}/servicel2statuses/${first?.metadata.name}`;
    await cluster.request("PATCH", `${path}/status`, { status: { interfaces: null } });
    await until(list, ([one]) => JSON.stringify(one).includes("eth0"));
    await cluster.request("DELETE", path);
    await until(list, ([one]) => one !== undefined && one.metadata.name !== first?.metadata.name);
    writer.set("shop/web", undefined);
    await until(list, (found) => found.length === 0);
  });

  it("ST-21: own leftovers go, those of other nodes stay", async () => {
    await leave("ServiceBGPStatus", "bgp-own", "n1");
    await leave("ServiceBGPStatus", "bgp-other", "n2");
    start(serviceBgpStatuses);
    const bgp = (): Promise<KubeObject[]> => list("servicebgpstatuses");
    const left = await until(bgp, (found) => found.length === 1);
    assert.equal(left[0]?.metadata.name, "bgp-other");
    writer.set("shop/web", { peers: ["b", "a"] });
    const both = await until(bgp, (found) => found.filter(isComplete).length === 1);
    assert.equal(both.length, 2);
    assert.ok(JSON.stringify(both).includes('"peers":["a","b"]'));
  });
});
