import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Endpoints, EndpointSlice, KubeObject, Service } from "../kube/index.ts";
import { planEndpoints } from "./endpoints.ts";
import { NodeMonitor } from "./node-monitor.ts";
import type { Pod } from "./objects.ts";
import { planServiceAccounts } from "./service-accounts.ts";

const service: Service = {
  metadata: { name: "web", namespace: "default", uid: "u" },
  spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "page" }] },
};

function pod(name: string, options: { ready: boolean; deleted?: boolean }): Pod {
  return {
    metadata: {
      name,
      namespace: "default",
      labels: { app: "web" },
      ...(options.deleted ? { deletionTimestamp: "2026-11-22T00:00:00Z" } : {}),
    },
    spec: {
      nodeName: `node-of-${name}`,
      containers: [{ name: "c", image: "i", ports: [{ name: "page", containerPort: 3000 }] }],
    },
    status: {
      phase: "Running",
      podIP: `10.244.1.${name.length}`,
      conditions: [{ type: "Ready", status: options.ready ? "True" : "False" }],
    },
  };
}

function written(pods: Pod[]): { endpoints: Endpoints; slice: EndpointSlice } {
  const actions = planEndpoints({ services: [service], pods, endpoints: [], slices: [] });
  const object = (plural: string): KubeObject => {
    const action = actions.find(({ verb, ref }) => verb === "create" && ref.plural === plural);
    assert.ok(action?.verb === "create");
    return action.body as KubeObject;
  };
  return {
    endpoints: object("endpoints"),
    slice: object("endpointslices") as EndpointSlice,
  };
}

describe("endpoints of a service", () => {
  it("L2-20, L2-28: ready pods are addresses with their node, others are not ready", () => {
    const { endpoints } = written([pod("a", { ready: true }), pod("bb", { ready: false })]);
    const [subset] = endpoints.subsets ?? [];
    assert.deepEqual(
      subset?.addresses?.map(({ ip, nodeName }) => [ip, nodeName]),
      [["10.244.1.1", "node-of-a"]],
    );
    assert.deepEqual(
      subset?.notReadyAddresses?.map(({ ip }) => ip),
      ["10.244.1.2"],
    );
  });

  it("finds a port by its name in the pods", () => {
    const { slice } = written([pod("a", { ready: true })]);
    assert.deepEqual(slice.ports, [{ name: "http", port: 3000, protocol: "TCP" }]);
  });

  it("are one slice for each family of the service, with the pods' addresses of that family", () => {
    const six = pod("a", { ready: true });
    six.status = { ...six.status, podIPs: [{ ip: "10.244.1.1" }, { ip: "fd00:244:1::1" }] };
    const plan = (ipFamilies: string[]) =>
      planEndpoints({
        services: [{ ...service, spec: { ...service.spec, ipFamilies } }],
        pods: [six],
        endpoints: [],
        slices: [],
      });
    const slices = plan(["IPv6", "IPv4"])
      .filter(({ ref }) => ref.plural === "endpointslices")
      .map(({ body }) => body as EndpointSlice);
    assert.deepEqual(
      slices.map(({ addressType, endpoints }) => [addressType, endpoints[0]?.addresses]),
      [
        ["IPv6", ["fd00:244:1::1"]],
        ["IPv4", ["10.244.1.1"]],
      ],
    );
    const [first] = plan(["IPv6"]).map(({ body }) => body as Endpoints);
    assert.equal(first?.subsets?.[0]?.addresses?.[0]?.ip, "fd00:244:1::1");
  });

  it("L2-26: a pod on its way out still serves, but is not ready", () => {
    const { slice, endpoints } = written([pod("a", { ready: true, deleted: true })]);
    assert.deepEqual(slice.endpoints[0]?.conditions, {
      ready: false,
      serving: true,
      terminating: true,
    });
    assert.deepEqual(endpoints.subsets, []);
  });

  it("are written once, and owned by their service, so that they go with it", () => {
    const pods = [pod("a", { ready: true })];
    const { endpoints, slice } = written(pods);
    const found = { pods, endpoints: [endpoints], slices: [slice] };
    assert.deepEqual(planEndpoints({ services: [service], ...found }), []);
    for (const { metadata } of [endpoints, slice]) {
      assert.deepEqual(
        metadata.ownerReferences?.map(({ kind, uid }) => [kind, uid]),
        [["Service", "u"]],
      );
    }
  });

  it("are changed when their pods change", () => {
    const { endpoints, slice } = written([pod("a", { ready: true })]);
    const found = { pods: [], endpoints: [endpoints], slices: [slice] };
    const changes = planEndpoints({ services: [service], ...found });
    assert.deepEqual(
      changes.map(({ verb, ref }) => [verb, ref.plural]),
      [
        ["patch", "endpoints"],
        ["patch", "endpointslices"],
      ],
    );
  });
});

describe("the node monitor", () => {
  const ready = { type: "Ready", status: "True" };
  const node = { metadata: { name: "n" }, status: { conditions: [ready] } };
  const running = pod("a", { ready: true });
  running.spec.nodeName = "n";
  const view = (version: string) => ({
    nodes: [node],
    pods: [running],
    leases: [{ metadata: { name: "n", resourceVersion: version }, spec: {} }],
  });

  it("L2-172: marks a node Unknown and its pods not ready when its lease stands still", () => {
    const monitor = new NodeMonitor(4000);
    assert.deepEqual(monitor.plan(view("1"), 0), []);
    assert.deepEqual(monitor.plan(view("1"), 4000), []);
    const actions = monitor.plan(view("1"), 4001);
    assert.deepEqual(
      actions.map(({ subresource, ref }) => [subresource, ref.plural]),
      [
        ["status", "nodes"],
        ["status", "pods"],
      ],
    );
    const [nodes, pods] = actions.map(({ body }) => (body as { status: object }).status);
    const marked = {
      ...view("1"),
      nodes: [{ ...node, status: nodes as object }],
      pods: [{ ...running, status: { ...running.status, ...pods } }],
    };
    assert.deepEqual(monitor.plan(marked, 9000), [], "once is enough");
  });

  it("leaves a node alone whose lease moves", () => {
    const monitor = new NodeMonitor(4000);
    monitor.plan(view("1"), 0);
    monitor.plan(view("2"), 3000);
    assert.deepEqual(monitor.plan(view("2"), 6000), []);
  });
});

describe("service accounts", () => {
  const namespaces = [{ metadata: { name: "apps" } }];

  it("exist as `default` in every namespace, once", () => {
    const [action] = planServiceAccounts({ namespaces, accounts: [] });
    const account = action?.body as KubeObject;
    assert.deepEqual(account.metadata, { name: "default", namespace: "apps" });
    assert.deepEqual(planServiceAccounts({ namespaces, accounts: [account] }), []);
  });
});
