/** Lists: pages of one snapshot, label and field selectors. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { newNamespace, refused, succeeded, type Json } from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

const names = (list: Json): string[] => list.items.map((item: Json) => item.metadata.name);

export function listCases({ api }: ServerUnderTest): void {
  describe("lists", () => {
    let path: string;
    before(async () => {
      path = `/api/v1/namespaces/${await newNamespace(api)}/configmaps`;
      for (const name of ["e", "b", "a", "d", "c"]) {
        succeeded(await api.post(path, { metadata: { name } }), 201);
      }
    });

    it("come in the order of names, without kind and apiVersion in the items", async () => {
      const list = succeeded(await api.get(path));
      assert.partialDeepStrictEqual(list, { kind: "ConfigMapList", apiVersion: "v1" });
      assert.deepEqual(names(list), ["a", "b", "c", "d", "e"]);
      assert.equal(list.items[0].kind, undefined);
      assert.match(list.metadata.resourceVersion, /^[1-9]\d*$/);
    });

    it("have an array of items even when there are none", async () => {
      const list = succeeded(await api.get(`${path}?labelSelector=nothing=here`));
      assert.deepEqual(list.items, []);
    });

    it("span all namespaces in the order of namespace and name", async () => {
      const list = succeeded(await api.get("/api/v1/configmaps"));
      const keys = list.items.map(({ metadata }: Json) => `${metadata.namespace}/${metadata.name}`);
      assert.deepEqual(keys, keys.toSorted());
      assert.ok(new Set(list.items.map(({ metadata }: Json) => metadata.namespace)).size > 1);
    });

    it("come in pages that say how many are left", async () => {
      const first = succeeded(await api.get(`${path}?limit=2`));
      assert.deepEqual(names(first), ["a", "b"]);
      assert.equal(first.metadata.remainingItemCount, 3);
      const token = encodeURIComponent(first.metadata.continue);
      const second = succeeded(await api.get(`${path}?limit=2&continue=${token}`));
      assert.deepEqual(names(second), ["c", "d"]);
      const last = succeeded(
        await api.get(`${path}?limit=2&continue=${encodeURIComponent(second.metadata.continue)}`),
      );
      assert.deepEqual(names(last), ["e"]);
      assert.equal(last.metadata.continue, undefined);
      assert.equal(last.metadata.remainingItemCount, undefined);
    });

    it("show in later pages what was there at the first one", async () => {
      const other = `/api/v1/namespaces/${await newNamespace(api)}/configmaps`;
      for (const name of ["a", "c"]) succeeded(await api.post(other, { metadata: { name } }), 201);
      const first = succeeded(await api.get(`${other}?limit=1`));
      succeeded(await api.post(other, { metadata: { name: "b" } }), 201);
      succeeded(await api.patch(`${other}/c`, "merge", { data: { changed: "yes" } }));
      const token = encodeURIComponent(first.metadata.continue);
      const second = succeeded(await api.get(`${other}?limit=5&continue=${token}`));
      assert.deepEqual(names(second), ["c"]);
      assert.equal(second.items[0].data, undefined);
      assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    });

    it("refuse a continue token that is none, and one with a resourceVersion", async () => {
      refused(
        await api.get(`${path}?limit=2&continue=rubbish`),
        400,
        "BadRequest",
        /continue key is not valid/,
      );
      const first = succeeded(await api.get(`${path}?limit=2`));
      const token = encodeURIComponent(first.metadata.continue);
      const reply = await api.get(`${path}?limit=2&continue=${token}&resourceVersion=5`);
      assert.equal(reply.status, 400);
    });

    it("tell 'no limit' from 'limit 0' in nothing", async () => {
      assert.deepEqual(names(succeeded(await api.get(`${path}?limit=0`))), [
        "a",
        "b",
        "c",
        "d",
        "e",
      ]);
    });

    it("may be served from resourceVersion 0, and not from a future one", async () => {
      assert.equal(succeeded(await api.get(`${path}?resourceVersion=0`)).kind, "ConfigMapList");
      const now = succeeded(await api.get(path)).metadata.resourceVersion;
      const fresh = await api.get(
        `${path}?resourceVersion=${now}&resourceVersionMatch=NotOlderThan`,
      );
      assert.deepEqual(names(succeeded(fresh)), ["a", "b", "c", "d", "e"]);
      const future = await api.get(`${path}?resourceVersion=${BigInt(now) + 100_000n}`);
      refused(future, 504, "Timeout", /Too large resource version/);
    });

    it("of an exact resourceVersion show the past", async () => {
      const other = `/api/v1/namespaces/${await newNamespace(api)}/configmaps`;
      const { metadata } = succeeded(await api.post(other, { metadata: { name: "x" } }), 201);
      succeeded(await api.delete(`${other}/x`));
      const exact = `resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`;
      assert.deepEqual(names(succeeded(await api.get(`${other}?${exact}`))), ["x"]);
      assert.deepEqual(names(succeeded(await api.get(other))), []);
    });
  });

  describe("lists: label selectors", () => {
    let path: string;
    before(async () => {
      path = `/api/v1/namespaces/${await newNamespace(api)}/configmaps`;
      const objects = {
        "web-1": { app: "web", tier: "front" },
        "web-2": { app: "web", tier: "back" },
        "db-1": { app: "db", zone: "" },
        plain: {},
      };
      for (const [name, labels] of Object.entries(objects)) {
        succeeded(await api.post(path, { metadata: { name, labels } }), 201);
      }
    });

    const rows: [selector: string, expected: string[]][] = [
      ["app=web", ["web-1", "web-2"]],
      ["app==web", ["web-1", "web-2"]],
      ["app!=web", ["db-1", "plain"]],
      ["app in (web, db)", ["db-1", "web-1", "web-2"]],
      ["app notin (db)", ["plain", "web-1", "web-2"]],
      ["tier", ["web-1", "web-2"]],
      ["!app", ["plain"]],
      ["app=web,tier!=back", ["web-1"]],
      ["zone=", ["db-1"]],
      ["app=web,app=db", []],
    ];
    for (const [selector, expected] of rows) {
      it(`select by "${selector}"`, async () => {
        const reply = await api.get(`${path}?labelSelector=${encodeURIComponent(selector)}`);
        assert.deepEqual(names(succeeded(reply)), expected);
      });
    }

    it("refuse a selector they cannot read", async () => {
      for (const selector of ["app in web", "=x", "a b", "app=two words"]) {
        const reply = await api.get(`${path}?labelSelector=${encodeURIComponent(selector)}`);
        refused(reply, 400, "BadRequest");
      }
    });
  });

  describe("lists: field selectors", () => {
    let namespace: string;
    before(async () => {
      namespace = await newNamespace(api);
      const services = `/api/v1/namespaces/${namespace}/services`;
      const ports = [{ port: 80 }];
      succeeded(
        await api.post(services, {
          metadata: { name: "lb" },
          spec: { type: "LoadBalancer", ports },
        }),
        201,
      );
      succeeded(await api.post(services, { metadata: { name: "ip" }, spec: { ports } }), 201);
    });
    const list = (query: string): ReturnType<typeof api.get> =>
      api.get(
        `/api/v1/namespaces/${namespace}/services?fieldSelector=${encodeURIComponent(query)}`,
      );

    it("select by name and namespace", async () => {
      assert.deepEqual(names(succeeded(await list("metadata.name=lb"))), ["lb"]);
      assert.deepEqual(names(succeeded(await list("metadata.name!=lb"))), ["ip"]);
      assert.deepEqual(
        names(succeeded(await list(`metadata.namespace=${namespace},metadata.name=ip`))),
        ["ip"],
      );
      assert.deepEqual(names(succeeded(await list("metadata.namespace=other"))), []);
    });

    it("select Services by type", async () => {
      assert.deepEqual(names(succeeded(await list("spec.type=LoadBalancer"))), ["lb"]);
    });

    it("refuse a field that the kind does not offer", async () => {
      const reply = await list("spec.sessionAffinity=None");
      refused(reply, 400, "BadRequest", /field label not supported: spec.sessionAffinity/);
      const maps = await api.get("/api/v1/configmaps?fieldSelector=data.a%3D1");
      refused(
        maps,
        400,
        "BadRequest",
        /"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"/,
      );
    });

    it("select Pods by node and phase, Secrets by type, Events by their object", async () => {
      const queries = [
        "pods?fieldSelector=spec.nodeName%3Dn1",
        "pods?fieldSelector=status.phase%3DRunning",
        "secrets?fieldSelector=type%3DOpaque",
        "events?fieldSelector=involvedObject.name%3Dx%2Creason%3Dy%2Ctype%3DNormal",
      ];
      for (const query of queries) {
        const found = succeeded(await api.get(`/api/v1/namespaces/${namespace}/${query}`));
        assert.deepEqual(found.items, []);
      }
    });
  });
}
