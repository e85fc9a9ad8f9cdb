import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import { KubeTransport, readText } from "./kube-transport.ts";

describe("KubeTransport", () => {
  let server: Server;
  let transport: KubeTransport;
  const get = { method: "GET", path: "/", headers: {} };

  async function serve(listener: RequestListener, host = "127.0.0.1"): Promise<void> {
    server = createServer(listener).listen(0, host);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const name = host.includes(":") ? `[${host}]` : host;
    transport = new KubeTransport({ server: `http://${name}:${port}`, origin: "the test" });
  }

  afterEach(async () => {
    transport.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  it("sends requests one after the other over one connection", async () => {
    const ports = new Set<number | undefined>();
    await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("yes");
    });
    for (let request = 0; request < 3; request++) {
      assert.equal(await readText(await transport.send(get)), "yes");
    }
    assert.equal(ports.size, 1);
  });

  it("tells the length of a body in bytes, for a DELETE too", async () => {
    const lengths: (string | undefined)[] = [];
    await serve((request, response) => {
      lengths.push(request.headers["content-length"]);
      request.resume().on("end", () => response.end());
    });
    for (const method of ["PUT", "DELETE"]) {
      await readText(await transport.send({ ...get, method, body: "ü" }));
    }
    assert.deepEqual(lengths, ["2", "2"]);
  });

  it("an abort ends a request that waits, and one whose answer streams", async () => {
    let isStreaming = false;
    await serve((_, response) => {
      if (isStreaming) response.write("begun");
    });
    const waiting = new AbortController();
    const sent = transport.send({ ...get, signal: waiting.signal });
    waiting.abort();
    await assert.rejects(sent, { name: "AbortError" });
    isStreaming = true;
    const streaming = new AbortController();
    const answer = await transport.send({ ...get, isStream: true, signal: streaming.signal });
    await once(answer, "readable");
    streaming.abort();
    await assert.rejects(readText(answer));
  });

  it("a body that breaks off is an error, not a short text", async () => {
    await serve((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => response.destroy());
    });
    const answer = await transport.send(get);
    await assert.rejects(readText(answer), { code: "ECONNRESET" });
  });

  it("reaches a server by its IPv6 address", async () => {
    await serve((_, response) => response.end("six"), "::1");
    assert.equal(await readText(await transport.send(get)), "six");
  });

  it("close() cuts what is in flight", async () => {
    await serve(() => transport.close());
    await assert.rejects(transport.send(get), { code: "ECONNRESET" });
  });
});
