import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ApiObject } from "./api-object.ts";
import { builtinResources } from "./builtin-resources.ts";
import { ServiceAddresses } from "./service-addresses.ts";
import { Store } from "./store.ts";

const resource = builtinResources().find(({ kind }) => kind === "Service")!;

function service(name: string, spec: object): ApiObject {
  const identity = { name, namespace: "default", uid: name };
  const metadata = { ...identity, resourceVersion: "", creationTimestamp: "" };
  return { apiVersion: "v1", kind: "Service", metadata, spec };
}

describe("addresses of services", () => {
  const port = { port: 80, protocol: "TCP" };
  const make = (cidr: string) => {
    const store = new Store(":memory:", 10);
    const addresses = new ServiceAddresses(cidr, store);
    const allocate = (one: ApiObject) => addresses.allocate(resource, one, undefined).spec;
    return { store, addresses, allocate };
  };

  it("are never given twice, within one turn either", () => {
    const { allocate } = make("10.96.0.0/24");
    const first = allocate(service("a", { type: "NodePort", ports: [port] }));
    const second = allocate(service("b", { type: "NodePort", ports: [port] }));
    assert.notEqual(first.clusterIP, second.clusterIP);
    assert.notEqual(first.ports[0].nodePort, second.ports[0].nodePort);
    assert.ok(first.ports[0].nodePort >= 30_086, "the low ports stay for those who name one");
  });

  it("are honoured when asked for, and refused when taken or outside", () => {
    const { allocate } = make("10.96.0.0/24");
    const wanted = { type: "ClusterIP", clusterIP: "10.96.0.9", ports: [port] };
    assert.equal(allocate(service("a", wanted)).clusterIP, "10.96.0.9");
    assert.throws(() => allocate(service("b", wanted)), /provided IP is already allocated/);
    const outside = { ...wanted, clusterIP: "192.0.2.1" };
    assert.throws(() => allocate(service("b", outside)), /does not match the current range/);
  });

  it("end with a clear refusal when the range is used up", () => {
    const { allocate } = make("10.96.0.0/30");
    allocate(service("a", { type: "ClusterIP", ports: [port] }));
    allocate(service("b", { type: "ClusterIP", ports: [port] }));
    const next = () => allocate(service("c", { type: "ClusterIP", ports: [port] }));
    assert.throws(next, /range 10\.96\.0\.0\/30 is full/);
  });

  it("come from both families when the ranges and the policy allow it", () => {
    const { allocate } = make("10.96.0.0/24,fd00::/112");
    const spec = allocate(
      service("a", { type: "ClusterIP", ipFamilyPolicy: "PreferDualStack", ports: [port] }),
    );
    assert.deepEqual(spec.ipFamilies, ["IPv4", "IPv6"]);
    assert.match(spec.clusterIPs[1], /^fd00::/);
  });

  it("are free again when the disk refused the service", async () => {
    const { store, allocate, addresses } = make("10.96.0.0/24");
    const wanted = service("a", { type: "ClusterIP", clusterIP: "10.96.0.9", ports: [port] });
    store.database.exec("PRAGMA max_page_count = 1");
    const huge = addresses.allocate(resource, { ...wanted, note: "x".repeat(100_000) }, undefined);
    store.put("/services", huge);
    await assert.rejects(store.durable(), { code: 507 });
    assert.equal(allocate(wanted).clusterIP, "10.96.0.9");
  });
});
