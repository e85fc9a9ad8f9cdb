/** Discovery, version, health and Table output: what kubectl asks before and after everything else. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { newNamespace, succeeded, type Json } from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

const asTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

export function discoveryCases({ api }: ServerUnderTest): void {
  describe("discovery", () => {
    it("offers version v1 of the core group with its resources", async () => {
      const versions = succeeded(await api.get("/api"));
      assert.partialDeepStrictEqual(versions, { kind: "APIVersions", versions: ["v1"] });
      const list = succeeded(await api.get("/api/v1"));
      assert.partialDeepStrictEqual(list, { kind: "APIResourceList", groupVersion: "v1" });
      const services = list.resources.find(({ name }: Json) => name === "services");
      assert.partialDeepStrictEqual(services, {
        singularName: "service",
        namespaced: true,
        kind: "Service",
        shortNames: ["svc"],
        categories: ["all"],
      });
      const verbs = [
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
      ];
      assert.deepEqual(services.verbs.toSorted(), verbs);
      const status = list.resources.find(({ name }: Json) => name === "services/status");
      assert.partialDeepStrictEqual(status, { singularName: "", kind: "Service" });
      assert.deepEqual(status.verbs.toSorted(), ["get", "patch", "update"]);
      const namespaces = list.resources.find(({ name }: Json) => name === "namespaces");
      assert.equal(namespaces.namespaced, false);
    });

    it("lists the groups with their preferred versions", async () => {
      const list = succeeded(await api.get("/apis"));
      assert.partialDeepStrictEqual(list, { kind: "APIGroupList" });
      const apps = list.groups.find(({ name }: Json) => name === "apps");
      const version = { groupVersion: "apps/v1", version: "v1" };
      assert.deepEqual(apps, { name: "apps", versions: [version], preferredVersion: version });
      const names = list.groups.map(({ name }: Json) => name);
      for (const group of [
        "rbac.authorization.k8s.io",
        "discovery.k8s.io",
        "coordination.k8s.io",
        "apiextensions.k8s.io",
        "admissionregistration.k8s.io",
      ]) {
        assert.ok(names.includes(group), group);
      }
      assert.partialDeepStrictEqual(succeeded(await api.get("/apis/apps")), {
        kind: "APIGroup",
        name: "apps",
      });
    });

    it("lists the resources of a group version", async () => {
      const list = succeeded(await api.get("/apis/apps/v1"));
      const deployments = list.resources.find(({ name }: Json) => name === "deployments");
      assert.partialDeepStrictEqual(deployments, {
        kind: "Deployment",
        shortNames: ["deploy"],
        namespaced: true,
      });
      const scale = list.resources.find(({ name }: Json) => name === "deployments/scale");
      assert.partialDeepStrictEqual(scale, { group: "autoscaling", version: "v1", kind: "Scale" });
    });

    it("aggregates it all into one document on request", async () => {
      const reply = await api.get("/apis", aggregated);
      const list = succeeded(reply);
      assert.match(String(reply.headers["content-type"]), /as=APIGroupDiscoveryList/);
      assert.partialDeepStrictEqual(list, {
        kind: "APIGroupDiscoveryList",
        apiVersion: "apidiscovery.k8s.io/v2",
      });
      const apps = list.items.find(({ metadata }: Json) => metadata.name === "apps");
      const deployments = apps.versions[0].resources.find(
        ({ resource }: Json) => resource === "deployments",
      );
      assert.partialDeepStrictEqual(deployments, {
        responseKind: { kind: "Deployment" },
        scope: "Namespaced",
        singularResource: "deployment",
        shortNames: ["deploy"],
      });
      const core = succeeded(await api.get("/api", aggregated));
      assert.equal(core.items[0].versions[0].version, "v1");
    });

    it("tells its version and its health", async () => {
      const version = succeeded(await api.get("/version"));
      assert.equal(version.major, "1");
      assert.match(version.gitVersion, /^v1\.\d+\.\d+/);
      for (const path of ["/readyz", "/livez", "/healthz"]) {
        assert.equal(succeeded(await api.get(path)), "ok");
      }
    });

    it("offers OpenAPI v3 documents by group version", async () => {
      const document = async (path: string): Promise<Json> => {
        const body = succeeded(await api.get(path));
        return typeof body === "string" ? JSON.parse(body) : body; // served as text/plain
      };
      const index = await document("/openapi/v3");
      const core = await document(index.paths["api/v1"].serverRelativeURL);
      assert.match(core.openapi, /^3\./);
      const service = core.components.schemas["io.k8s.api.core.v1.Service"];
      const kinds = service["x-kubernetes-group-version-kind"];
      assert.deepEqual(kinds, [{ group: "", kind: "Service", version: "v1" }]);
    });
  });

  describe("tables", () => {
    let core: string;
    before(async () => {
      core = `/api/v1/namespaces/${await newNamespace(api)}`;
    });
    const columns = (table: Json): string[] =>
      table.columnDefinitions.map(({ name }: Json) => name);

    it("show services with type, addresses and ports", async () => {
      const spec = {
        type: "LoadBalancer",
        clusterIP: "10.96.0.99",
        selector: { app: "x" },
        ports: [
          { name: "http", port: 80, nodePort: 30_023 },
          { name: "dns", port: 53, protocol: "UDP", nodePort: 30_024 },
        ],
      };
      succeeded(await api.post(`${core}/services`, { metadata: { name: "s" }, spec }), 201);
      const row = async (): Promise<Json> => {
        const table = succeeded(await api.get(`${core}/services`, asTable));
        assert.partialDeepStrictEqual(table, { kind: "Table", apiVersion: "meta.k8s.io/v1" });
        assert.deepEqual(columns(table), [
          "Name",
          "Type",
          "Cluster-IP",
          "External-IP",
          "Port(s)",
          "Age",
          "Selector",
        ]);
        return table.rows[0];
      };
      const pending = await row();
      assert.deepEqual(pending.cells.toSpliced(5, 1), [
        "s",
        "LoadBalancer",
        "10.96.0.99",
        "<pending>",
        "80:30023/TCP,53:30024/UDP",
        "app=x",
      ]);
      assert.match(pending.cells[5], /^\d+s$/);
      assert.equal(pending.object.kind, "PartialObjectMetadata");
      assert.equal(pending.object.metadata.name, "s");
      const status = { loadBalancer: { ingress: [{ ip: "192.0.2.1" }, { ip: "192.0.2.2" }] } };
      succeeded(await api.patch(`${core}/services/s/status`, "merge", { status }));
      assert.equal((await row()).cells[3], "192.0.2.1,192.0.2.2");
    });

    it("show a single object in one row, whole when asked for", async () => {
      succeeded(
        await api.post(`${core}/services`, {
          metadata: { name: "one" },
          spec: { ports: [{ port: 80 }] },
        }),
        201,
      );
      const table = succeeded(await api.get(`${core}/services/one?includeObject=Object`, asTable));
      assert.equal(table.rows.length, 1);
      assert.deepEqual(table.rows[0].cells.slice(0, 2), ["one", "ClusterIP"]);
      assert.equal(table.rows[0].cells[3], "<none>");
      assert.equal(table.rows[0].object.kind, "Service");
      assert.equal(table.rows[0].object.spec.ports[0].port, 80);
    });

    it("show config maps by the number of their keys", async () => {
      const data = { a: "1", b: "2" };
      succeeded(await api.post(`${core}/configmaps`, { metadata: { name: "c" }, data }), 201);
      const table = succeeded(await api.get(`${core}/configmaps`, asTable));
      assert.deepEqual(columns(table), ["Name", "Data", "Age"]);
      const cells = table.rows.find((row: Json) => row.cells[0] === "c").cells;
      assert.equal(cells[1], 2);
    });

    it("show pods with readiness, status and restarts", async () => {
      succeeded(await api.post(`${core}/serviceaccounts`, { metadata: { name: "default" } }), 201);
      const containers = [{ name: "main", image: "example.com/none" }];
      succeeded(
        await api.post(`${core}/pods`, {
          metadata: { name: "p" },
          spec: { containers, nodeName: "n1" },
        }),
        201,
      );
      const cells = async (): Promise<Json> => {
        const table = succeeded(await api.get(`${core}/pods`, asTable));
        assert.deepEqual(columns(table), [
          "Name",
          "Ready",
          "Status",
          "Restarts",
          "Age",
          "IP",
          "Node",
          "Nominated Node",
          "Readiness Gates",
        ]);
        return table.rows[0].cells.toSpliced(4, 1);
      };
      assert.deepEqual(await cells(), [
        "p",
        "0/1",
        "Pending",
        "0",
        "<none>",
        "n1",
        "<none>",
        "<none>",
      ]);
      const running = {
        name: "main",
        ready: true,
        restartCount: 3,
        image: "",
        imageID: "",
        state: { running: {} },
      };
      const status = {
        phase: "Running",
        podIP: "10.1.0.1",
        containerStatuses: [running],
        conditions: [{ type: "Ready", status: "True" }],
      };
      succeeded(await api.patch(`${core}/pods/p/status`, "merge", { status }));
      assert.deepEqual(await cells(), [
        "p",
        "1/1",
        "Running",
        "3",
        "10.1.0.1",
        "n1",
        "<none>",
        "<none>",
      ]);
    });

    it("show nodes with readiness, roles and version", async () => {
      const name = `table-${core.split("/").at(-1)}`;
      const labels = { "node-role.kubernetes.io/control-plane": "" };
      const status = {
        conditions: [{ type: "Ready", status: "True" }],
        nodeInfo: { kubeletVersion: "v1.2.3" },
        addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
      };
      succeeded(await api.post("/api/v1/nodes", { metadata: { name, labels }, status }), 201);
      const table = succeeded(await api.get(`/api/v1/nodes/${name}`, asTable));
      assert.deepEqual(columns(table).slice(0, 6), [
        "Name",
        "Status",
        "Roles",
        "Age",
        "Version",
        "Internal-IP",
      ]);
      const { cells } = table.rows[0];
      assert.deepEqual(cells.slice(0, 3), [name, "Ready", "control-plane"]);
      assert.deepEqual(cells.slice(4, 6), ["v1.2.3", "10.0.0.1"]);
      succeeded(await api.delete(`/api/v1/nodes/${name}`));
    });

    it("come as watch events too", async () => {
      succeeded(await api.post(`${core}/configmaps`, { metadata: { name: "watched" } }), 201);
      await using watch = await api.watch(`${core}/configmaps`, asTable);
      const event = await watch.next();
      assert.equal(event?.type, "ADDED");
      assert.partialDeepStrictEqual(event?.object, { kind: "Table", apiVersion: "meta.k8s.io/v1" });
      assert.equal(event?.object.rows.length, 1);
    });
  });
}
