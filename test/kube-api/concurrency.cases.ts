/** Many clients at once: one winner where there can be one, and nobody's change is lost. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { newNamespace, succeeded, type Json } from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

const crowd = Array.from({ length: 16 }, (_, index) => index);

export function concurrencyCases({ api }: ServerUnderTest): void {
  let namespace: string;
  let maps: string;
  before(async () => {
    namespace = await newNamespace(api);
    maps = `/api/v1/namespaces/${namespace}/configmaps`;
  });

  it("lets one of many creates of a name succeed", async () => {
    const replies = await Promise.all(
      crowd.map((who) => api.post(maps, { metadata: { name: "one" }, data: { who: String(who) } })),
    );
    const won = replies.filter(({ status }) => status === 201);
    assert.equal(won.length, 1);
    assert.equal(replies.filter(({ status }) => status === 409).length, crowd.length - 1);
    assert.deepEqual(succeeded(await api.get(`${maps}/one`)), won[0]?.body);
  });

  it("lets one of many updates of a resourceVersion succeed", async () => {
    const made = succeeded(await api.post(maps, { metadata: { name: "raced" } }), 201);
    const replies = await Promise.all(
      crowd.map((who) => api.put(`${maps}/raced`, { ...made, data: { who: String(who) } })),
    );
    const won = replies.filter(({ status }) => status === 200);
    assert.equal(won.length, 1);
    assert.deepEqual(succeeded(await api.get(`${maps}/raced`)), won[0]?.body);
  });

  it("keeps what each of many patches adds", async () => {
    succeeded(await api.post(maps, { metadata: { name: "merged" } }), 201);
    const few = crowd.slice(0, 4);
    const replies = await Promise.all(
      few.map((who) => api.patch(`${maps}/merged`, "merge", { data: { [`key-${who}`]: "x" } })),
    );
    for (const reply of replies) succeeded(reply);
    const { data } = succeeded(await api.get(`${maps}/merged`));
    assert.deepEqual(
      Object.keys(data),
      few.map((who) => `key-${who}`),
    );
  });

  it("gives no cluster address and no node port twice", async () => {
    const spec = { type: "LoadBalancer", ports: [{ port: 80 }] };
    const replies = await Promise.all(
      crowd.map((who) =>
        api.post(`/api/v1/namespaces/${namespace}/services`, {
          metadata: { name: `s${who}` },
          spec,
        }),
      ),
    );
    const made = replies.map((reply) => succeeded(reply, 201).spec);
    assert.equal(new Set(made.map(({ clusterIP }) => clusterIP)).size, crowd.length);
    assert.equal(new Set(made.map(({ ports }) => ports[0].nodePort)).size, crowd.length);
  });

  describe("watched", () => {
    it("shows each watcher every change once, in the order of resource versions", async () => {
      const own = `/api/v1/namespaces/${await newNamespace(api)}/configmaps`;
      const { resourceVersion } = succeeded(await api.get(own)).metadata;
      const turns = 5;
      const writing = crowd.map(async (who) => {
        const name = `w${who}`;
        succeeded(await api.post(own, { metadata: { name } }), 201);
        for (let turn = 1; turn < turns; turn++) {
          succeeded(await api.patch(`${own}/${name}`, "merge", { data: { turn: String(turn) } }));
        }
      });
      const watching = [1, 2, 3].map(async () => {
        await using watch = await api.watch(`${own}?resourceVersion=${resourceVersion}`);
        const seen: string[] = [];
        while (seen.length < crowd.length * turns) {
          const event = await watch.next();
          const object: Json = event?.object;
          seen.push(`${object.metadata.resourceVersion} ${event?.type} ${object.metadata.name}`);
        }
        return seen;
      });
      await Promise.all(writing);
      const [first = [], ...others] = await Promise.all(watching);
      const versions = first.map((line) => Number.parseInt(line, 10));
      assert.deepEqual(
        versions,
        versions.toSorted((a, b) => a - b),
      );
      assert.equal(new Set(versions).size, versions.length);
      for (const other of others) assert.deepEqual(other, first);
    });
  });
}
