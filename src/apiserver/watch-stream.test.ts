import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, it } from "node:test";
import { streamWatch } from "./watch-stream.ts";

describe("watch over HTTP", () => {
  it("does not begin for a client that went while its request was judged", async () => {
    let subscribed = 0;
    const store = { revision: 1, subscribe: () => subscribed++, list: () => [] };
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.write("GET /api/v1/services?watch=true HTTP/1.1\r\nHost: x\r\n\r\n");
    const [, outgoing] = await once(server, "request");
    const gone = once(outgoing, "close");
    client.destroy();
    await gone;
    const request = { query: new URLSearchParams(), accept: "" };
    const what = { target: {}, resource: {} };
    streamWatch({ store } as never, request as never, what as never, outgoing);
    assert.equal(subscribed, 0);
    server.close();
    await once(server, "close");
  });
});
