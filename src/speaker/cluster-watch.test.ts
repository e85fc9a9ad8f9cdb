import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type RunningApiServer, startApiServer } from "../apiserver/index.ts";
import type { KubeObject } from "../kube/index.ts";
import { KubeClient, type ResourceRef, silentLogger } from "../platform/index.ts";
import { ClusterWatch } from "./cluster-watch.ts";
import type { SpeakerEvent } from "./speaker.ts";

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
      namespace: "metallb-system",
      configName: "config",
      onEvent: (told) => {
        events.push(told);
        wake();
      },
    });
    watch.start();
  }

  beforeEach(async () => {
    events = [];
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

  const deadNodes = (told: SpeakerEvent) =>
    told.kind === "dead-nodes" ? [...told.nodes].join() : undefined;

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

  it("L2-22 L2-58 L2-61: dead is a node that is not ready or deleted, and heartbeats are not told", async () => {
    start();
    await event(({ kind }) => kind === "synced");
    const nodes = core("nodes");
    const setReady = async (name: string, status: string): Promise<void> => {
      const patch = { status: { conditions: [{ type: "Ready", status }] } };
      await admin.patch(nodes, name, patch, { type: "merge", subresource: "status" });
    };
    await admin.create(nodes, { metadata: { name: "n2" } });
    await setReady("n1", "True");
    await setReady("n1", "Unknown");
    await event((told) => deadNodes(told) === "n1");
    await admin.patch(nodes, "n1", { spec: { unschedulable: true } }, { type: "merge" });
    await admin.delete(nodes, "n2");
    await event((told) => deadNodes(told) === "n1,n2");
    await setReady("n1", "True");
    await event((told) => deadNodes(told) === "n2");
    assert.equal(events.filter(({ kind }) => kind === "dead-nodes").length, 3);
  });

  it("LC-1 LC-27 L2-221: the document of the one ConfigMap is told, its absence and an absent key too", async () => {
    start();
    await event((told) => told.kind === "config" && told.text === undefined);
    const maps = core("configmaps", "metallb-system");
    const named = (name: string, data: Record<string, string>) => ({ metadata: { name }, data });
    await admin.create(maps, named("other", { config: "not ours" }));
    await admin.create(maps, named("config", { config: "peers: []" }));
    await event((told) => told.kind === "config" && told.text === "peers: []");
    await admin.update(maps, "config", named("config", { unrelated: "x" }));
    await event((told) => told.kind === "config" && told.text === "");
    events.length = 0;
    await admin.delete(maps, "config");
    await event((told) => told.kind === "config" && told.text === undefined);
    assert.ok(!events.some((told) => told.kind === "config" && told.text === "not ours"));
  });
});
