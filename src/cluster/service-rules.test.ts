import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EndpointSlice, Service } from "../kube/index.ts";
import { proxyRules, serviceAddresses } from "./service-rules.ts";

const service: Service = {
  metadata: { name: "web", namespace: "default" },
  spec: {
    type: "LoadBalancer",
    clusterIP: "10.96.0.9",
    ports: [{ name: "http", port: 80, nodePort: 30_080 }],
  },
  status: { loadBalancer: { ingress: [{ ip: "192.168.1.240" }] } },
};

function slice(endpoints: { address: string; nodeName: string; ready?: boolean }[]): EndpointSlice {
  return {
    metadata: {
      name: "web-lab",
      namespace: "default",
      labels: { "kubernetes.io/service-name": "web" },
    },
    addressType: "IPv4",
    endpoints: endpoints.map(({ address, nodeName, ready = true }) => ({
      addresses: [address],
      nodeName,
      conditions: { ready },
    })),
    ports: [{ name: "http", port: 8080 }],
  };
}

const here = { address: "10.244.1.2", nodeName: "here" };
const there = { address: "10.244.2.2", nodeName: "there" };

function rules(endpoints: Parameters<typeof slice>[0], policy?: string): string {
  const spec = { ...service.spec, ...(policy ? { externalTrafficPolicy: policy } : {}) };
  const services = [{ ...service, spec }];
  return proxyRules({ nodeName: "here", services, slices: [slice(endpoints)] });
}

describe("the service proxy's rules", () => {
  it("replace the whole table of each family in one transaction", () => {
    const text = rules([here]);
    for (const family of ["ip", "ip6"]) {
      const name = `table ${family} metallb-lab-proxy`;
      assert.ok(text.includes(`${name}\ndelete ${name}\n${name} {`), text);
    }
  });

  it("lead cluster address, load balancer address and node port to the ready endpoints", () => {
    const text = rules([here, there, { address: "10.244.2.3", nodeName: "there", ready: false }]);
    assert.match(text, /ip daddr 10\.96\.0\.9 tcp dport 80 goto in-default-web-tcp-80/);
    assert.match(text, /ip daddr 192\.168\.1\.240 tcp dport 80 goto out-default-web-tcp-80/);
    assert.match(text, /fib daddr type local tcp dport 30080 goto out-default-web-tcp-80/);
    assert.match(text, /mod 2 map \{ 0 : 10\.244\.1\.2 \. 8080, 1 : 10\.244\.2\.2 \. 8080 \}/);
    assert.doesNotMatch(text, /10\.244\.2\.3/);
  });

  it("lead a dual-stack service's addresses of each family to endpoints of that family", () => {
    const dual: Service = {
      ...service,
      spec: { ...service.spec, clusterIPs: ["10.96.0.9", "fd00:96::9"] },
      status: { loadBalancer: { ingress: [{ ip: "192.168.1.240" }, { ip: "fd00:1::240" }] } },
    };
    const six = {
      ...slice([{ address: "fd00:244:2::2", nodeName: "there" }]),
      addressType: "IPv6",
    };
    const text = proxyRules({ nodeName: "here", services: [dual], slices: [slice([here]), six] });
    const [four = "", sixth = ""] = text.split(/(?=^table ip6 .*\ndelete)/m);
    assert.match(four, /ip daddr 192\.168\.1\.240 tcp dport 80 goto out-default-web-tcp-80/);
    assert.match(four, /dnat ip to numgen random mod 1 map \{ 0 : 10\.244\.1\.2 \. 8080 \}/);
    assert.ok(!four.includes("fd00:1::240") && !sixth.includes("192.168.1.240"));
    assert.match(sixth, /ip6 daddr fd00:96::9 tcp dport 80 goto in-default-web-tcp-80/);
    assert.match(sixth, /ip6 daddr fd00:1::240 tcp dport 80 goto out-default-web-tcp-80/);
    assert.match(sixth, /fib daddr type local tcp dport 30080 goto out-default-web-tcp-80/);
    assert.match(sixth, /dnat ip6 to numgen random mod 1 map \{ 0 : fd00:244:2::2 \. 8080 \}/);
  });

  it("L2-180: keep traffic from outside on the node, and its source address, with policy Local", () => {
    const out = rules([here, there], "Local").split("chain out-")[1]?.split("}")[0] ?? "";
    assert.match(out, /mod 1 map \{ 0 : 10\.244\.1\.2 \. 8080/);
    assert.doesNotMatch(out, /mark/);
    assert.match(rules([here]), /chain out-[^}]*meta mark set/);
  });

  it("drop with policy Local and no endpoint here, refuse without any endpoint", () => {
    assert.match(rules([there], "Local"), /192\.168\.1\.240 tcp dport 80 drop/);
    assert.match(rules([]), /192\.168\.1\.240 tcp dport 80 reject/);
  });

  it("L2-190: cluster and load balancer addresses are those of kube-ipvs0", () => {
    const headless: Service = { metadata: { name: "h" }, spec: { clusterIP: "None" } };
    assert.deepEqual(serviceAddresses([service, headless]), ["10.96.0.9", "192.168.1.240"]);
  });
});
