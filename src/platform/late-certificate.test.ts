import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { prepareAtFirstCall } from "./late-certificate.ts";

describe("prepareAtFirstCall", () => {
  it("MET-1: callers wait while it prepares, once for all; after a failure the next one has it tried again", async () => {
    const server = createServer((socket) => socket.end("served"));
    let prepared = 0;
    prepareAtFirstCall(server, async () => {
      prepared++;
      if (prepared === 1) throw new Error("not yet");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const call = async (): Promise<string> => {
      const { port } = server.address() as AddressInfo;
      let text = "";
      const socket = connect(port, "127.0.0.1").setEncoding("utf8");
      socket.on("data", (chunk: string) => (text += chunk));
      await once(socket, "close");
      return text;
    };
    try {
      assert.equal(prepared, 0);
      assert.equal(await call(), "");
      assert.deepEqual(await Promise.all([call(), call()]), ["served", "served"]);
      assert.equal(prepared, 2);
    } finally {
      server.close();
    }
  });
});
