/** Patches: JSON merge, JSON patch, strategic merge. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { newNamespace, refused, succeeded, type Json } from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

export function patchCases({ api }: ServerUnderTest): void {
  let namespace: string;
  let maps: string;
  before(async () => {
    namespace = await newNamespace(api);
    maps = `/api/v1/namespaces/${namespace}/configmaps`;
  });
  const make = async (name: string, data: object, metadata: object = {}): Promise<Json> =>
    succeeded(await api.post(maps, { metadata: { name, ...metadata }, data }), 201);

  describe("patch: JSON merge", () => {
    it("sets, keeps and removes by null", async () => {
      await make("merge", { keep: "1", drop: "2" });
      const after = succeeded(
        await api.patch(`${maps}/merge`, "merge", { data: { drop: null, add: "3" } }),
      );
      assert.deepEqual(after.data, { keep: "1", add: "3" });
    });

    it("changes metadata alone, the fields that belong to the server excepted", async () => {
      const made = await make("meta", {});
      const metadata = {
        labels: { a: "b" },
        annotations: { note: "x" },
        creationTimestamp: "2001-01-01T00:00:00Z",
      };
      const after = succeeded(await api.patch(`${maps}/meta`, "merge", { metadata }));
      assert.partialDeepStrictEqual(after.metadata, {
        labels: { a: "b" },
        annotations: { note: "x" },
      });
      assert.equal(after.metadata.uid, made.metadata.uid);
      assert.equal(after.metadata.creationTimestamp, made.metadata.creationTimestamp);
    });

    it("checks a resourceVersion that the patch carries", async () => {
      await make("guarded", {});
      const patch = { metadata: { resourceVersion: "1" }, data: { a: "1" } };
      refused(await api.patch(`${maps}/guarded`, "merge", patch), 409, "Conflict");
    });

    it("replaces lists whole", async () => {
      await make("lists", {}, { finalizers: ["example.com/a", "example.com/b"] });
      const patch = { metadata: { finalizers: ["example.com/c"] } };
      const after = succeeded(await api.patch(`${maps}/lists`, "merge", patch));
      assert.deepEqual(after.metadata.finalizers, ["example.com/c"]);
    });

    it("refuses a result of the wrong type, and a body that is no object", async () => {
      await make("typed", {});
      const wrong = await api.patch(`${maps}/typed`, "merge", { data: { a: 1 } });
      refused(wrong, 422, "Invalid", /cannot unmarshal number/);
      refused(await api.patch(`${maps}/typed`, "merge", "nonsense"), 400, "BadRequest");
    });

    it("refuses a patch type that does not exist", async () => {
      await make("media", {});
      const reply = await api.call("PATCH", `${maps}/media`, {
        body: {},
        contentType: "application/json",
      });
      refused(reply, 415, "UnsupportedMediaType");
    });
  });

  describe("patch: JSON patch", () => {
    const patch = (name: string, operations: object[]): ReturnType<typeof api.patch> =>
      api.patch(`${maps}/${name}`, "json", operations);

    it("adds, replaces, removes, moves and copies", async () => {
      await make("ops", { a: "1", b: "2", c: "3" });
      const after = succeeded(
        await patch("ops", [
          { op: "test", path: "/data/a", value: "1" },
          { op: "add", path: "/data/d", value: "4" },
          { op: "replace", path: "/data/a", value: "9" },
          { op: "remove", path: "/data/b" },
          { op: "move", from: "/data/c", path: "/data/e" },
          { op: "copy", from: "/data/a", path: "/data/f" },
        ]),
      );
      assert.deepEqual(after.data, { a: "9", d: "4", e: "3", f: "9" });
    });

    it("unescapes ~1 and ~0 in a path and appends by '-'", async () => {
      await make("paths", {}, { annotations: { "a/b": "1" }, finalizers: ["example.com/a"] });
      const after = succeeded(
        await patch("paths", [
          { op: "replace", path: "/metadata/annotations/a~1b", value: "2" },
          { op: "add", path: "/metadata/finalizers/-", value: "example.com/b" },
        ]),
      );
      assert.deepEqual(after.metadata.annotations, { "a/b": "2" });
      assert.deepEqual(after.metadata.finalizers, ["example.com/a", "example.com/b"]);
    });

    it("applies nothing when a test fails", async () => {
      await make("tested", { a: "1" });
      const operations = [
        { op: "replace", path: "/data/a", value: "2" },
        { op: "test", path: "/data/a", value: "1" },
      ];
      refused(
        await patch("tested", operations),
        422,
        "Invalid",
        /the server rejected our request due to an error in our request/,
      );
      assert.deepEqual(succeeded(await api.get(`${maps}/tested`)).data, { a: "1" });
    });

    it("refuses to remove what is not there", async () => {
      await make("missing", { a: "1" });
      refused(await patch("missing", [{ op: "remove", path: "/data/zz" }]), 422, "Invalid");
    });
  });

  describe("patch: strategic merge", () => {
    let services: string;
    let deployments: string;
    before(() => {
      services = `/api/v1/namespaces/${namespace}/services`;
      deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    });
    const service = async (name: string): Promise<Json> => {
      const ports = [
        { name: "http", port: 80, targetPort: 8080 },
        { name: "https", port: 443 },
      ];
      return succeeded(await api.post(services, { metadata: { name }, spec: { ports } }), 201);
    };
    const deployment = async (
      name: string,
      container: object,
      spec: object = {},
    ): Promise<void> => {
      const labels = { app: name };
      const containers = [{ name: "main", image: "example.com/a", ...container }];
      const template = { metadata: { labels }, spec: { containers, ...spec } };
      const body = { metadata: { name }, spec: { selector: { matchLabels: labels }, template } };
      succeeded(await api.post(deployments, body), 201);
    };
    const patchPod = async (name: string, spec: object): Promise<Json> => {
      const patch = { spec: { template: { spec } } };
      return succeeded(await api.patch(`${deployments}/${name}`, "strategic", patch)).spec.template
        .spec;
    };

    it("merges Service ports by port number", async () => {
      await service("ports");
      const ports = [{ port: 80, targetPort: 9090 }];
      const after = succeeded(
        await api.patch(`${services}/ports`, "strategic", { spec: { ports } }),
      );
      assert.partialDeepStrictEqual(after.spec.ports, [
        { name: "http", port: 80, targetPort: 9090 },
        { name: "https", port: 443 },
      ]);
    });

    it("adds a Service port in front, removes one by $patch: delete", async () => {
      await service("more");
      const added = { spec: { ports: [{ name: "dns", port: 53 }] } };
      const more = succeeded(await api.patch(`${services}/more`, "strategic", added));
      const numbers = (body: Json): number[] => body.spec.ports.map((port: Json) => port.port);
      assert.deepEqual(numbers(more), [53, 80, 443]);
      const dropped = { spec: { ports: [{ $patch: "delete", port: 80 }] } };
      const less = succeeded(await api.patch(`${services}/more`, "strategic", dropped));
      assert.deepEqual(numbers(less), [53, 443]);
    });

    it("reorders by $setElementOrder", async () => {
      await service("order");
      const patch = { spec: { "$setElementOrder/ports": [{ port: 443 }, { port: 80 }] } };
      const after = succeeded(await api.patch(`${services}/order`, "strategic", patch));
      assert.deepEqual(
        after.spec.ports.map((port: Json) => port.port),
        [443, 80],
      );
    });

    it("replaces a list or a map by $patch: replace", async () => {
      await service("whole");
      const ports = [{ $patch: "replace" }, { name: "only", port: 1234 }];
      const after = succeeded(
        await api.patch(`${services}/whole`, "strategic", { spec: { ports } }),
      );
      assert.deepEqual(
        after.spec.ports.map((port: Json) => port.port),
        [1234],
      );
      await make("replaced", { a: "1", b: "2" });
      const map = { data: { $patch: "replace", c: "3" } };
      const replaced = succeeded(await api.patch(`${maps}/replaced`, "strategic", map));
      assert.deepEqual(replaced.data, { c: "3" });
    });

    it("merges containers and env by name, and replaces a list of plain values", async () => {
      await deployment("env", {
        args: ["-a", "-b"],
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "2" },
        ],
      });
      const env = [
        { name: "B", value: "3" },
        { name: "A", $patch: "delete" },
        { name: "C", value: "4" },
      ];
      const spec = await patchPod("env", { containers: [{ name: "main", env, args: ["-c"] }] });
      const container = spec.containers[0];
      assert.equal(container.image, "example.com/a");
      assert.deepEqual(
        container.env.toSorted((a: Json, b: Json) => (a.name < b.name ? -1 : 1)),
        [
          { name: "B", value: "3" },
          { name: "C", value: "4" },
        ],
      );
      assert.deepEqual(container.args, ["-c"]);
    });

    it("replaces tolerations whole", async () => {
      await deployment("tolerations", {}, { tolerations: [{ key: "a", operator: "Exists" }] });
      const spec = await patchPod("tolerations", {
        tolerations: [{ key: "b", operator: "Exists" }],
      });
      assert.deepEqual(spec.tolerations, [{ key: "b", operator: "Exists" }]);
    });

    it("clears an old volume source by $retainKeys", async () => {
      await deployment("volumes", {}, { volumes: [{ name: "v", emptyDir: {} }] });
      const volume = { name: "v", $retainKeys: ["name", "configMap"], configMap: { name: "c" } };
      const spec = await patchPod("volumes", { volumes: [volume] });
      assert.equal(spec.volumes[0].emptyDir, undefined);
      assert.equal(spec.volumes[0].configMap.name, "c");
    });

    it("merges finalizers and removes one by $deleteFromPrimitiveList", async () => {
      await make("finalizers", {}, { finalizers: ["example.com/a"] });
      const added = { metadata: { finalizers: ["example.com/b"] } };
      const more = succeeded(await api.patch(`${maps}/finalizers`, "strategic", added));
      assert.deepEqual(more.metadata.finalizers, ["example.com/b", "example.com/a"]);
      const removed = { metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/a"] } };
      const less = succeeded(await api.patch(`${maps}/finalizers`, "strategic", removed));
      assert.deepEqual(less.metadata.finalizers, ["example.com/b"]);
    });

    it("removes a map's key by null", async () => {
      await make("null-key", { a: "1", b: "2" });
      const after = succeeded(
        await api.patch(`${maps}/null-key`, "strategic", { data: { a: null } }),
      );
      assert.deepEqual(after.data, { b: "2" });
    });

    it("refuses a list element without its merge key", async () => {
      await service("keyless");
      const patch = { spec: { ports: [{ name: "x" }] } };
      const reply = await api.patch(`${services}/keyless`, "strategic", patch);
      refused(reply, 500, undefined, /does not contain declared merge key: port/);
    });

    it("merges LoadBalancer status as the kubectl and controllers do", async () => {
      const made = await service("status");
      const patch = { status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } };
      const spec = { type: "LoadBalancer" };
      succeeded(await api.patch(`${services}/status`, "strategic", { spec }));
      const after = succeeded(await api.patch(`${services}/status/status`, "strategic", patch));
      assert.deepEqual(after.status.loadBalancer.ingress, [{ ip: "192.0.2.1", ipMode: "VIP" }]);
      assert.equal(after.metadata.uid, made.metadata.uid);
    });
  });
}
