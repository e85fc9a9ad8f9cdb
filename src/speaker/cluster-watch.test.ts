import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type RunningApiServer, startApiServer } from "../apiserver/index.ts";
import { isNotReady } from "../election/index.ts";
import type { KubeObject, Labels } from "../kube/index.ts";
import { KubeClient, type ResourceRef, silentLogger } from "../platform/index.ts";
import { ClusterWatch } from "./cluster-watch.ts";
import type { SpeakerEvent } from "./speaker-messages.ts";

const core = (plural: string, namespace?: string): ResourceRef => ({
  group: "",
  version: "v1",
  plural,
  ...(namespace !== undefined && { namespace }),
});
/** Stands before the server like v0.9.5's role: endpointslices are forbidden, the rest passes. */
async function forbidSlices(url: string): Promise<{ url: string; close(): void }> {
  const gate = createServer((incoming, outgoing) => {
    if (incoming.url?.includes("/endpointslices")) {
      const status = { kind: "Status", code: 403, reason: "Forbidden", message: "not allowed" };
      outgoing.writeHead(403, { "content-type": "application/json" }).end(JSON.stringify(status));
      return;
    }
    const { method, headers } = incoming;
    const onward = request(`${url}${incoming.url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    outgoing.on("close", () => onward.destroy());
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  gate.listen(0, "127.0.0.1");
  await once(gate, "listening");
  const { port } = gate.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      gate.closeAllConnections();
      gate.close();
    },
  };
}

describe("cluster watch", () => {
  let server: RunningApiServer;
  let admin: KubeClient;
  let client: KubeClient;
  let watch: ClusterWatch;
  let events: SpeakerEvent[];
  let labelsOf: Record<string, Labels | undefined>;
  let areNodesListed: boolean;
  let wake: () => void = () => undefined;

  /** Resolves with the first event that the test accepts. */
  async function event(accepts: (event: SpeakerEvent) => boolean): Promise<SpeakerEvent> {
    for (;;) {
      const found = events.find(accepts);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  function start(url = server.url): void {
    client = new KubeClient({ server: url, origin: "the test" });
    watch = new ClusterWatch({
      client,
      logger: silentLogger,
      config: {
        setNode: (name, labels) => (labelsOf[name] = labels),
        nodesListed: () => (areNodesListed = true),
      },
      onEvent: (told) => {
        events.push(told);
        wake();
      },
    });
    watch.start();
  }

  beforeEach(async () => {
    events = [];
    labelsOf = {};
    areNodesListed = false;
    server = await startApiServer({ dataFile: ":memory:", host: "127.0.0.1", port: 0 });
    admin = new KubeClient({ server: server.url, origin: "the test" });
    await admin.create(core("namespaces"), { metadata: { name: "metallb-system" } });
    await admin.create(core("nodes"), { metadata: { name: "n1" } });
    await admin.create(core("endpoints", "default"), {
      metadata: { name: "web", namespace: "default" },
      subsets: [{ addresses: [{ ip: "10.0.0.1", nodeName: "n1" }], ports: [{ port: 80 }] }],
    } as KubeObject);
  });

  afterEach(async () => {
    watch.stop();
    await client.close();
    await admin.close();
    await server.close();
  });

  it("INS-13 INS-14: with v0.9.5's rights the speaker falls back to Endpoints", async () => {
    const gate = await forbidSlices(server.url);
    start(gate.url);
    await event(({ kind }) => kind === "synced");
    gate.close();
    const found = events.find((told) => told.kind === "endpoints" && told.key === "default/web");
    assert.deepEqual(found, {
      kind: "endpoints",
      key: "default/web",
      endpoints: [{ nodeName: "n1", isReady: true, canServe: true }],
    });
  });

  it("INS-13: with rights on endpointslices it reads only those", async () => {
    await admin.create(
      { group: "discovery.k8s.io", version: "v1", plural: "endpointslices", namespace: "default" },
      {
        metadata: {
          name: "api-1",
          namespace: "default",
          labels: { "kubernetes.io/service-name": "api" },
        },
        addressType: "IPv4",
        endpoints: [{ addresses: ["10.0.0.2"], nodeName: "n2" }],
      } as KubeObject,
    );
    start();
    await event(({ kind }) => kind === "synced");
    const keys = events.flatMap((told) => (told.kind === "endpoints" ? [told.key] : []));
    assert.deepEqual(keys, ["default/api"]);
  });

  it("K8S-3: nodes are told with their conditions and labels, their labels to the configuration as well, and their end", async () => {
    start();
    await event(({ kind }) => kind === "synced");
    assert.ok(areNodesListed);
    const nodes = core("nodes");
    const conditions = [
      { type: "DiskPressure", status: "True" },
      { type: "Ready", status: "Unknown", reason: "Silent" },
    ];
    await admin.create(nodes, { metadata: { name: "n2", labels: { rack: "r1" } } });
    const patch = { status: { conditions } };
    await admin.patch(nodes, "n2", patch, { type: "merge", subresource: "status" });
    const told = await event(
      (one) => one.kind === "node" && one.node !== undefined && isNotReady(one.node),
    );
    assert.ok(told.kind === "node" && told.name === "n2");
    assert.equal(told.node?.metadata.labels?.["rack"], "r1");
    assert.equal(labelsOf["n2"]?.["rack"], "r1");
    await admin.delete(nodes, "n2");
    await event((one) => one.kind === "node" && one.node === undefined);
    assert.equal(labelsOf["n2"], undefined);
  });

  it("K8S-2: of a service only what the rules read is kept", async () => {
    const annotations = { "metallb.io/allow-shared-ip": "k", "example.com/long": "x" };
    await admin.create(core("services", "default"), {
      metadata: { name: "web", namespace: "default", labels: { tier: "web" }, annotations },
      spec: { type: "LoadBalancer", externalTrafficPolicy: "Local", ports: [{ port: 80 }] },
    } as KubeObject);
    start();
    const told = await event((one) => one.kind === "service" && one.key === "default/web");
    assert.ok(told.kind === "service");
    const { metadata, spec } = told.service ?? {};
    assert.deepEqual(metadata?.labels, { tier: "web" });
    assert.deepEqual(metadata?.annotations, { "metallb.io/allow-shared-ip": "k" });
    assert.deepEqual(spec, { type: "LoadBalancer", externalTrafficPolicy: "Local" });
  });
});
