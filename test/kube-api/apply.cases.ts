/** Server-side apply: ownership of fields, conflicts, removal. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { newNamespace, refused, succeeded, type Json, type Reply } from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

export function applyCases({ api }: ServerUnderTest): void {
  let maps: string;
  let services: string;
  before(async () => {
    const namespace = await newNamespace(api);
    maps = `/api/v1/namespaces/${namespace}/configmaps`;
    services = `/api/v1/namespaces/${namespace}/services`;
  });
  const applyMap = (name: string, manager: string, data: object, options = ""): Promise<Reply> =>
    api.patch(`${maps}/${name}?fieldManager=${manager}${options}`, "apply", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name },
      data,
    });
  const managers = (object: Json): string[] =>
    object.metadata.managedFields
      .map((entry: Json) =>
        [entry.manager, entry.operation, entry.subresource].filter(Boolean).join(" "),
      )
      .toSorted();

  describe("apply", () => {
    it("creates what is not there, with 201, and remembers who owns which field", async () => {
      const made = succeeded(await applyMap("new", "one", { a: "1" }), 201);
      assert.deepEqual(made.data, { a: "1" });
      const entry = made.metadata.managedFields[0];
      assert.partialDeepStrictEqual(entry, {
        manager: "one",
        operation: "Apply",
        apiVersion: "v1",
        fieldsType: "FieldsV1",
      });
      assert.deepEqual(entry.fieldsV1, { "f:data": { "f:a": {} } });
    });

    it("changes nothing when applied again", async () => {
      const made = succeeded(await applyMap("again", "one", { a: "1" }), 201);
      const after = succeeded(await applyMap("again", "one", { a: "1" }));
      assert.equal(after.metadata.resourceVersion, made.metadata.resourceVersion);
    });

    it("removes a field that its only owner applies no longer", async () => {
      succeeded(await applyMap("less", "one", { a: "1", b: "2" }), 201);
      const after = succeeded(await applyMap("less", "one", { b: "2" }));
      assert.deepEqual(after.data, { b: "2" });
    });

    it("keeps fields of others, and a field that another owner still applies", async () => {
      succeeded(await applyMap("shared", "one", { a: "1", common: "x" }), 201);
      succeeded(await applyMap("shared", "two", { b: "2", common: "x" }));
      const after = succeeded(await applyMap("shared", "one", {}));
      assert.deepEqual(after.data, { b: "2", common: "x" });
    });

    it("refuses to change a field of another owner, naming both", async () => {
      succeeded(await applyMap("fought", "one", { a: "1" }), 201);
      const reply = await applyMap("fought", "two", { a: "2" });
      const status = refused(
        reply,
        409,
        "Conflict",
        /Apply failed with 1 conflict: conflict with "one": \.data\.a/,
      );
      assert.deepEqual(status.details.causes, [
        { reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".data.a" },
      ]);
    });

    it("takes the field over by force", async () => {
      succeeded(await applyMap("forced", "one", { a: "1", b: "1" }), 201);
      const after = succeeded(await applyMap("forced", "two", { a: "2" }, "&force=true"));
      assert.deepEqual(after.data, { a: "2", b: "1" });
      const one = after.metadata.managedFields.find((entry: Json) => entry.manager === "one");
      assert.deepEqual(one.fieldsV1, { "f:data": { "f:b": {} } });
    });

    it("meets the owner of an ordinary update as well", async () => {
      succeeded(
        await api.post(`${maps}?fieldManager=editor`, {
          metadata: { name: "edited" },
          data: { a: "1" },
        }),
        201,
      );
      refused(
        await applyMap("edited", "one", { a: "2" }),
        409,
        "Conflict",
        /conflict with "editor" using v1: \.data\.a/,
      );
      const after = succeeded(await applyMap("edited", "one", { a: "1" }));
      assert.deepEqual(managers(after), ["editor Update", "one Apply"]);
    });

    it("loses the field to a later update by somebody else", async () => {
      succeeded(await applyMap("stolen", "one", { a: "1" }), 201);
      succeeded(
        await api.patch(`${maps}/stolen?fieldManager=thief`, "merge", { data: { a: "2" } }),
      );
      refused(
        await applyMap("stolen", "one", { a: "1" }),
        409,
        "Conflict",
        /conflict with "thief"/,
      );
    });

    it("needs a fieldManager, and kind, apiVersion and name in the body", async () => {
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } };
      refused(
        await api.patch(`${maps}/x`, "apply", body),
        422,
        "Invalid",
        /fieldManager: Required value: is required for apply patch/,
      );
      refused(
        await api.patch(`${maps}/x?fieldManager=one`, "apply", { metadata: { name: "x" } }),
        400,
        "BadRequest",
      );
      const managed = { ...body, metadata: { name: "x", managedFields: [{ manager: "m" }] } };
      refused(
        await api.patch(`${maps}/x?fieldManager=one`, "apply", managed),
        400,
        "BadRequest",
        /metadata.managedFields must be nil/,
      );
    });

    it("reads YAML", async () => {
      const text =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: |\n    two\n    lines\n";
      const made = succeeded(await api.patch(`${maps}/yaml?fieldManager=one`, "apply", text), 201);
      assert.equal(made.data.a, "two\nlines\n");
    });

    it("leaves nothing behind in a dry run", async () => {
      succeeded(await applyMap("dry", "one", { a: "1" }, "&dryRun=All"), 201);
      refused(await api.get(`${maps}/dry`), 404, "NotFound");
    });
  });

  describe("apply: lists and subresources", () => {
    const applyService = (
      name: string,
      manager: string,
      ports: object[],
      options = "",
    ): Promise<Reply> =>
      api.patch(`${services}/${name}?fieldManager=${manager}${options}`, "apply", {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name },
        spec: { type: "LoadBalancer", ports },
      });

    it("merges Service ports by port and protocol", async () => {
      succeeded(
        await applyService("ports", "one", [{ name: "a", port: 80, protocol: "TCP" }]),
        201,
      );
      const after = succeeded(
        await applyService("ports", "two", [{ name: "b", port: 81, protocol: "TCP" }]),
      );
      assert.deepEqual(
        after.spec.ports.map((port: Json) => port.port),
        [80, 81],
      );
      const less = succeeded(await applyService("ports", "one", []));
      assert.deepEqual(
        less.spec.ports.map((port: Json) => port.port),
        [81],
      );
      const two = less.metadata.managedFields.find((entry: Json) => entry.manager === "two");
      assert.deepEqual(Object.keys(two.fieldsV1["f:spec"]["f:ports"]), [
        'k:{"port":81,"protocol":"TCP"}',
      ]);
    });

    it("keeps the owner of the status apart from that of the rest", async () => {
      succeeded(await applyService("status", "one", [{ port: 80 }]), 201);
      const body = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "status" },
        status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } },
      };
      const after = succeeded(
        await api.patch(`${services}/status/status?fieldManager=balancer`, "apply", body),
      );
      assert.deepEqual(after.status.loadBalancer.ingress, [{ ip: "192.0.2.1", ipMode: "VIP" }]);
      assert.deepEqual(managers(after), ["balancer Apply status", "one Apply"]);
      succeeded(await applyService("status", "one", [{ port: 81 }]));
      assert.deepEqual(succeeded(await api.get(`${services}/status`)).status, after.status);
    });
  });

  describe("managedFields", () => {
    it("name the user agent's first word when no fieldManager is given", async () => {
      const made = succeeded(
        await api.post(maps, { metadata: { name: "agent" }, data: { a: "1" } }),
        201,
      );
      assert.equal(made.metadata.managedFields.length, 1);
      assert.equal(made.metadata.managedFields[0].operation, "Update");
    });

    it("record labels, annotations and data of an update, field by field", async () => {
      const metadata = { name: "fields", labels: { l: "1" }, annotations: { "a/b": "2" } };
      const made = succeeded(
        await api.post(`${maps}?fieldManager=m`, { metadata, data: { d: "3" } }),
        201,
      );
      assert.deepEqual(made.metadata.managedFields[0].fieldsV1, {
        "f:data": { ".": {}, "f:d": {} },
        "f:metadata": {
          "f:annotations": { ".": {}, "f:a/b": {} },
          "f:labels": { ".": {}, "f:l": {} },
        },
      });
    });

    it("are forgotten when a client empties them", async () => {
      succeeded(await applyMap("emptied", "one", { a: "1" }), 201);
      const patch = { metadata: { managedFields: [{}] } };
      const after = succeeded(await api.patch(`${maps}/emptied`, "merge", patch));
      assert.equal(after.metadata.managedFields, undefined);
    });
  });
}
