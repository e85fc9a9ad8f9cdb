/** Kinds of several versions: one is kept, a webhook converts, and the old one warns. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { eventually, newNamespace, refused, succeeded, type Json } from "./api-client.ts";
import { startReviewServer, type ReviewServer } from "./review-server.ts";
import type { ServerUnderTest } from "./servers.ts";

const group = `g${randomUUID().slice(0, 6)}.example.com`;
const definition = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.${group}`;

const version = (name: string, spec: Json, more: object): object => ({
  name,
  served: true,
  schema: {
    openAPIV3Schema: { type: "object", properties: { spec: { type: "object", ...spec } } },
  },
  subresources: { status: {} },
  ...more,
});
const text = { type: "string" };
const versions = [
  version(
    "v1beta1",
    { properties: { old: text }, required: ["old"] },
    {
      storage: false,
      deprecated: true,
      deprecationWarning: "v1beta1 is old",
    },
  ),
  version(
    "v1beta2",
    { properties: { new: text, port: { type: "integer", default: 179 } } },
    {
      storage: true,
    },
  ),
];

/** `old` of v1beta1 is `new` of v1beta2; nothing else is carried over. */
function convert({ objects, desiredAPIVersion }: Json): object {
  const convertedObjects = objects.map(({ spec, ...object }: Json) => ({
    ...object,
    apiVersion: desiredAPIVersion,
    metadata: { ...object.metadata, labels: { ...object.metadata.labels, seen: "yes" } },
    spec: desiredAPIVersion.endsWith("v1beta1") ? { old: spec.new } : { new: spec.old },
  }));
  return { convertedObjects, result: { status: "Success" } };
}

