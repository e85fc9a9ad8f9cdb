/** Watches: where they start, what they show, how they end. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { newNamespace, refused, succeeded, type Json } from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

export function watchCases(server: ServerUnderTest): void {
  const { api } = server;
  let path: string;
  before(async () => {
    path = `/api/v1/namespaces/${await newNamespace(api)}/configmaps`;
  });
  const make = async (name: string, labels: object = {}): Promise<Json> =>
    succeeded(await api.post(path, { metadata: { name, labels } }), 201);
  const versionOf = async (): Promise<string> =>
    succeeded(await api.get(`${path}?limit=1`)).metadata.resourceVersion;

  describe("watch: from a resourceVersion", () => {
    it("shows each later change once, in order, with the whole object", async () => {
      const from = await versionOf();
      const made = await make("seen");
      succeeded(await api.patch(`${path}/seen`, "merge", { data: { a: "1" } }));
      await using watch = await api.watch(`${path}?resourceVersion=${from}`);
      succeeded(await api.delete(`${path}/seen`));
      assert.deepEqual(await watch.next(), { type: "ADDED", object: made });
      const changed = await watch.next();
      assert.equal(changed?.type, "MODIFIED");
      assert.deepEqual(changed?.object.data, { a: "1" });
      assert.equal(changed?.object.kind, "ConfigMap");
      const gone = await watch.next();
      assert.equal(gone?.type, "DELETED");
      assert.deepEqual(gone?.object.data, { a: "1" });
      assert.ok(
        BigInt(gone?.object.metadata.resourceVersion) >
          BigInt(changed?.object.metadata.resourceVersion),
      );
    });

    it("does not show other namespaces or names", async () => {
      const other = path.replace(/t-[^/]+/, await newNamespace(api));
      const from = await versionOf();
      await using watch = await api.watch(`${path}?resourceVersion=${from}`);
      await using one = await api.watch(
        `${path}?resourceVersion=${from}&fieldSelector=metadata.name%3Dthis`,
      );
      succeeded(await api.post(other, { metadata: { name: "this" } }), 201);
      await make("that");
      await make("this");
      assert.deepEqual(await watch.take(2), ["ADDED that", "ADDED this"]);
      assert.deepEqual(await one.take(1), ["ADDED this"]);
    });

    it("does not repeat an update that changed nothing", async () => {
      const made = await make("still");
      await using watch = await api.watch(
        `${path}?resourceVersion=${made.metadata.resourceVersion}`,
      );
      succeeded(await api.put(`${path}/still`, made));
      await make("after-still");
      assert.deepEqual(await watch.take(1), ["ADDED after-still"]);
    });

    it("shows the marking of an object with finalizers as MODIFIED, its end as DELETED", async () => {
      const metadata = { name: "finalized", finalizers: ["example.com/x"] };
      const made = succeeded(await api.post(path, { metadata }), 201);
      await using watch = await api.watch(
        `${path}?resourceVersion=${made.metadata.resourceVersion}`,
      );
      succeeded(await api.delete(`${path}/finalized`));
      succeeded(await api.patch(`${path}/finalized`, "merge", { metadata: { finalizers: [] } }));
      const events = await watch.take(2);
      assert.deepEqual(events, ["MODIFIED finalized", "DELETED finalized"]);
    });

    it("waits silently from a resourceVersion in the future", async () => {
      const future = BigInt(await versionOf()) + 100_000n;
      await using watch = await api.watch(`${path}?resourceVersion=${future}&timeoutSeconds=1`);
      await make("too-early");
      assert.equal(await watch.next(), undefined);
    });
  });

  describe("watch: from the present", () => {
    let own: string;
    before(async () => {
      own = `/api/v1/namespaces/${await newNamespace(api)}/configmaps`;
      for (const name of ["b", "a"]) succeeded(await api.post(own, { metadata: { name } }), 201);
    });

    for (const query of ["", "?resourceVersion=0"]) {
      it(`begins with what is there (${query || "no resourceVersion"})`, async () => {
        await using watch = await api.watch(own + query);
        assert.deepEqual((await watch.take(2)).toSorted(), ["ADDED a", "ADDED b"]);
        const extra = succeeded(await api.post(own, { metadata: { generateName: "n-" } }), 201);
        assert.deepEqual(await watch.take(1), [`ADDED ${extra.metadata.name}`]);
        succeeded(await api.delete(`${own}/${extra.metadata.name}`));
      });
    }

    it("with sendInitialEvents ends the present with an annotated bookmark", async () => {
      const options =
        "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
      await using watch = await api.watch(`${own}?${options}`);
      assert.deepEqual((await watch.take(2)).toSorted(), ["ADDED a", "ADDED b"]);
      const bookmark = await watch.next();
      assert.equal(bookmark?.type, "BOOKMARK");
      assert.equal(bookmark?.object.kind, "ConfigMap");
      assert.equal(bookmark?.object.metadata.annotations["k8s.io/initial-events-end"], "true");
      assert.match(bookmark?.object.metadata.resourceVersion, /^[1-9]\d*$/);
      const { metadata } = succeeded(
        await api.post(own, { metadata: { generateName: "later-" } }),
        201,
      );
      assert.deepEqual(await watch.take(1), [`ADDED ${metadata.name}`]);
      succeeded(await api.delete(`${own}/${metadata.name}`));
    });

    it("refuses sendInitialEvents without resourceVersionMatch", async () => {
      const reply = await api.get(`${own}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true`);
      refused(reply, 422, "Invalid", /resourceVersionMatch/);
    });
  });

  describe("watch: selectors", () => {
    it("shows an object that comes to match as ADDED and one that ceases to as DELETED", async () => {
      const from = await versionOf();
      await using watch = await api.watch(
        `${path}?resourceVersion=${from}&labelSelector=app%3Dweb`,
      );
      await make("mover", { app: "db" });
      succeeded(
        await api.patch(`${path}/mover`, "merge", { metadata: { labels: { app: "web" } } }),
      );
      succeeded(await api.patch(`${path}/mover`, "merge", { data: { a: "1" } }));
      const left = succeeded(
        await api.patch(`${path}/mover`, "merge", { metadata: { labels: { app: "db" } } }),
      );
      succeeded(await api.delete(`${path}/mover`));
      await make("closing", { app: "web" });
      const seen = [await watch.next(), await watch.next(), await watch.next()];
      assert.deepEqual(
        seen.map((event) => event?.type),
        ["ADDED", "MODIFIED", "DELETED"],
      );
      assert.equal(seen[2]?.object.metadata.labels.app, "web", "the object as it last matched");
      assert.equal(seen[2]?.object.metadata.resourceVersion, left.metadata.resourceVersion);
      assert.deepEqual(await watch.take(1), ["ADDED closing"]);
    });

    it("does the same for a field selector", async () => {
      const services = path.replace("configmaps", "services");
      await using watch = await api.watch(
        `${services}?resourceVersion=${await versionOf()}&fieldSelector=spec.type%3DLoadBalancer`,
      );
      const spec = { ports: [{ port: 80 }] };
      succeeded(await api.post(services, { metadata: { name: "svc" }, spec }), 201);
      succeeded(await api.patch(`${services}/svc`, "merge", { spec: { type: "LoadBalancer" } }));
      succeeded(await api.patch(`${services}/svc`, "merge", { spec: { type: "ClusterIP" } }));
      assert.deepEqual(await watch.take(2), ["ADDED svc", "DELETED svc"]);
    });
  });

  describe("watch: ends", () => {
    it("after timeoutSeconds, cleanly", async () => {
      await using watch = await api.watch(
        `${path}?resourceVersion=${await versionOf()}&timeoutSeconds=1`,
      );
      assert.equal(await watch.next(), undefined);
    });

    it("with a last bookmark at the present resourceVersion when those are allowed", async () => {
      const { metadata } = await make("before-bookmark");
      const options = "timeoutSeconds=3&allowWatchBookmarks=true";
      await using watch = await api.watch(
        `${path}?resourceVersion=${metadata.resourceVersion}&${options}`,
      );
      await make("bookmarked");
      assert.deepEqual(await watch.take(1), ["ADDED bookmarked"]);
      const bookmark = await watch.next();
      assert.equal(bookmark?.type, "BOOKMARK");
      assert.equal(bookmark?.object.metadata.name, undefined);
      assert.ok(
        BigInt(bookmark?.object.metadata.resourceVersion) > BigInt(metadata.resourceVersion),
      );
    });
  });

  // On the real server Leases are kept out of the watch cache, so that compaction shows at once.
  describe("watch: forgotten history", () => {
    let leases: string;
    before(async () => {
      leases = `/apis/coordination.k8s.io/v1/namespaces/${await newNamespace(api)}/leases`;
      for (const name of ["a", "b"]) succeeded(await api.post(leases, { metadata: { name } }), 201);
    });

    it("ends a watch from before with an ERROR event 410 Expired", async () => {
      const list = async (): Promise<Json> => succeeded(await api.get(leases)).metadata;
      const { resourceVersion: old } = await list();
      for (const name of ["x", "y"]) succeeded(await api.post(leases, { metadata: { name } }), 201);
      await server.forgetHistory();
      const { resourceVersion: now } = await list();
      await using still = await api.watch(`${leases}?resourceVersion=${now}&timeoutSeconds=1`);
      assert.equal(await still.next(), undefined, "the present is not forgotten");
      await using watch = await api.watch(`${leases}?resourceVersion=${old}`);
      const event = await watch.next();
      assert.equal(event?.type, "ERROR");
      const gone = { kind: "Status", status: "Failure", code: 410, reason: "Expired" };
      assert.partialDeepStrictEqual(event?.object, gone);
      assert.equal(await watch.next(), undefined);
    });

    it("answers a list of an exact resourceVersion or of a page from before with 410", async () => {
      const page = succeeded(await api.get(`${leases}?limit=1`));
      const { resourceVersion } = page.metadata;
      for (const name of ["c", "d"]) succeeded(await api.post(leases, { metadata: { name } }), 201);
      await server.forgetHistory();
      const exact = `resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
      refused(await api.get(`${leases}?${exact}`), 410, "Expired");
      const token = encodeURIComponent(page.metadata.continue);
      const status = refused(await api.get(`${leases}?limit=1&continue=${token}`), 410, "Expired");
      const inconsistent = encodeURIComponent(status.metadata.continue);
      const rest = succeeded(await api.get(`${leases}?limit=9&continue=${inconsistent}`));
      assert.deepEqual(
        rest.items.map((item: Json) => item.metadata.name),
        ["b", "c", "d", "x", "y"],
        "the token in the refusal goes on from the same key, at the present",
      );
    });
  });
}
