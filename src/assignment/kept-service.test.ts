import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { viewService, type Service } from "../kube/index.ts";
import { keptService } from "./kept-service.ts";

describe("what the controller keeps of a Service", () => {
  const metadata = {
    namespace: "w",
    name: "a",
    resourceVersion: "7",
    labels: { app: "x" },
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p", uid: "1" }],
    finalizers: ["service.kubernetes.io/load-balancer-cleanup"],
  };
  const spec = {
    type: "LoadBalancer",
    clusterIP: "10.96.0.1",
    clusterIPs: ["10.96.0.1"],
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
    ports: [{ protocol: "UDP", port: 53 }, { port: 80 }],
    selector: { app: "x" },
    externalTrafficPolicy: "Local",
    loadBalancerIP: "192.0.2.1",
    loadBalancerClass: "x/y",
  };
  const status = { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] }, conditions: [] };
  const more = { sessionAffinity: "None", allocateLoadBalancerNodePorts: true };
  const whole = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...metadata, managedFields: [{ manager: "kubectl" }] },
    spec: { ...spec, ...more, ports: spec.ports.map((port) => ({ ...port, nodePort: 30_000 })) },
    status,
  } as Service;

  it("CTL-6: is all of the metadata and the status, as a write replaces both", () => {
    assert.deepEqual(keptService(whole), { metadata, spec, status });
  });

  it("CTL-4: is all that the rules look at", () => {
    const view = viewService(whole);
    const ports = view.ports.map(({ nodePort: _, ...port }) => port);
    assert.deepEqual(viewService(keptService(whole)), { ...view, ports });
    const bare = { metadata: { name: "b" }, spec: {} };
    assert.deepEqual(keptService(bare), bare);
  });
});
