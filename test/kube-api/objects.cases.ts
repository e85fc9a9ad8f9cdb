/** Objects of any kind: create, read, update, names, conflicts, dry runs. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { newNamespace, refused, succeeded } from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

export function objectCases({ api }: ServerUnderTest): void {
  let path: string;
  before(async () => {
    path = `/api/v1/namespaces/${await newNamespace(api)}/configmaps`;
  });

  describe("objects: create and read", () => {
    it("answers a create with 201 and the metadata that the server adds", async () => {
      const made = succeeded(
        await api.post(path, { metadata: { name: "made" }, data: { a: "1" } }),
        201,
      );
      assert.partialDeepStrictEqual(made, {
        kind: "ConfigMap",
        apiVersion: "v1",
        data: { a: "1" },
      });
      const { metadata } = made;
      assert.match(metadata.uid, /^[0-9a-f-]{36}$/);
      assert.match(metadata.resourceVersion, /^[1-9]\d*$/);
      assert.match(metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.equal(metadata.namespace, path.split("/")[4]);
      assert.equal(metadata.generation, undefined, "a ConfigMap has no generation");
    });

    it("reads back exactly what create answered", async () => {
      const made = succeeded(
        await api.post(path, { metadata: { name: "read" }, data: { a: "1" } }),
        201,
      );
      assert.deepEqual(succeeded(await api.get(`${path}/read`)), made);
    });

    it("ignores a uid, creationTimestamp and resourceVersion-less metadata of the client", async () => {
      const metadata = { name: "own-uid", uid: "x", creationTimestamp: "2001-01-01T00:00:00Z" };
      const made = succeeded(await api.post(path, { metadata }), 201);
      assert.notEqual(made.metadata.uid, "x");
      assert.notEqual(made.metadata.creationTimestamp, "2001-01-01T00:00:00Z");
    });

    it("refuses a create that carries a resourceVersion", async () => {
      const reply = await api.post(path, { metadata: { name: "versioned", resourceVersion: "7" } });
      refused(reply, 500, undefined, "resourceVersion should not be set on objects to be created");
    });

    it("answers a second create of the same name with 409 AlreadyExists", async () => {
      succeeded(await api.post(path, { metadata: { name: "twice" } }), 201);
      const reply = await api.post(path, { metadata: { name: "twice" } });
      const status = refused(reply, 409, "AlreadyExists", 'configmaps "twice" already exists');
      assert.deepEqual(status.details, { name: "twice", kind: "configmaps" });
    });

    it("answers a missing object with 404 NotFound that names it", async () => {
      const status = refused(
        await api.get(`${path}/absent`),
        404,
        "NotFound",
        'configmaps "absent" not found',
      );
      assert.deepEqual(status.details, { name: "absent", kind: "configmaps" });
      refused(await api.delete(`${path}/absent`), 404, "NotFound");
      refused(await api.patch(`${path}/absent`, "merge", {}), 404, "NotFound");
    });

    it("names the group of a missing object outside the core group", async () => {
      const reply = await api.get("/apis/apps/v1/namespaces/default/deployments/absent");
      const status = refused(reply, 404, "NotFound", 'deployments.apps "absent" not found');
      assert.deepEqual(status.details, { name: "absent", group: "apps", kind: "deployments" });
    });

    it("answers an unknown resource or group with 404", async () => {
      const reply = await api.get("/apis/metallb.io/v1beta1/nothings");
      assert.equal(reply.status, 404);
      assert.equal(reply.body, "404 page not found\n");
      const known = await api.get("/api/v1/nothings");
      refused(known, 404, "NotFound", "the server could not find the requested resource");
    });

    it("refuses a namespaced create in a namespace that does not exist", async () => {
      const reply = await api.post("/api/v1/namespaces/absent/configmaps", {
        metadata: { name: "a" },
      });
      const status = refused(reply, 404, "NotFound", 'namespaces "absent" not found');
      assert.deepEqual(status.details, { name: "absent", kind: "namespaces" });
    });

    it("refuses an object whose namespace differs from the path's", async () => {
      const reply = await api.post(path, { metadata: { name: "else", namespace: "default" } });
      refused(
        reply,
        400,
        "BadRequest",
        /the namespace of the provided object does not match the namespace sent on the request/,
      );
    });

    it("refuses a body that is no JSON, or of another kind", async () => {
      refused(await api.post(path, "{"), 400, "BadRequest");
      const other = { kind: "Secret", apiVersion: "v1", metadata: { name: "other" } };
      refused(
        await api.post(path, other),
        400,
        "BadRequest",
        /Secret in version "v1" cannot be handled as a ConfigMap/,
      );
    });
  });

  describe("objects: names", () => {
    it("refuses a create without a name, naming the field", async () => {
      const status = refused(await api.post(path, { metadata: {} }), 422, "Invalid");
      assert.deepEqual(status.details.causes, [
        {
          reason: "FieldValueRequired",
          message: "Required value: name or generateName is required",
          field: "metadata.name",
        },
      ]);
    });

    it("refuses an upper-case name with the cause", async () => {
      const status = refused(
        await api.post(path, { metadata: { name: "Not_Good" } }),
        422,
        "Invalid",
        /^ConfigMap "Not_Good" is invalid: metadata.name: Invalid value: "Not_Good"/,
      );
      assert.partialDeepStrictEqual(status.details, { name: "Not_Good", kind: "ConfigMap" });
      assert.partialDeepStrictEqual(status.details.causes, [
        { reason: "FieldValueInvalid", field: "metadata.name" },
      ]);
    });

    it("refuses a Service name with a dot and a label value with a blank", async () => {
      const services = path.replace("configmaps", "services");
      const spec = { ports: [{ port: 80 }] };
      const dotted = refused(
        await api.post(services, { metadata: { name: "a.b" }, spec }),
        422,
        "Invalid",
      );
      assert.equal(dotted.details.causes[0].field, "metadata.name");
      const labels = { app: "two words" };
      const blank = refused(
        await api.post(path, { metadata: { name: "l", labels } }),
        422,
        "Invalid",
      );
      assert.equal(blank.details.causes[0].field, "metadata.labels");
    });

    it("completes a generateName with five characters, differently each time", async () => {
      const names = new Set<string>();
      for (let i = 0; i < 3; i++) {
        const made = succeeded(await api.post(path, { metadata: { generateName: "gen-" } }), 201);
        assert.match(made.metadata.name, /^gen-[a-z0-9]{5}$/);
        assert.equal(made.metadata.generateName, "gen-");
        names.add(made.metadata.name);
      }
      assert.equal(names.size, 3);
    });
  });

  describe("objects: update", () => {
    it("replaces the object and moves its resourceVersion on", async () => {
      const made = succeeded(
        await api.post(path, { metadata: { name: "up" }, data: { a: "1" } }),
        201,
      );
      const after = succeeded(await api.put(`${path}/up`, { ...made, data: { b: "2" } }));
      assert.deepEqual(after.data, { b: "2" });
      assert.equal(after.metadata.uid, made.metadata.uid);
      assert.ok(BigInt(after.metadata.resourceVersion) > BigInt(made.metadata.resourceVersion));
    });

    it("keeps the resourceVersion when an update changes nothing", async () => {
      const made = succeeded(
        await api.post(path, { metadata: { name: "same" }, data: { a: "1" } }),
        201,
      );
      const after = succeeded(await api.put(`${path}/same`, made));
      assert.equal(after.metadata.resourceVersion, made.metadata.resourceVersion);
    });

    it("answers a stale resourceVersion with 409 Conflict", async () => {
      const made = succeeded(await api.post(path, { metadata: { name: "stale" } }), 201);
      succeeded(await api.put(`${path}/stale`, { ...made, data: { a: "1" } }));
      const reply = await api.put(`${path}/stale`, { ...made, data: { a: "2" } });
      const status = refused(
        reply,
        409,
        "Conflict",
        'Operation cannot be fulfilled on configmaps "stale": the object has been modified; please apply your changes to the latest version and try again',
      );
      assert.deepEqual(status.details, { name: "stale", kind: "configmaps" });
    });

    it("takes an update without a resourceVersion as the last word", async () => {
      succeeded(await api.post(path, { metadata: { name: "last" } }), 201);
      const after = succeeded(
        await api.put(`${path}/last`, { metadata: { name: "last" }, data: { a: "9" } }),
      );
      assert.deepEqual(after.data, { a: "9" });
    });

    it("does not create a ConfigMap by PUT", async () => {
      refused(await api.put(`${path}/new`, { metadata: { name: "new" } }), 404, "NotFound");
    });

    it("refuses a body whose name or uid is another one", async () => {
      const made = succeeded(await api.post(path, { metadata: { name: "who" } }), 201);
      const other = await api.put(`${path}/who`, {
        ...made,
        metadata: { ...made.metadata, name: "you" },
      });
      refused(
        other,
        400,
        "BadRequest",
        "the name of the object (you) does not match the name on the URL (who)",
      );
      const metadata = { name: "who", uid: "00000000-0000-0000-0000-000000000000" };
      refused(
        await api.put(`${path}/who`, { metadata }),
        409,
        "Conflict",
        /uid mismatch|Precondition failed: UID/,
      );
    });
  });

  describe("objects: dry run", () => {
    it("answers as if and leaves nothing behind", async () => {
      const made = succeeded(
        await api.post(`${path}?dryRun=All`, { metadata: { name: "dry" } }),
        201,
      );
      assert.match(made.metadata.uid, /^[0-9a-f-]{36}$/);
      refused(await api.get(`${path}/dry`), 404, "NotFound");
    });

    it("neither updates, patches nor deletes", async () => {
      const made = succeeded(
        await api.post(path, { metadata: { name: "kept" }, data: { a: "1" } }),
        201,
      );
      const put = succeeded(
        await api.put(`${path}/kept?dryRun=All`, { ...made, data: { a: "2" } }),
      );
      assert.deepEqual(put.data, { a: "2" });
      const patched = succeeded(
        await api.patch(`${path}/kept?dryRun=All`, "merge", { data: { b: "3" } }),
      );
      assert.deepEqual(patched.data, { a: "1", b: "3" });
      succeeded(await api.delete(`${path}/kept?dryRun=All`));
      assert.deepEqual(succeeded(await api.get(`${path}/kept`)), made);
    });

    it("still refuses what would be refused, and a dryRun value it does not know", async () => {
      refused(await api.post(`${path}?dryRun=All`, { metadata: { name: "BAD" } }), 422, "Invalid");
      refused(
        await api.post(`${path}?dryRun=Some`, { metadata: { name: "x" } }),
        422,
        "Invalid",
        /dryRun: Unsupported value: \["Some"\]/,
      );
    });
  });
}
