/** What is particular to single kinds: ConfigMaps, Secrets, Deployments, Nodes, Events, Leases, endpoints. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { newNamespace, refused, succeeded } from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

export function kindCases({ api }: ServerUnderTest): void {
  let namespace: string;
  let core: string;
  before(async () => {
    namespace = await newNamespace(api);
    core = `/api/v1/namespaces/${namespace}`;
  });

  describe("kinds: ConfigMap", () => {
    it("keeps an immutable one as it is, but for metadata", async () => {
      const body = { metadata: { name: "fixed" }, data: { a: "1" }, immutable: true };
      succeeded(await api.post(`${core}/configmaps`, body), 201);
      const path = `${core}/configmaps/fixed`;
      refused(
        await api.patch(path, "merge", { data: { a: "2" } }),
        422,
        "Invalid",
        /data: Forbidden: field is immutable when `immutable` is set/,
      );
      refused(
        await api.patch(path, "merge", { immutable: false }),
        422,
        "Invalid",
        /immutable: Forbidden: field is immutable when `immutable` is set/,
      );
      succeeded(await api.patch(path, "merge", { metadata: { labels: { a: "b" } } }));
      succeeded(await api.delete(path));
    });

    it("refuses a key that is no file name, or stands in data and binaryData", async () => {
      const post = (body: object): ReturnType<typeof api.post> =>
        api.post(`${core}/configmaps`, { metadata: { name: "bad" }, ...body });
      const slash = refused(await post({ data: { "a/b": "1" } }), 422, "Invalid");
      assert.equal(slash.details.causes[0].field, "data[a/b]");
      refused(
        await post({ data: { a: "1" }, binaryData: { a: "AA==" } }),
        422,
        "Invalid",
        /duplicate of key present in/,
      );
      refused(
        await post({ binaryData: { a: "not base64!" } }),
        400,
        "BadRequest",
        /illegal base64 data/,
      );
    });
  });

  describe("kinds: Secret", () => {
    it("turns stringData into data and defaults its type", async () => {
      const body = {
        metadata: { name: "s" },
        data: { b: "Yg==", c: "eA==" },
        stringData: { a: "secret", c: "y" },
      };
      const made = succeeded(await api.post(`${core}/secrets`, body), 201);
      assert.deepEqual(made.data, { a: "c2VjcmV0", b: "Yg==", c: "eQ==" });
      assert.equal(made.stringData, undefined);
      assert.equal(made.type, "Opaque");
    });

    it("refuses data that is no base64, and a change of type", async () => {
      const bad = { metadata: { name: "bad" }, data: { a: "***" } };
      refused(await api.post(`${core}/secrets`, bad), 400, "BadRequest", /illegal base64 data/);
      succeeded(await api.post(`${core}/secrets`, { metadata: { name: "typed" } }), 201);
      const reply = await api.patch(`${core}/secrets/typed`, "merge", {
        type: "example.com/other",
      });
      refused(
        reply,
        422,
        "Invalid",
        /type: Invalid value: "example.com\/other": field is immutable/,
      );
    });
  });

  describe("kinds: Deployment and DaemonSet", () => {
    const spec = (app: string): object => ({
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels: { app } },
        spec: { containers: [{ name: "c", image: "example.com/a" }] },
      },
    });

    it("count generations by changes of spec alone", async () => {
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
      const made = succeeded(
        await api.post(path, { metadata: { name: "d" }, spec: spec("d") }),
        201,
      );
      assert.equal(made.metadata.generation, 1);
      assert.partialDeepStrictEqual(made.spec, {
        replicas: 1,
        strategy: {
          type: "RollingUpdate",
          rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
        },
        revisionHistoryLimit: 10,
        template: {
          spec: {
            restartPolicy: "Always",
            terminationGracePeriodSeconds: 30,
            dnsPolicy: "ClusterFirst",
          },
        },
      });
      const change = (at: string, patch: object): ReturnType<typeof api.patch> =>
        api.patch(`${path}/d${at}`, "merge", patch);
      assert.equal(
        succeeded(await change("", { metadata: { labels: { a: "b" } } })).metadata.generation,
        1,
      );
      assert.equal(succeeded(await change("", { spec: { replicas: 2 } })).metadata.generation, 2);
      const status = { status: { replicas: 2, observedGeneration: 2 }, spec: { replicas: 5 } };
      const after = succeeded(await change("/status", status));
      assert.equal(after.metadata.generation, 2);
      assert.equal(after.spec.replicas, 2);
      assert.equal(after.status.replicas, 2);
    });

    it("offer a scale subresource", async () => {
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
      succeeded(await api.post(path, { metadata: { name: "scaled" }, spec: spec("scaled") }), 201);
      const scale = succeeded(await api.get(`${path}/scaled/scale`));
      assert.partialDeepStrictEqual(scale, {
        kind: "Scale",
        apiVersion: "autoscaling/v1",
        spec: { replicas: 1 },
      });
      succeeded(await api.put(`${path}/scaled/scale`, { ...scale, spec: { replicas: 3 } }));
      assert.equal(succeeded(await api.get(`${path}/scaled`)).spec.replicas, 3);
    });

    it("refuse a selector that does not match the template, and one that changes", async () => {
      const path = `/apis/apps/v1/namespaces/${namespace}/daemonsets`;
      const wrong = { ...spec("ds"), selector: { matchLabels: { app: "other" } } };
      const status = refused(
        await api.post(path, { metadata: { name: "ds" }, spec: wrong }),
        422,
        "Invalid",
      );
      assert.equal(status.details.causes[0].field, "spec.template.metadata.labels");
      succeeded(await api.post(path, { metadata: { name: "ds" }, spec: spec("ds") }), 201);
      const patch = { spec: spec("new") };
      refused(
        await api.patch(`${path}/ds`, "merge", patch),
        422,
        "Invalid",
        /spec.selector: Invalid value.*field is immutable/,
      );
    });
  });

  describe("kinds: Node", () => {
    it("is cluster-wide and keeps its status apart", async () => {
      const name = `node-${namespace}`;
      const condition = { type: "Ready", status: "True" };
      const body = { metadata: { name }, status: { conditions: [condition] } };
      succeeded(await api.post("/api/v1/nodes", body), 201);
      const patch = {
        status: {
          conditions: [
            { type: "Ready", status: "False" },
            { type: "NetworkUnavailable", status: "True" },
          ],
        },
      };
      const after = succeeded(await api.patch(`/api/v1/nodes/${name}/status`, "strategic", patch));
      const statuses = Object.fromEntries(
        after.status.conditions.map((each: { type: string; status: string }) => [
          each.type,
          each.status,
        ]),
      );
      assert.deepEqual(statuses, { Ready: "False", NetworkUnavailable: "True" });
      succeeded(await api.delete(`/api/v1/nodes/${name}`));
    });
  });

  describe("kinds: Event", () => {
    const event = (name: string): object => ({
      metadata: { name, namespace },
      involvedObject: { kind: "Service", namespace, name: "svc", uid: "u" },
      reason: "IPAllocated",
      message: 'Assigned IP "192.0.2.1"',
      type: "Normal",
      source: { component: "metallb-controller" },
      firstTimestamp: "2026-01-01T00:00:00Z",
      lastTimestamp: "2026-01-01T00:00:00Z",
      count: 1,
    });

    it("is created, counted up by a patch, and found by its object", async () => {
      succeeded(await api.post(`${core}/events`, event("svc.1")), 201);
      const patch = { count: 2, lastTimestamp: "2026-01-01T00:01:00Z" };
      const after = succeeded(await api.patch(`${core}/events/svc.1`, "strategic", patch));
      assert.equal(after.count, 2);
      assert.equal(after.firstTimestamp, "2026-01-01T00:00:00Z");
      const query = "involvedObject.kind=Service,involvedObject.name=svc,reason=IPAllocated";
      const list = succeeded(
        await api.get(`${core}/events?fieldSelector=${encodeURIComponent(query)}`),
      );
      assert.equal(list.items.length, 1);
    });

    it("is the same object in events.k8s.io/v1", async () => {
      succeeded(await api.post(`${core}/events`, event("svc.2")), 201);
      const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events/svc.2`;
      const other = succeeded(await api.get(path));
      assert.partialDeepStrictEqual(other, {
        regarding: { name: "svc" },
        note: 'Assigned IP "192.0.2.1"',
        deprecatedCount: 1,
      });
    });

    it("must live in the namespace of the object it tells of", async () => {
      const stray = {
        ...event("svc.3"),
        involvedObject: { kind: "Service", namespace: "elsewhere", name: "svc" },
      };
      refused(
        await api.post(`${core}/events`, stray),
        422,
        "Invalid",
        /involvedObject.namespace: Invalid value: "elsewhere": does not match event.namespace/,
      );
    });
  });

  describe("kinds: Lease, Endpoints, EndpointSlice, PodDisruptionBudget", () => {
    it("keep a Lease's renewals to the microsecond", async () => {
      const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
      const spec = {
        holderIdentity: "me",
        leaseDurationSeconds: 15,
        renewTime: "2026-01-01T00:00:00.123456Z",
      };
      const made = succeeded(await api.post(path, { metadata: { name: "l" }, spec }), 201);
      assert.deepEqual(made.spec, spec);
      const later = { ...made, spec: { ...spec, holderIdentity: "you" } };
      succeeded(await api.put(`${path}/l`, later));
      refused(await api.put(`${path}/l`, later), 409, "Conflict");
    });

    it("keep Endpoints with ready and other addresses", async () => {
      const subsets = [
        {
          addresses: [{ ip: "10.1.0.1", nodeName: "n1" }],
          notReadyAddresses: [{ ip: "10.1.0.2" }],
          ports: [{ port: 80 }],
        },
      ];
      const made = succeeded(
        await api.post(`${core}/endpoints`, { metadata: { name: "e" }, subsets }),
        201,
      );
      assert.deepEqual(made.subsets, [{ ...subsets[0], ports: [{ port: 80, protocol: "TCP" }] }]);
    });

    it("keep EndpointSlices with their conditions", async () => {
      const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
      const endpoints = [
        { addresses: ["10.1.0.1"], conditions: { ready: true, serving: true }, nodeName: "n1" },
      ];
      const body = {
        metadata: { name: "s" },
        addressType: "IPv4",
        endpoints,
        ports: [{ port: 80 }],
      };
      const made = succeeded(await api.post(path, body), 201);
      assert.deepEqual(made.endpoints, endpoints);
      assert.deepEqual(made.ports, [{ name: "", protocol: "TCP", port: 80 }]);
      refused(
        await api.patch(`${path}/s`, "merge", { addressType: "IPv6" }),
        422,
        "Invalid",
        /addressType/,
      );
      const named = { ...body, metadata: { name: "bad" }, endpoints: [{ addresses: ["1.2"] }] };
      const status = refused(await api.post(path, named), 422, "Invalid");
      assert.equal(status.details.causes[0].field, "endpoints[0].addresses[0]");
    });

    it("offer no group versions that Kubernetes has dropped", async () => {
      for (const gone of ["policy/v1beta1", "discovery.k8s.io/v1beta1", "extensions/v1beta1"]) {
        const reply = await api.get(`/apis/${gone}`);
        assert.equal(reply.status, 404, gone);
      }
    });
  });

  describe("kinds: unknown fields", () => {
    const body = {
      metadata: { name: "strict" },
      spec: { ports: [{ port: 80, prot: "TCP" }], clutter: 1 },
    };

    it("are dropped with a Warning header by default", async () => {
      const reply = await api.post(`${core}/services`, body);
      const made = succeeded(reply, 201);
      assert.equal(made.spec.clutter, undefined);
      const warnings = [reply.headers["warning"]].flat();
      assert.ok(
        warnings.some((text) => text?.includes('299 - "unknown field \\"spec.clutter\\""')),
        String(warnings),
      );
    });

    it("are refused by fieldValidation=Strict and ignored silently by Ignore", async () => {
      const strict = await api.post(`${core}/services?fieldValidation=Strict&dryRun=All`, body);
      refused(strict, 400, "BadRequest", /strict decoding error: .*unknown field "spec.clutter"/);
      assert.match(strict.body.message, /unknown field "spec.ports\[0\].prot"/);
      const ignored = await api.post(`${core}/configmaps?fieldValidation=Ignore`, {
        metadata: { name: "i" },
        clutter: 1,
      });
      succeeded(ignored, 201);
      assert.equal(ignored.headers["warning"], undefined);
    });

    it("written twice are refused by Strict", async () => {
      const text = '{"metadata":{"name":"dup"},"data":{"a":"1","a":"2"}}';
      const reply = await api.post(`${core}/configmaps?fieldValidation=Strict`, text);
      refused(
        reply,
        400,
        "BadRequest",
        /strict decoding error: .*duplicate field "data.a"|duplicate field "a"/,
      );
    });
  });
}