export function conversionCases({ api, scratch }: ServerUnderTest): void {
  let server: ReviewServer;
  let answer = convert;
  let namespace: string;
  const paths = (name: string, path = "") =>
    `/apis/${group}/${name}/namespaces/${namespace}/gadgets${path}`;
  const gadget = (name: string, apiVersion: string, spec: object): object => ({
    apiVersion: `${group}/${apiVersion}`,
    kind: "Gadget",
    metadata: { name },
    spec,
  });

  before(async () => {
    server = await startReviewServer(join(scratch, "conversion"), (request) => answer(request));
    namespace = await newNamespace(api);
    const webhook = {
      clientConfig: server.clientConfig,
      conversionReviewVersions: ["v1beta1", "v1beta2"],
    };
    const names = { plural: "gadgets", singular: "gadget", kind: "Gadget", listKind: "GadgetList" };
    const spec = { group, scope: "Namespaced", names, versions };
    const body = {
      metadata: { name: `gadgets.${group}` },
      spec: { ...spec, conversion: { strategy: "Webhook", webhook } },
    };
    succeeded(await api.post(definition.slice(0, definition.lastIndexOf("/")), body), 201);
    await eventually(
      () => api.get(paths("v1beta1")),
      ({ status }) => status === 200,
    );
  });
  beforeEach(() => {
    answer = convert;
    server.reviews.length = 0;
  });
  after(async () => {
    answer = convert;
    await api.delete(definition);
    server.stop();
  });

  describe("versions", () => {
    it("CRD-14: an object of the old version is kept in the new one, and read in both", async () => {
      const made = await api.post(paths("v1beta1"), gadget("a", "v1beta1", { old: "x" }));
      assert.deepEqual(succeeded(made, 201).spec, { old: "x" });
      assert.equal(made.body.apiVersion, `${group}/v1beta1`);
      assert.partialDeepStrictEqual(server.reviews[0], {
        kind: "ConversionReview",
        apiVersion: "apiextensions.k8s.io/v1beta1",
        request: {
          desiredAPIVersion: `${group}/v1beta2`,
          objects: [{ apiVersion: `${group}/v1beta1`, spec: { old: "x" } }],
        },
      });
      const kept = succeeded(await api.get(paths("v1beta2", "/a")));
      assert.deepEqual(kept.spec, { new: "x", port: 179 });
      assert.equal(kept.metadata.labels.seen, "yes");
      assert.equal(kept.metadata.uid, made.body.metadata.uid);
      assert.deepEqual(succeeded(await api.get(paths("v1beta1", "/a"))).spec, { old: "x" });
    });

    it("CRD-14: the old version warns, whatever is asked of it; the new one does not", async () => {
      const warned = async (path: string) => (await api.get(path)).headers["warning"];
      assert.equal(await warned(paths("v1beta1")), '299 - "v1beta1 is old"');
      assert.equal(await warned(paths("v1beta1", "/none")), '299 - "v1beta1 is old"');
      assert.equal(await warned(paths("v1beta2")), undefined);
    });

    it("are checked by the schema of the version that was sent", async () => {
      const reply = await api.post(paths("v1beta1"), gadget("b", "v1beta1", {}));
      refused(reply, 422, "Invalid", /spec.old: Required value/);
      succeeded(await api.post(paths("v1beta2"), gadget("b", "v1beta2", {})), 201);
    });

    it("a list needs no more than one call, and a change of the old version reaches the new one", async () => {
      succeeded(await api.post(paths("v1beta2"), gadget("c", "v1beta2", { new: "1" })), 201);
      succeeded(await api.post(paths("v1beta2"), gadget("d", "v1beta2", { new: "2" })), 201);
      // The real server converts each new object once for its watch cache, and a list waits for that.
      succeeded(await api.get(paths("v1beta1")));
      server.reviews.length = 0;
      const { items } = succeeded(await api.get(paths("v1beta1")));
      const specs = items.map(({ metadata, spec }: Json) => `${metadata.name} ${spec.old}`);
      assert.deepEqual(specs.slice(-2), ["c 1", "d 2"]);
      assert.ok(server.reviews.length <= 1, `${server.reviews.length} calls`);
      succeeded(await api.patch(paths("v1beta1", "/d"), "merge", { spec: { old: "3" } }));
      assert.equal(succeeded(await api.get(paths("v1beta2", "/d"))).spec.new, "3");
      const whole = succeeded(await api.get(paths("v1beta1", "/d")));
      succeeded(await api.put(paths("v1beta1", "/d"), { ...whole, spec: { old: "4" } }));
      assert.equal(succeeded(await api.get(paths("v1beta2", "/d"))).spec.new, "4");
    });

    it("a watch shows every event in its own version, in order", async () => {
      const { metadata } = succeeded(await api.get(paths("v1beta1")));
      await using watch = await api.watch(
        `${paths("v1beta1")}?resourceVersion=${metadata.resourceVersion}`,
      );
      succeeded(await api.post(paths("v1beta2"), gadget("e", "v1beta2", { new: "1" })), 201);
      succeeded(await api.patch(paths("v1beta2", "/e"), "merge", { spec: { new: "2" } }));
      succeeded(await api.delete(paths("v1beta2", "/e")));
      const seen: string[] = [];
      for (let event = await watch.next(); event; event = await watch.next()) {
        const { apiVersion, spec } = event.object;
        seen.push(`${event.type} ${apiVersion.split("/")[1]} ${spec.old}`);
        if (event.type === "DELETED") break;
      }
      assert.deepEqual(seen, ["ADDED v1beta1 1", "MODIFIED v1beta1 2", "DELETED v1beta1 2"]);
    });

    it("CRD-14: admission webhooks of the new version are asked about the old one too", async () => {
      const asked: Json[] = [];
      answer = (request) => {
        if (request.objects) return convert(request);
        asked.push(request);
        return { allowed: false, status: { message: "no gadgets" } };
      };
      const rules = [
        {
          apiGroups: [group],
          apiVersions: ["v1beta2"],
          resources: ["gadgets"],
          operations: ["CREATE"],
        },
      ];
      const webhook = {
        name: "gadgets.example.com",
        clientConfig: server.clientConfig,
        rules,
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      };
      const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
      const name = `gadgets-${namespace}`;
      succeeded(await api.post(path, { metadata: { name }, webhooks: [webhook] }), 201);
      const make = () =>
        api.post(`${paths("v1beta1")}?dryRun=All`, gadget("h", "v1beta1", { old: "x" }));
      const reply = await eventually(make, ({ status }) => status !== 201);
      succeeded(await api.delete(`${path}/${name}`));
      refused(reply, 400, undefined, /denied the request: no gadgets/);
      assert.partialDeepStrictEqual(asked[0], {
        kind: { version: "v1beta2" },
        requestKind: { version: "v1beta1" },
        resource: { version: "v1beta2" },
        object: { apiVersion: `${group}/v1beta2`, spec: { new: "x" } },
        oldObject: null,
      });
      await eventually(make, ({ status }) => status === 201);
    });

    it("a webhook that fails is told, and nothing is written", async () => {
      answer = () => ({ result: { status: "Failure", message: "no idea how" } });
      const failed = new RegExp(
        `conversion webhook for ${group}/v1beta1, Kind=Gadget failed: no idea how`,
      );
      const reply = await api.post(paths("v1beta1"), gadget("f", "v1beta1", { old: "x" }));
      assert.equal(reply.status, 500);
      assert.match(reply.body.message, failed);
      refused(await api.get(paths("v1beta2", "/f")), 404, "NotFound");
      succeeded(await api.post(paths("v1beta2"), gadget("g", "v1beta2", {})), 201);
      assert.equal((await api.get(paths("v1beta1", "/g"))).status, 500);
    });
  });
}
