/** Services: defaults, address and port allocation, changes of type, status. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { newNamespace, refused, succeeded, type Json } from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

const port = { port: 80 };

export function serviceCases({ api }: ServerUnderTest): void {
  let path: string;
  before(async () => {
    path = `/api/v1/namespaces/${await newNamespace(api)}/services`;
  });
  const create = (name: string, spec: object): ReturnType<typeof api.post> =>
    api.post(path, { metadata: { name }, spec });
  const make = async (name: string, spec: object): Promise<Json> =>
    succeeded(await create(name, spec), 201);
  const change = (name: string, spec: object): ReturnType<typeof api.patch> =>
    api.patch(`${path}/${name}`, "merge", { spec });

  describe("services: defaults", () => {
    it("fill a ClusterIP service in", async () => {
      const { spec, status } = await make("plain", { ports: [port], selector: { app: "x" } });
      assert.match(spec.clusterIP, /^10\.\d+\.\d+\.\d+$/);
      assert.deepEqual(spec, {
        type: "ClusterIP",
        clusterIP: spec.clusterIP,
        clusterIPs: [spec.clusterIP],
        ports: [{ protocol: "TCP", port: 80, targetPort: 80 }],
        selector: { app: "x" },
        sessionAffinity: "None",
        internalTrafficPolicy: "Cluster",
        ipFamilies: ["IPv4"],
        ipFamilyPolicy: "SingleStack",
      });
      assert.deepEqual(status, { loadBalancer: {} });
    });

    it("give a LoadBalancer its node ports and policies", async () => {
      const { spec } = await make("balanced", { type: "LoadBalancer", ports: [port] });
      assert.partialDeepStrictEqual(spec, {
        type: "LoadBalancer",
        externalTrafficPolicy: "Cluster",
        allocateLoadBalancerNodePorts: true,
      });
      assert.ok(spec.ports[0].nodePort >= 30_086 && spec.ports[0].nodePort <= 32_767);
    });

    it("give a LoadBalancer with the Local policy a health check node port", async () => {
      const spec = { type: "LoadBalancer", externalTrafficPolicy: "Local", ports: [port] };
      const made = await make("local", spec);
      assert.ok(made.spec.healthCheckNodePort >= 30_000);
      const cluster = succeeded(await change("local", { externalTrafficPolicy: "Cluster" }));
      assert.equal(cluster.spec.healthCheckNodePort, undefined);
    });

    it("leave node ports out when told so", async () => {
      const spec = { type: "LoadBalancer", allocateLoadBalancerNodePorts: false, ports: [port] };
      assert.equal((await make("no-node-ports", spec)).spec.ports[0].nodePort, undefined);
    });

    it("leave an ExternalName without address and ports", async () => {
      const { spec } = await make("external", {
        type: "ExternalName",
        externalName: "example.com",
      });
      assert.deepEqual(spec, {
        type: "ExternalName",
        externalName: "example.com",
        sessionAffinity: "None",
      });
    });

    it("keep a headless service without an address", async () => {
      const { spec } = await make("headless", { clusterIP: "None", ports: [port] });
      assert.equal(spec.clusterIP, "None");
      assert.deepEqual(spec.clusterIPs, ["None"]);
    });
  });

  describe("services: allocation", () => {
    it("gives each service another cluster address", async () => {
      const made = await Promise.all(
        ["n1", "n2", "n3"].map((name) => make(name, { ports: [port] })),
      );
      assert.equal(new Set(made.map(({ spec }) => spec.clusterIP)).size, 3);
    });

    it("gives a requested cluster address, and refuses it to the next", async () => {
      const spec = { clusterIP: "10.96.0.77", ports: [port] };
      assert.equal((await make("asked", spec)).spec.clusterIP, "10.96.0.77");
      const status = refused(
        await create("asked-too", spec),
        422,
        "Invalid",
        /spec.clusterIPs: Invalid value: \["10.96.0.77"\]: failed to allocate IP 10.96.0.77: provided IP is already allocated/,
      );
      assert.equal(status.details.causes[0].field, "spec.clusterIPs");
      succeeded(await api.delete(`${path}/asked`));
      assert.equal((await make("asked-again", spec)).spec.clusterIP, "10.96.0.77");
    });

    it("refuses a cluster address outside its range or malformed", async () => {
      refused(
        await create("outside", { clusterIP: "192.0.2.1", ports: [port] }),
        422,
        "Invalid",
        /spec.clusterIPs.*192.0.2.1/,
      );
      refused(
        await create("malformed", { clusterIP: "10.96.0", ports: [port] }),
        422,
        "Invalid",
        /spec.clusterIPs\[0\]/,
      );
    });

    it("gives a requested node port, and refuses it to the next", async () => {
      const spec = { type: "NodePort", ports: [{ port: 80, nodePort: 30_077 }] };
      assert.equal((await make("np", spec)).spec.ports[0].nodePort, 30_077);
      const status = refused(
        await create("np-too", spec),
        422,
        "Invalid",
        /spec.ports\[0\].nodePort: Invalid value: 30077: provided port is already allocated/,
      );
      assert.equal(status.details.causes[0].field, "spec.ports[0].nodePort");
      const outside = { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] };
      refused(
        await create("np-low", outside),
        422,
        "Invalid",
        /spec.ports\[0\].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767/,
      );
    });

    it("shares one node port between TCP and UDP of one port number", async () => {
      const ports = [
        { name: "tcp", port: 53, protocol: "TCP", nodePort: 30_053 },
        { name: "udp", port: 53, protocol: "UDP", nodePort: 30_053 },
      ];
      const { spec } = await make("dns", { type: "NodePort", ports });
      assert.deepEqual(
        spec.ports.map((each: Json) => each.nodePort),
        [30_053, 30_053],
      );
    });

    it("does not take anything in a dry run", async () => {
      const body = {
        metadata: { name: "dry" },
        spec: { type: "NodePort", ports: [{ port: 80, nodePort: 30_019 }] },
      };
      succeeded(await api.post(`${path}?dryRun=All`, body), 201);
      succeeded(await api.post(path, body), 201);
    });
  });

  describe("services: changes", () => {
    it("keep the cluster address, also when the client leaves it out", async () => {
      const made = await make("keeps", { ports: [port] });
      const body = { metadata: { name: "keeps" }, spec: { ports: [{ port: 81 }] } };
      const after = succeeded(await api.put(`${path}/keeps`, body));
      assert.equal(after.spec.clusterIP, made.spec.clusterIP);
      assert.equal(after.spec.ports[0].port, 81);
    });

    it("refuse another cluster address", async () => {
      await make("fixed", { ports: [port] });
      const reply = await change("fixed", { clusterIP: "10.96.1.2", clusterIPs: ["10.96.1.2"] });
      const status = refused(
        reply,
        422,
        "Invalid",
        /spec.clusterIPs\[0\]: Invalid value: \["10.96.1.2"\]: may not change once set/,
      );
      assert.equal(status.details.causes[0].field, "spec.clusterIPs[0]");
    });

    it("turn a NodePort into a LoadBalancer with the same node port", async () => {
      const made = await make("grows", { type: "NodePort", ports: [port] });
      const after = succeeded(await change("grows", { type: "LoadBalancer" }));
      assert.equal(after.spec.ports[0].nodePort, made.spec.ports[0].nodePort);
      assert.equal(after.spec.clusterIP, made.spec.clusterIP);
    });

    it("drop node port and load balancer status with the type", async () => {
      await make("shrinks", { type: "LoadBalancer", ports: [port] });
      const ingress = { status: { loadBalancer: { ingress: [{ ip: "192.0.2.9" }] } } };
      succeeded(await api.patch(`${path}/shrinks/status`, "merge", ingress));
      const after = succeeded(await change("shrinks", { type: "ClusterIP" }));
      assert.equal(after.spec.ports[0].nodePort, undefined);
      assert.equal(after.spec.externalTrafficPolicy, undefined);
      assert.equal(after.spec.allocateLoadBalancerNodePorts, undefined);
      assert.deepEqual(after.status, { loadBalancer: {} });
    });

    it("release the cluster address of a service that becomes an ExternalName", async () => {
      await make("leaves", { ports: [port] });
      const spec = {
        type: "ExternalName",
        externalName: "example.com",
        clusterIP: "",
        clusterIPs: null,
      };
      const after = succeeded(await change("leaves", spec));
      assert.equal(after.spec.clusterIP, undefined);
      assert.equal(after.spec.ipFamilies, undefined);
    });

    it("refuse a loadBalancerClass that changes, and one on another type", async () => {
      await make("classy", {
        type: "LoadBalancer",
        loadBalancerClass: "example.com/a",
        ports: [port],
      });
      refused(
        await change("classy", { loadBalancerClass: "example.com/b" }),
        422,
        "Invalid",
        /spec.loadBalancerClass/,
      );
      const reply = await create("classless", {
        loadBalancerClass: "example.com/a",
        ports: [port],
      });
      refused(
        reply,
        422,
        "Invalid",
        /spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'/,
      );
    });
  });

  describe("services: validation", () => {
    const rows: [title: string, spec: object, field: string][] = [
      ["no ports", {}, "spec.ports"],
      ["a port of 0", { ports: [{ port: 0 }] }, "spec.ports[0].port"],
      ["a port of 65536", { ports: [{ port: 65_536 }] }, "spec.ports[0].port"],
      [
        "an unknown protocol",
        { ports: [{ port: 80, protocol: "ICMP" }] },
        "spec.ports[0].protocol",
      ],
      ["two nameless ports", { ports: [{ port: 80 }, { port: 81 }] }, "spec.ports[0].name"],
      [
        "a port twice",
        {
          ports: [
            { name: "a", port: 80 },
            { name: "b", port: 80 },
          ],
        },
        "spec.ports[1]",
      ],
      [
        "a port name twice",
        {
          ports: [
            { name: "a", port: 80 },
            { name: "a", port: 81 },
          ],
        },
        "spec.ports[1].name",
      ],
      ["an unknown type", { type: "Balancer", ports: [port] }, "spec.type"],
      [
        "a traffic policy that is none",
        { type: "LoadBalancer", externalTrafficPolicy: "Near", ports: [port] },
        "spec.externalTrafficPolicy",
      ],
      [
        "a source range that is none",
        { type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/33"], ports: [port] },
        "spec.LoadBalancerSourceRanges[0]",
      ],
      [
        "an unknown session affinity",
        { sessionAffinity: "Sticky", ports: [port] },
        "spec.sessionAffinity",
      ],
      ["an unknown IP family", { ipFamilies: ["IPv5"], ports: [port] }, "spec.ipFamilies[0]"],
      [
        "a family the cluster has not",
        { ipFamilies: ["IPv6"], ports: [port] },
        "spec.ipFamilies[0]",
      ],
      [
        "two families on a single-stack cluster",
        { ipFamilyPolicy: "RequireDualStack", ports: [port] },
        "spec.ipFamilyPolicy",
      ],
      [
        "an external IP that is none",
        { externalIPs: ["1.2.3"], ports: [port] },
        "spec.externalIPs[0]",
      ],
      ["an ExternalName without a name", { type: "ExternalName" }, "spec.externalName"],
    ];
    for (const [title, spec, field] of rows) {
      it(`refuses ${title}, naming ${field}`, async () => {
        const status = refused(await create("refused", spec), 422, "Invalid");
        const fields = status.details.causes.map((cause: Json) => cause.field);
        assert.ok(fields.includes(field), `${field} in ${fields.join(", ")}`);
      });
    }

    it("prefers two families where it may and takes the one there is", async () => {
      const { spec } = await make("prefer", { ipFamilyPolicy: "PreferDualStack", ports: [port] });
      assert.equal(spec.ipFamilyPolicy, "PreferDualStack");
      assert.deepEqual(spec.ipFamilies, ["IPv4"]);
    });

    it("accepts any text as loadBalancerIP", async () => {
      const spec = { type: "LoadBalancer", loadBalancerIP: "not an address", ports: [port] };
      assert.equal((await make("any-ip", spec)).spec.loadBalancerIP, "not an address");
    });
  });

  describe("services: status", () => {
    it("changes only through the status subresource, which changes nothing else", async () => {
      const made = await make("halves", { type: "LoadBalancer", ports: [port] });
      const status = { loadBalancer: { ingress: [{ ip: "192.0.2.5" }] } };
      const main = succeeded(await api.put(`${path}/halves`, { ...made, status }));
      assert.deepEqual(main.status, { loadBalancer: {} });
      const labels = { sneaked: "in" };
      const body = {
        ...main,
        metadata: { ...main.metadata, labels },
        spec: { ...main.spec, loadBalancerIP: "192.0.2.6" },
        status,
      };
      const after = succeeded(await api.put(`${path}/halves/status`, body));
      assert.equal(after.spec.loadBalancerIP, undefined);
      assert.deepEqual(after.status.loadBalancer.ingress, [{ ip: "192.0.2.5", ipMode: "VIP" }]);
      assert.deepEqual(succeeded(await api.get(`${path}/halves/status`)), after);
    });

    it("keeps an unknown reason out: an ingress address must be one", async () => {
      await make("bad-ingress", { type: "LoadBalancer", ports: [port] });
      const patch = { status: { loadBalancer: { ingress: [{ ip: "192.0.2" }] } } };
      const reply = await api.patch(`${path}/bad-ingress/status`, "merge", patch);
      const refusal = refused(reply, 422, "Invalid");
      assert.equal(refusal.details.causes[0].field, "status.loadBalancer.ingress[0].ip");
    });

    it("holds conditions and port errors", async () => {
      await make("conditions", { type: "LoadBalancer", ports: [port] });
      const condition = {
        type: "Ready",
        status: "False",
        reason: "NoAddress",
        message: "none left",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      };
      const patch = { status: { conditions: [condition] } };
      const after = succeeded(await api.patch(`${path}/conditions/status`, "strategic", patch));
      assert.deepEqual(after.status.conditions, [condition]);
    });
  });
}
