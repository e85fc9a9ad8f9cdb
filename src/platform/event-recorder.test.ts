import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { KubeEvent } from "../kube/index.ts";
import { EventRecorder, referenceTo } from "./event-recorder.ts";
import { KubeClient } from "./kube-client.ts";
import { createLogger } from "./logger.ts";

const service = { metadata: { namespace: "shop", name: "web", uid: "u1", resourceVersion: "7" } };

describe("EventRecorder", () => {
  let server: Server;
  let client: KubeClient;
  let recorder: EventRecorder;
  let requests: { line: string; body: Partial<KubeEvent> }[];
  let logged: string[];
  let status: (line: string) => number;
  let arrived: () => void;

  beforeEach(async () => {
    requests = [];
    logged = [];
    status = () => 201;
    arrived = () => undefined;
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const line = `${request.method} ${request.url}`;
        requests.push({ line, body: JSON.parse(body) as Partial<KubeEvent> });
        response.writeHead(status(line)).end(body);
        arrived();
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    client = new KubeClient({ server: `http://127.0.0.1:${port}`, origin: "the test" });
    const logger = createLogger({ form: "legacy", write: (line) => logged.push(line) });
    recorder = new EventRecorder(client, { component: "metallb-controller" }, logger);
  });

  afterEach(async () => {
    recorder.stop();
    await client.close();
    server.close();
  });

  function say(message: string): void {
    const object = referenceTo("Service", service);
    recorder.record({ object, type: "Normal", reason: "IPAllocated", message });
  }

  async function requestCount(count: number): Promise<void> {
    while (requests.length < count) await new Promise<void>((resolve) => (arrived = resolve));
  }

  it("writes a core/v1 event in the object's namespace, from our component", async () => {
    say('Assigned IP "192.0.2.1"');
    await requestCount(1);
    const { line, body } = requests[0] ?? {};
    assert.equal(line, "POST /api/v1/namespaces/shop/events");
    assert.match(body?.metadata?.name ?? "", /^web\.[0-9a-f]+$/);
    const { namespace, name, uid, resourceVersion } = service.metadata;
    const object = { kind: "Service", apiVersion: "v1", namespace, name, uid, resourceVersion };
    assert.deepEqual(body?.involvedObject, object);
    assert.deepEqual(body.source, { component: "metallb-controller" });
    assert.equal(body.reportingComponent, "metallb-controller");
    assert.deepEqual([body.type, body.reason, body.count], ["Normal", "IPAllocated", 1]);
    assert.match(body.lastTimestamp ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it("CTL-15: the same event again patches the count of the first", async () => {
    say("same");
    say("same");
    say("same");
    await requestCount(3);
    const name = requests[0]?.body.metadata?.name;
    assert.equal(requests[1]?.line, `PATCH /api/v1/namespaces/shop/events/${name}`);
    assert.equal(requests[1].body.count, 2);
    assert.equal(requests[2]?.body.count, 3);
  });

  it("an event that the server forgot is created again", async () => {
    status = (line) => (line.startsWith("PATCH") ? 404 : 201);
    say("same");
    say("same");
    await requestCount(3);
    assert.match(requests[2]?.line ?? "", /^POST/);
  });

  it("carries data beside the words, and the time at which it was said, however late it is written", async (context) => {
    context.mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-11-26T10:00:00.400Z") });
    const object = referenceTo("Service", service);
    const annotations = { "metallb-ts/address-move": "{}" };
    const note = { object, type: "Normal", reason: "AddressMoved", message: "moved" } as const;
    recorder.record({ ...note, annotations });
    recorder.record({ ...note, message: "again" });
    context.mock.timers.tick(60_000);
    await requestCount(2);
    assert.deepEqual(requests[0]?.body.metadata?.annotations, annotations);
    assert.equal(requests[1]?.body.metadata?.annotations, undefined);
    for (const { body } of requests) {
      assert.equal(body.firstTimestamp, "2026-11-26T10:00:00Z");
      assert.equal(body.lastTimestamp, "2026-11-26T10:00:00Z");
    }
  });

  it("INS-14: a forbidden event is told once in the log and nothing else happens", async () => {
    status = () => 403;
    say("one");
    say("two");
    await requestCount(2);
    await client.close();
    assert.equal(logged.filter((line) => line.includes("events cannot be written")).length, 1);
  });
});
