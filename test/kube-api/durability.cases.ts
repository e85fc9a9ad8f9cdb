/** Durability: what was acknowledged is there after SIGKILL and a restart. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { newNamespace, succeeded, type Json } from "./api-client.ts";
import { startRestartableServer, type RestartableServer } from "./servers.ts";

const writers = 8;

export function durabilityCases(): void {
  describe("durability", () => {
    let server: RestartableServer;
    before(async () => {
      server = await startRestartableServer();
    });
    after(() => server.stop());

    /** Creates objects and counts one of them up until the server is gone; returns what it said yes to. */
    async function writeUntilKilled(
      path: string,
      writer: number,
      acknowledged: Json[],
    ): Promise<void> {
      const counter = `counter-${writer}`;
      try {
        for (let turn = 0; ; turn++) {
          const name = `object-${writer}-${turn}`;
          acknowledged.push(succeeded(await server.api.post(path, { metadata: { name } }), 201));
          const data = { turn: String(turn) };
          const write =
            turn === 0
              ? server.api.post(path, { metadata: { name: counter }, data })
              : server.api.patch(`${path}/${counter}`, "merge", { data });
          const reply = await write;
          assert.ok(reply.status < 300, JSON.stringify(reply.body));
          acknowledged.push(reply.body);
          if (acknowledged.length > 400) await server.kill();
        }
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
    }

    it("keeps every acknowledged write through SIGKILL in the midst of writing", async () => {
      const path = `/api/v1/namespaces/${await newNamespace(server.api)}/configmaps`;
      const first = succeeded(await server.api.get(path)).metadata.resourceVersion;
      const acknowledged: Json[] = [];
      const streams = Array.from({ length: writers }, (_, writer) => writer);
      await Promise.all(streams.map((writer) => writeUntilKilled(path, writer, acknowledged)));
      await server.restart();

      const list = succeeded(await server.api.get(path));
      const kept = new Map<string, Json>(
        list.items.map((item: Json) => [item.metadata.name, item]),
      );
      for (const { metadata, data } of acknowledged) {
        const now = kept.get(metadata.name);
        assert.ok(now, `${metadata.name} was acknowledged and is lost`);
        assert.equal(now.metadata.uid, metadata.uid);
        assert.ok(
          Number(now.data?.turn ?? 0) >= Number(data?.turn ?? 0),
          `${metadata.name} went back`,
        );
      }
      const versions = acknowledged.map(({ metadata }) => BigInt(metadata.resourceVersion));
      const newest = versions.reduce((a, b) => (a > b ? a : b));
      assert.ok(BigInt(list.metadata.resourceVersion) >= newest);
      const later = succeeded(await server.api.post(path, { metadata: { name: "later" } }), 201);
      assert.ok(BigInt(later.metadata.resourceVersion) > newest, "resource versions go on");
      await missesNothing(`${path}?resourceVersion=${first}`, [...kept.keys(), "later"]);
    });

    /** A watch from before the restart shows everything, or says that it cannot. */
    async function missesNothing(path: string, names: string[]): Promise<void> {
      await using watch = await server.api.watch(path);
      const missing = new Set(names);
      while (missing.size > 0) {
        const event = await watch.next();
        assert.ok(event, `the watch ended without ${[...missing].join(", ")}`);
        if (event.type === "ERROR") return assert.equal(event.object.code, 410);
        missing.delete(event.object.metadata.name);
      }
    }
  });
}
