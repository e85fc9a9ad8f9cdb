import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { PoolUsageChange } from "../assignment/index.ts";
import type { IPAddressPool } from "../kube/index.ts";
import { Informer, KubeClient, silentLogger } from "../platform/index.ts";
import { poolCounters } from "../status/index.ts";
import { startMetallbCluster, type MetallbCluster } from "../testing/index.ts";
import { PoolStatusWriter } from "./pool-status-writer.ts";

const namespace = "metallb-system";
const ref = { group: "metallb.io", version: "v1beta1", plural: "ipaddresspools", namespace };
const path = `/apis/metallb.io/v1beta1/namespaces/${namespace}/ipaddresspools`;
const max = 2n ** 63n - 1n;

/** A change that tells of one pool with all of IPv6's addresses, of which `held` are in use. */
function usageOf(pool: string, held: bigint): PoolUsageChange {
  const [capacity, inUse] = [max, held];
  const families = { capacityV4: 0n, capacityV6: capacity, inUseV4: 0n, inUseV6: inUse };
  return { kind: "poolUsage", pools: [{ pool, capacity, inUse, ...families }], removed: [] };
}

describe("PoolStatusWriter", () => {
  let cluster: MetallbCluster;
  let client: KubeClient;
  let writer: PoolStatusWriter;
  let informer: Informer<IPAddressPool>;
  let pools: Map<string, IPAddressPool | undefined>;
  let changes: number;
  let wake: () => void;

  before(async () => {
    cluster = await startMetallbCluster();
    const token = () => cluster.tokens.controller;
    client = new KubeClient({ server: cluster.url, origin: "the test", token });
  });
  after(async () => {
    await client.close();
    await cluster.close();
  });

  beforeEach(async () => {
    pools = new Map();
    changes = 0;
    wake = () => undefined;
    writer = new PoolStatusWriter(client, namespace, silentLogger);
    await cluster.request("POST", path, {
      apiVersion: "metallb.io/v1beta1",
      kind: "IPAddressPool",
      metadata: { name: "lan" },
      spec: { addresses: ["2001:db8::/64"] },
    });
    informer = new Informer(client, ref, {
      exactKeys: poolCounters,
      onChange: (key, pool) => {
        const name = key.slice(key.indexOf("/") + 1);
        changes++;
        pools.set(name, pool);
        writer.setPool(name, pool);
        wake();
      },
    });
    informer.start();
    await until(() => pools.get("lan") !== undefined);
  });
  afterEach(async () => {
    writer.stop();
    informer.stop();
    await cluster.request("DELETE", `${path}/lan`);
  });

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => (wake = resolve));
  }
  const shows = (assigned: bigint) => (): boolean => {
    const status = pools.get("lan")?.status;
    return (
      status !== undefined &&
      BigInt(status.assignedIPv6) === assigned &&
      status.availableIPv6 === max - assigned
    );
  };

  it("ST-1, ST-2: shows what is held and left in exact digits, with the rights of the manifest", async () => {
    writer.setUsage(usageOf("lan", 0n));
    writer.release();
    await until(shows(0n));
    writer.setUsage(usageOf("lan", 1n));
    writer.release();
    await until(shows(1n));
    assert.deepEqual(pools.get("lan")?.spec.addresses, ["2001:db8::/64"]);
  });

  it("ST-1: nothing is written before it is released, or when nothing differs", async () => {
    writer.setUsage(usageOf("lan", 1n));
    writer.setUsage(usageOf("lan", 2n));
    writer.release();
    await until(shows(2n));
    const before = changes;
    writer.setUsage(usageOf("lan", 3n));
    writer.setUsage(usageOf("lan", 2n));
    writer.release();
    await cluster.request("PATCH", `${path}/lan`, { metadata: { labels: { a: "b" } } });
    await until(() => pools.get("lan")?.metadata.labels?.["a"] === "b");
    assert.equal(changes, before + 1);
  });

  it("ST-1: what somebody else writes is put right, even in the last digit", async () => {
    writer.setUsage(usageOf("lan", 0n));
    writer.release();
    await until(shows(0n));
    const { body } = await cluster.request("GET", `${path}/lan`);
    body.status.availableIPv6 = max - 1n;
    assert.equal((await cluster.request("PUT", `${path}/lan/status`, body)).status, 200);
    const isWrong = () => pools.get("lan")?.status?.availableIPv6 === max - 1n;
    await until(isWrong);
    await until(shows(0n));
  });

  it("CTL-8: a write that meets a newer version is made again on that one", async () => {
    informer.stop();
    await cluster.request("PATCH", `${path}/lan`, { metadata: { labels: { a: "c" } } });
    writer.setUsage(usageOf("lan", 5n));
    writer.release();
    const { body } = await cluster.request("GET", `${path}/lan`);
    assert.equal(body.status, undefined);
    informer = new Informer(client, ref, {
      exactKeys: poolCounters,
      onChange: (_key, pool) => {
        pools.set("lan", pool);
        writer.setPool("lan", pool);
        wake();
      },
    });
    informer.start();
    await until(shows(5n));
  });

  it("ST-3: for a pool that is gone nothing is written", async (context) => {
    const updates = context.mock.method(client, "update");
    writer.setUsage(usageOf("ghost", 1n));
    writer.release();
    await cluster.request("DELETE", `${path}/lan`);
    await until(() => pools.get("lan") === undefined);
    writer.setUsage(usageOf("lan", 7n));
    writer.setUsage({ kind: "poolUsage", pools: [], removed: ["lan"] });
    writer.release();
    assert.equal(updates.mock.callCount(), 0);
  });
});
