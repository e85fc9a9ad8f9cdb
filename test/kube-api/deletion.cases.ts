/** Deletion: finalizers, preconditions, collections, grace, namespaces. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { newNamespace, refused, succeeded, type Json } from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

export function deletionCases({ api }: ServerUnderTest): void {
  let namespace: string;
  let path: string;
  before(async () => {
    namespace = await newNamespace(api);
    path = `/api/v1/namespaces/${namespace}/configmaps`;
  });
  const make = async (name: string, metadata: object = {}): Promise<Json> =>
    succeeded(await api.post(path, { metadata: { name, ...metadata } }), 201);

  describe("deletion: one object", () => {
    it("answers with a Status that names what is gone", async () => {
      const { metadata } = await make("gone");
      const status = succeeded(await api.delete(`${path}/gone`));
      assert.partialDeepStrictEqual(status, { kind: "Status", status: "Success" });
      assert.deepEqual(status.details, { name: "gone", kind: "configmaps", uid: metadata.uid });
      refused(await api.get(`${path}/gone`), 404, "NotFound");
    });

    it("keeps an object with a finalizer, marked with a deletionTimestamp", async () => {
      const made = await make("held", { finalizers: ["example.com/hold"] });
      const marked = succeeded(await api.delete(`${path}/held`));
      assert.equal(marked.kind, "ConfigMap");
      assert.match(marked.metadata.deletionTimestamp, /Z$/);
      assert.equal(marked.metadata.deletionGracePeriodSeconds, 0);
      assert.notEqual(marked.metadata.resourceVersion, made.metadata.resourceVersion);
      succeeded(await api.patch(`${path}/held`, "merge", { metadata: { finalizers: null } }));
      refused(await api.get(`${path}/held`), 404, "NotFound");
    });

    it("removes it when an update drops the last finalizer, not before", async () => {
      await make("two", { finalizers: ["example.com/a", "example.com/b"] });
      const marked = succeeded(await api.delete(`${path}/two`));
      marked.metadata.finalizers = ["example.com/b"];
      const left = succeeded(await api.put(`${path}/two`, marked));
      left.metadata.finalizers = [];
      succeeded(await api.put(`${path}/two`, left));
      refused(await api.get(`${path}/two`), 404, "NotFound");
    });

    it("lets nobody add a finalizer to a dying object, nor unset its deletionTimestamp", async () => {
      await make("dying", { finalizers: ["example.com/a"] });
      const marked = succeeded(await api.delete(`${path}/dying`));
      const more = { metadata: { finalizers: ["example.com/a", "example.com/late"] } };
      refused(
        await api.patch(`${path}/dying`, "merge", more),
        422,
        "Invalid",
        /metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted/,
      );
      const patch = { metadata: { deletionTimestamp: null } };
      const after = succeeded(await api.patch(`${path}/dying`, "merge", patch));
      assert.equal(after.metadata.deletionTimestamp, marked.metadata.deletionTimestamp);
    });

    it("refuses a finalizer without a domain", async () => {
      const reply = await api.post(path, { metadata: { name: "f", finalizers: ["not a name"] } });
      const status = refused(reply, 422, "Invalid");
      assert.equal(status.details.causes[0].field, "metadata.finalizers");
    });

    it("deletes only the uid and resourceVersion asked for", async () => {
      const { metadata } = await make("exact");
      const uid = "00000000-0000-0000-0000-000000000000";
      refused(
        await api.delete(`${path}/exact`, { preconditions: { uid } }),
        409,
        "Conflict",
        new RegExp(`UID in the precondition \\(${uid}\\) does not match the UID in record`),
      );
      const old = { preconditions: { resourceVersion: "1" } };
      refused(await api.delete(`${path}/exact`, old), 409, "Conflict", /ResourceVersion/);
      const { uid: own, resourceVersion } = metadata;
      succeeded(
        await api.delete(`${path}/exact`, { preconditions: { uid: own, resourceVersion } }),
      );
    });

    it("refuses a propagationPolicy it does not know", async () => {
      await make("policy");
      const reply = await api.delete(`${path}/policy?propagationPolicy=Sideways`);
      refused(reply, 422, "Invalid", /propagationPolicy: Unsupported value: "Sideways"/);
    });

    it("marks an owner that is to outlive its dependents", async () => {
      await make("owner");
      const marked = succeeded(
        await api.delete(`${path}/owner`, { propagationPolicy: "Foreground" }),
      );
      assert.deepEqual(marked.metadata.finalizers, ["foregroundDeletion"]);
    });
  });

  describe("deletion: a collection", () => {
    it("deletes what the selector names and answers with the list of it", async () => {
      await make("red-1", { labels: { colour: "red" } });
      await make("red-2", { labels: { colour: "red" } });
      await make("blue", { labels: { colour: "blue" } });
      const list = succeeded(await api.delete(`${path}?labelSelector=colour=red`));
      assert.equal(list.kind, "ConfigMapList");
      assert.equal(list.items.length, 2);
      const left = succeeded(await api.get(`${path}?labelSelector=colour`));
      assert.deepEqual(
        left.items.map((item: Json) => item.metadata.name),
        ["blue"],
      );
    });
  });

  describe("deletion: pods", () => {
    const pod = (name: string, spec: object = {}): object => ({
      metadata: { name },
      spec: { containers: [{ name: "main", image: "example.com/none" }], ...spec },
    });
    let pods: string;
    before(async () => {
      pods = `/api/v1/namespaces/${namespace}/pods`;
      const account = { metadata: { name: "default" } };
      const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
      succeeded(await api.post(accounts, account), 201);
    });

    it("removes a pod that no node runs at once", async () => {
      succeeded(await api.post(pods, pod("unscheduled")), 201);
      succeeded(await api.delete(`${pods}/unscheduled`));
      refused(await api.get(`${pods}/unscheduled`), 404, "NotFound");
    });

    it("gives a running pod its grace period and waits for the kubelet's last word", async () => {
      succeeded(await api.post(pods, pod("running", { nodeName: "somewhere" })), 201);
      const before = Date.now();
      const marked = succeeded(await api.delete(`${pods}/running`));
      assert.equal(marked.metadata.deletionGracePeriodSeconds, 30);
      assert.ok(Date.parse(marked.metadata.deletionTimestamp) > before + 25_000);
      const still = succeeded(await api.get(`${pods}/running`));
      assert.equal(still.metadata.deletionTimestamp, marked.metadata.deletionTimestamp);
      succeeded(await api.delete(`${pods}/running`, { gracePeriodSeconds: 0 }));
      refused(await api.get(`${pods}/running`), 404, "NotFound");
    });

    it("takes the grace period of the pod, else that of the request", async () => {
      const spec = { nodeName: "somewhere", terminationGracePeriodSeconds: 7 };
      succeeded(await api.post(pods, pod("own-grace", spec)), 201);
      const marked = succeeded(await api.delete(`${pods}/own-grace`));
      assert.equal(marked.metadata.deletionGracePeriodSeconds, 7);
      const sooner = succeeded(await api.delete(`${pods}/own-grace?gracePeriodSeconds=2`));
      assert.equal(sooner.metadata.deletionGracePeriodSeconds, 2);
    });
  });

  describe("deletion: namespaces", () => {
    it("turns a namespace Terminating, and refuses new objects in it", async () => {
      const name = await newNamespace(api);
      const inside = `/api/v1/namespaces/${name}/configmaps`;
      succeeded(
        await api.post(inside, { metadata: { name: "inside", finalizers: ["a.b/c"] } }),
        201,
      );
      const marked = succeeded(await api.delete(`/api/v1/namespaces/${name}`));
      assert.equal(marked.status.phase, "Terminating");
      assert.deepEqual(marked.spec.finalizers, ["kubernetes"]);
      assert.match(marked.metadata.deletionTimestamp, /Z$/);
      const reply = await api.post(inside, { metadata: { name: "late" } });
      const status = refused(reply, 403, "Forbidden");
      assert.equal(
        status.message,
        `configmaps "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
      );
      assert.equal(status.details.causes[0].reason, "NamespaceTerminating");
    });

    it("protects the namespaces that the cluster lives in", async () => {
      for (const name of ["default", "kube-system"]) {
        refused(
          await api.delete(`/api/v1/namespaces/${name}`),
          403,
          "Forbidden",
          /this namespace may not be deleted/,
        );
      }
    });

    it("labels each namespace with its own name and starts it Active", async () => {
      const name = await newNamespace(api);
      const made = succeeded(await api.get(`/api/v1/namespaces/${name}`));
      assert.equal(made.metadata.labels["kubernetes.io/metadata.name"], name);
      assert.deepEqual(made.status, { phase: "Active" });
      assert.deepEqual(made.spec, { finalizers: ["kubernetes"] });
    });
  });
}
