import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { ReconcilerEvent } from "../assignment/index.ts";
import { KubeClient } from "../platform/index.ts";
import { StatusWrites } from "./status-writes.ts";

describe("StatusWrites", () => {
  let server: Server;
  let client: KubeClient;
  /** Requests that wait for their answer, by name of the service. */
  let held: Map<string, ServerResponse>;
  let requests: string[];
  let answers: ReconcilerEvent[];
  let writes: StatusWrites;

  beforeEach(async () => {
    held = new Map();
    requests = [];
    // Of this test alone: what the end of a test cuts off is answered in the next one.
    const mine: ReconcilerEvent[] = (answers = []);
    server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      held.set(request.url?.split("/")[6] ?? "", response);
      request.resume();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    client = new KubeClient({ server: `http://127.0.0.1:${port}`, origin: "the test" });
    writes = new StatusWrites(client, (answer) => mine.push(answer));
  });
  afterEach(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });

  function add(name: string, isAwaited = false): void {
    const metadata = { name, namespace: "shop", resourceVersion: "7" };
    writes.add({ key: `shop/${name}`, service: { metadata, spec: {} }, isAwaited });
  }
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await nextTurn();
  }
  function answer(name: string, status: number, body: object): void {
    held.get(name)?.writeHead(status).end(JSON.stringify(body));
  }

  it("CTL-6, CTL-8: a write is one PUT of the status subresource, under the version decided on", async () => {
    add("web");
    await until(() => held.has("web"));
    assert.deepEqual(requests, ["PUT /api/v1/namespaces/shop/services/web/status"]);
    assert.equal(writes.isIdle, false);
    const metadata = { name: "web", resourceVersion: "8", managedFields: [] };
    answer("web", 200, { metadata, spec: {} });
    await until(() => answers.length === 1);
    const service = { metadata: { name: "web", resourceVersion: "8" }, spec: {} };
    assert.deepEqual(answers, [{ kind: "written", key: "shop/web", service }]);
    assert.equal(writes.isIdle, true);
  });

  it("IPAM-53: who waits for an address overtakes holders that are only brought up to date", async () => {
    for (let index = 0; index < 18; index++) add(`holder${index}`);
    add("newcomer", true);
    await until(() => held.size === 16);
    answer("holder0", 200, { metadata: { name: "holder0" }, spec: {} });
    await until(() => held.size === 17);
    assert.deepEqual([...held.keys()].slice(16), ["newcomer"]);
  });

  it("CTL-7: a refusal is told with its reason, and the next write goes on", async () => {
    for (let index = 0; index < 17; index++) add(`s${index}`);
    await until(() => held.size === 16);
    assert.ok(!held.has("s16"), "no more than 16 at once");
    answer("s3", 409, { message: "it changed" });
    await until(() => held.has("s16"));
    const [failed] = answers;
    assert.equal(failed?.kind === "writeFailed" && failed.key, "shop/s3");
    assert.match(failed?.kind === "writeFailed" ? failed.error : "", /409 it changed/);
  });
});
