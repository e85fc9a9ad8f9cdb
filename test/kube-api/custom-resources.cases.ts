/** CustomResourceDefinitions: life cycle, schemas, defaults, pruning, columns, status. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, it } from "node:test";
import {
  eventually,
  newNamespace,
  refused,
  succeeded,
  type ApiClient,
  type Json,
} from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const schema = {
  type: "object",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer", minimum: 1, maximum: 10 },
        colour: { type: "string", enum: ["red", "blue"], default: "red" },
        code: { type: "string", pattern: "^[a-z]+$", minLength: 2, maxLength: 4 },
        tags: { type: "array", maxItems: 2, items: { type: "string" } },
        limits: { type: "object", additionalProperties: { type: "integer" } },
        port: {
          "x-kubernetes-int-or-string": true,
          anyOf: [{ type: "integer" }, { type: "string" }],
        },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        nested: { type: "object", properties: { on: { type: "boolean", default: true } } },
        note: { type: "string", nullable: true },
        cidr: { type: "string", format: "ipv4" },
      },
      "x-kubernetes-validations": [
        { rule: "!has(self.note) || self.size > 1", message: "a note needs a size above 1" },
      ],
    },
    status: { type: "object", properties: { ready: { type: "boolean" } } },
  },
};

interface Definition {
  group: string;
  body: object;
}

function definition(): Definition {
  const group = `g${randomUUID().slice(0, 6)}.example.com`;
  const version = {
    name: "v1",
    served: true,
    storage: true,
    schema: { openAPIV3Schema: schema },
    subresources: { status: {} },
    additionalPrinterColumns: [
      { name: "Size", type: "integer", jsonPath: ".spec.size" },
      { name: "Ready", type: "boolean", jsonPath: ".status.ready", priority: 1 },
    ],
  };
  const names = { plural: "widgets", singular: "widget", kind: "Widget", shortNames: ["wg"] };
  const spec = { group, scope: "Namespaced", names, versions: [version] };
  return { group, body: { metadata: { name: `widgets.${group}` }, spec } };
}

/** Waits until a definition is Established. */
async function established(api: ApiClient, name: string): Promise<void> {
  await eventually(
    () => api.get(`${definitions}/${name}`),
    ({ body }) =>
      body.status?.conditions?.some(
        ({ type, status }: Json) => type === "Established" && status === "True",
      ),
  );
}

export function customResourceCases({ api }: ServerUnderTest): void {
  let namespace: string;
  let group: string;
  let path: string;
  before(async () => {
    const made = definition();
    namespace = await newNamespace(api);
    group = made.group;
    path = `/apis/${group}/v1/namespaces/${namespace}/widgets`;
    succeeded(await api.post(definitions, made.body), 201);
    await established(api, `widgets.${group}`);
  });
  const widget = (name: string, spec: object | undefined, rest: object = {}): object => ({
    apiVersion: `${group}/v1`,
    kind: "Widget",
    metadata: { name },
    ...(spec === undefined ? {} : { spec }),
    ...rest,
  });

  describe("custom resources: definitions", () => {
    it("become Established with accepted names", async () => {
      const crd = succeeded(await api.get(`${definitions}/widgets.${group}`));
      assert.deepEqual(crd.status.acceptedNames, {
        plural: "widgets",
        singular: "widget",
        kind: "Widget",
        listKind: "WidgetList",
        shortNames: ["wg"],
      });
      assert.deepEqual(crd.status.storedVersions, ["v1"]);
      assert.equal(crd.spec.conversion.strategy, "None");
    });

    it("appear in discovery", async () => {
      const list = succeeded(await api.get(`/apis/${group}/v1`));
      const widgets = list.resources.find(({ name }: Json) => name === "widgets");
      assert.partialDeepStrictEqual(widgets, {
        singularName: "widget",
        kind: "Widget",
        namespaced: true,
        shortNames: ["wg"],
      });
      assert.ok(list.resources.some(({ name }: Json) => name === "widgets/status"));
      const groups = succeeded(await api.get("/apis")).groups.map(({ name }: Json) => name);
      assert.ok(groups.includes(group));
    });

    it("must be named plural.group and carry a structural schema", async () => {
      const { body } = definition();
      const misnamed = { ...body, metadata: { name: "other.example.com" } };
      const status = refused(await api.post(definitions, misnamed), 422, "Invalid");
      assert.equal(status.details.causes[0].field, "metadata.name");
      const bare = definition();
      (bare.body as Json).spec.versions[0].schema = undefined;
      refused(
        await api.post(definitions, bare.body),
        422,
        "Invalid",
        /spec.versions\[0\].schema.openAPIV3Schema: Required value/,
      );
      const untyped = definition();
      (untyped.body as Json).spec.versions[0].schema = {
        openAPIV3Schema: { type: "object", properties: { spec: {} } },
      };
      refused(
        await api.post(definitions, untyped.body),
        422,
        "Invalid",
        /properties\[spec\].type: Required value/,
      );
    });

    it("take their objects with them when deleted", async () => {
      const made = definition();
      const name = `widgets.${made.group}`;
      succeeded(await api.post(definitions, made.body), 201);
      await established(api, name);
      const objects = `/apis/${made.group}/v1/namespaces/${namespace}/widgets`;
      const body = {
        apiVersion: `${made.group}/v1`,
        kind: "Widget",
        metadata: { name: "w" },
        spec: { size: 1 },
      };
      succeeded(await api.post(objects, body), 201);
      await using watch = await api.watch(`${definitions}?fieldSelector=metadata.name%3D${name}`);
      await watch.next();
      succeeded(await api.delete(`${definitions}/${name}`));
      let event = await watch.next();
      while (event?.type === "MODIFIED") event = await watch.next();
      assert.equal(event?.type, "DELETED");
      // The real server hears of the deletion by a watch of its own, and then takes the path away.
      await eventually(
        () => api.get(objects),
        ({ status }) => status === 404,
      );
    });
  });

  describe("custom resources: objects", () => {
    it("get the schema's defaults and a generation", async () => {
      const made = succeeded(
        await api.post(path, widget("defaults", { size: 3, nested: {} })),
        201,
      );
      assert.deepEqual(made.spec, { size: 3, colour: "red", nested: { on: true } });
      assert.equal(made.metadata.generation, 1);
      assert.equal(made.apiVersion, `${group}/v1`);
    });

    it("lose unknown fields with a warning, unless the schema keeps them", async () => {
      const spec = { size: 1, clutter: 1, free: { any: { thing: [1] } } };
      const reply = await api.post(path, widget("pruned", spec));
      const made = succeeded(reply, 201);
      assert.deepEqual(made.spec, { size: 1, colour: "red", free: { any: { thing: [1] } } });
      assert.match([reply.headers["warning"]].flat().join(), /unknown field \\"spec.clutter\\"/);
      const strict = await api.post(`${path}?fieldValidation=Strict`, widget("strict", spec));
      refused(strict, 400, "BadRequest", /strict decoding error: unknown field "spec.clutter"/);
    });

    it("drop null where the schema has a default or does not allow it", async () => {
      const made = succeeded(
        await api.post(path, widget("nulls", { size: 2, colour: null, note: null })),
        201,
      );
      assert.deepEqual(made.spec, { size: 2, colour: "red", note: null });
    });

    it("must name their kind and version", async () => {
      const body = { metadata: { name: "kindless" }, spec: { size: 1 } };
      refused(await api.post(path, body), 400, "BadRequest", /Object 'Kind' is missing/);
    });

    const rows: [title: string, spec: object | undefined, field: string, message: RegExp][] = [
      ["without spec", undefined, "spec", /Required value/],
      ["without a required field", {}, "spec.size", /Required value/],
      ["with text for a number", { size: "3" }, "spec.size", /must be of type integer: "string"/],
      [
        "with a fraction for an integer",
        { size: 1.5 },
        "spec.size",
        /must be of type integer: "number"/,
      ],
      ["below the minimum", { size: 0 }, "spec.size", /should be greater than or equal to 1/],
      ["above the maximum", { size: 11 }, "spec.size", /should be less than or equal to 10/],
      [
        "outside the enum",
        { size: 1, colour: "green" },
        "spec.colour",
        /Unsupported value: "green": supported values: "red", "blue"/,
      ],
      ["against the pattern", { size: 1, code: "AB" }, "spec.code", /should match '\^\[a-z\]\+\$'/],
      ["too short", { size: 1, code: "a" }, "spec.code", /should be at least 2 chars long/],
      ["too long", { size: 1, code: "abcde" }, "spec.code", /may not be (more|longer) than 4/],
      [
        "with too many items",
        { size: 1, tags: ["a", "b", "c"] },
        "spec.tags",
        /must have at most 2 items/,
      ],
      [
        "with a wrong item",
        { size: 1, tags: [1] },
        "spec.tags[0]",
        /must be of type string: "integer"/,
      ],
      [
        "with a wrong map value",
        { size: 1, limits: { cpu: "x" } },
        "spec.limits.cpu",
        /must be of type integer/,
      ],
      [
        "with a list for an object",
        { size: 1, nested: [] },
        "spec.nested",
        /must be of type object: "array"/,
      ],
      ["with a malformed address", { size: 1, cidr: "1.2.3" }, "spec.cidr", /must be of type ipv4/],
      ["against a CEL rule", { size: 1, note: "x" }, "spec", /a note needs a size above 1/],
    ];
    for (const [title, spec, field, message] of rows) {
      it(`are refused ${title}, naming ${field}`, async () => {
        const status = refused(await api.post(path, widget("bad", spec)), 422, "Invalid", message);
        assert.partialDeepStrictEqual(status.details, { name: "bad", group, kind: "Widget" });
        assert.equal(status.details.causes[0].field, field);
      });
    }

    it("name all that is wrong at once", async () => {
      const status = refused(
        await api.post(path, widget("many", { size: 0, colour: "green" })),
        422,
        "Invalid",
      );
      const fields = status.details.causes.map(({ field }: Json) => field);
      assert.ok(fields.includes("spec.size") && fields.includes("spec.colour"), fields.join());
    });

    it("take text or number where the schema says int-or-string", async () => {
      for (const port of [80, "http"]) {
        const body = widget("port", { size: 1, port });
        assert.equal(succeeded(await api.post(`${path}?dryRun=All`, body), 201).spec.port, port);
      }
      refused(await api.post(path, widget("port", { size: 1, port: true })), 422, "Invalid");
    });

    it("keep status apart, and count generations by spec alone", async () => {
      const made = succeeded(
        await api.post(path, widget("halves", { size: 1 }, { status: { ready: true } })),
        201,
      );
      assert.equal(made.status, undefined);
      const status = await api.patch(`${path}/halves/status`, "merge", {
        spec: { size: 9 },
        status: { ready: true },
      });
      const after = succeeded(status);
      assert.equal(after.spec.size, 1);
      assert.deepEqual(after.status, { ready: true });
      assert.equal(after.metadata.generation, 1);
      const grown = succeeded(
        await api.patch(`${path}/halves`, "merge", { spec: { size: 2 }, status: { ready: false } }),
      );
      assert.equal(grown.metadata.generation, 2);
      assert.deepEqual(grown.status, { ready: true });
    });

    it("must be updated with a resourceVersion", async () => {
      succeeded(await api.post(path, widget("versioned", { size: 1 })), 201);
      const reply = await api.put(`${path}/versioned`, widget("versioned", { size: 2 }));
      refused(
        reply,
        422,
        "Invalid",
        /metadata.resourceVersion: Invalid value: .*: must be specified for an update/,
      );
    });

    it("take merge and JSON patches but no strategic ones", async () => {
      succeeded(await api.post(path, widget("patched", { size: 1, tags: ["a"] })), 201);
      const merged = succeeded(
        await api.patch(`${path}/patched`, "merge", { spec: { tags: ["b"] } }),
      );
      assert.deepEqual(merged.spec.tags, ["b"]);
      const operation = { op: "add", path: "/spec/tags/-", value: "c" };
      assert.deepEqual(
        succeeded(await api.patch(`${path}/patched`, "json", [operation])).spec.tags,
        ["b", "c"],
      );
      refused(await api.patch(`${path}/patched`, "strategic", {}), 415, "UnsupportedMediaType");
      refused(await api.patch(`${path}/patched`, "merge", { spec: { size: 99 } }), 422, "Invalid");
    });

    it("can be applied, conflicts included", async () => {
      const apply = (manager: string, size: number): ReturnType<typeof api.patch> =>
        api.patch(`${path}/applied?fieldManager=${manager}`, "apply", widget("applied", { size }));
      succeeded(await apply("one", 1), 201);
      refused(await apply("two", 2), 409, "Conflict", /conflict with "one": \.spec\.size/);
    });

    it("can be listed, selected and watched like any other", async () => {
      const other = path.replace(namespace, await newNamespace(api));
      const labels = { metadata: { name: "w", labels: { a: "b" } } };
      await using watch = await api.watch(other);
      succeeded(await api.post(other, widget("w", { size: 1 }, labels)), 201);
      succeeded(await api.delete(`${other}/w`));
      assert.deepEqual(await watch.take(2), ["ADDED w", "DELETED w"]);
      const list = succeeded(await api.get(`${other}?labelSelector=a%3Db`));
      assert.partialDeepStrictEqual(list, { kind: "WidgetList", apiVersion: `${group}/v1` });
      assert.deepEqual(list.items, []);
    });

    it("have the table columns that the definition names", async () => {
      const other = path.replace(namespace, await newNamespace(api));
      succeeded(await api.post(other, widget("w", { size: 7 })), 201);
      const table = succeeded(await api.get(other, "application/json;as=Table;v=v1;g=meta.k8s.io"));
      const columns = table.columnDefinitions.map(({ name, priority }: Json) => [name, priority]);
      assert.deepEqual(columns, [
        ["Name", 0],
        ["Size", 0],
        ["Ready", 1],
      ]);
      assert.deepEqual(table.rows[0].cells, ["w", 7, null]);
    });
  });
}
