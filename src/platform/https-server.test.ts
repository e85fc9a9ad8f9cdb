import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { connect as connectTcp } from "node:net";
import { text as readAll } from "node:stream/consumers";
import { connect, type TLSSocket } from "node:tls";
import type { IncomingMessage } from "node:http";
import { after, before, describe, it } from "node:test";
import { makeSelfSigned, type KeyPair } from "./certificates.ts";
import { RequestRefused, serveHttps, type HttpsOptions, type HttpsServer } from "./https-server.ts";
import { createLogger } from "./logger.ts";
import { parseTlsOptions, type TlsOptions } from "./tls-options.ts";

function tlsOf(minVersion: string, cipherSuites = "", curvePreferences = ""): TlsOptions {
  const result = parseTlsOptions({ minVersion, cipherSuites, curvePreferences });
  assert.ok(result.ok);
  return result.options;
}

describe("HTTPS server", { timeout: 60_000 }, () => {
  let certificate: KeyPair;
  const open: HttpsServer[] = [];
  const lines: string[] = [];
  before(async () => {
    certificate = await makePair();
  });
  after(() => Promise.all(open.map((server) => server.close())));

  const makePair = () =>
    makeSelfSigned({ commonName: "test", dnsNames: ["localhost", "127.0.0.1"], days: 1 });

  /** A server that says how long the body was, on a port of its own. */
  const serve = async (rest: Partial<HttpsOptions> = {}): Promise<HttpsServer> => {
    const server = await serveHttps({
      name: "tests",
      host: "127.0.0.1",
      port: 0,
      tls: tlsOf(""),
      certificate,
      logger: createLogger({ form: "modern", write: (line) => lines.push(line) }),
      answer: async (request) => {
        const text = `${request.method} ${request.path} ${(await request.text()).length}`;
        return { status: 200, contentType: "text/plain", text };
      },
      ...rest,
    });
    open.push(server);
    return server;
  };

  const ask = async (
    { port }: HttpsServer,
    body: string | Buffer = "",
    options: RequestOptions = {},
  ): Promise<{ status: number | undefined; text: string }> => {
    const request = httpsRequest({
      host: "127.0.0.1",
      port,
      path: "/a?b=c",
      method: "POST",
      ca: certificate.cert,
      agent: false,
      ...options,
    });
    request.end(body);
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    return { status: answer.statusCode, text: await readAll(answer) };
  };

  const shake = async ({ port }: HttpsServer, options: object): Promise<TLSSocket> => {
    const socket = connect({ host: "127.0.0.1", port, ca: certificate.cert, ...options });
    await once(socket, "secureConnect");
    socket.destroy();
    return socket;
  };

  it("answers with what it is told to, path without query", async () => {
    assert.deepEqual(await ask(await serve(), "12345"), { status: 200, text: "POST /a 5" });
  });

  it("FL-4: TLS 1.3 is the least, unless told otherwise, and suites are those asked for", async () => {
    const strict = await serve();
    await assert.rejects(shake(strict, { maxVersion: "TLSv1.2" }));
    assert.equal((await shake(strict, {})).authorized, true);
    const suite = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    const older = await serve({ tls: tlsOf("VersionTLS12", suite) });
    await shake(older, { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" });
    const other = { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" };
    await assert.rejects(shake(older, other));
  });

  it("FL-4: only the curves asked for are taken", async () => {
    const server = await serve({ tls: tlsOf("", "", "24") });
    await shake(server, { ecdhCurve: "P-384" });
    await assert.rejects(shake(server, { ecdhCurve: "X25519" }));
  });

  it("FL-4, WH-10: a new certificate serves new connections, with the same TLS options", async () => {
    const server = await serve();
    const next = await makePair();
    server.useCertificate(next);
    await assert.rejects(shake(server, {}), /self-signed/);
    await shake(server, { ca: next.cert });
    await assert.rejects(shake(server, { ca: next.cert, maxVersion: "TLSv1.2" }));
  });

  it("WH-1: speaks HTTP/1.1 only, unless HTTP/2 is allowed, and then both", async () => {
    const protocols = { ALPNProtocols: ["h2", "http/1.1"] };
    const plain = await serve();
    const seen = async (server: HttpsServer) => {
      const socket = connect({
        host: "127.0.0.1",
        port: server.port,
        ca: certificate.cert,
        ...protocols,
      });
      await once(socket, "secureConnect");
      const { alpnProtocol } = socket;
      socket.destroy();
      return alpnProtocol;
    };
    assert.equal(await seen(plain), "http/1.1");
    const both = await serve({ allowsHttp2: true });
    assert.equal(await seen(both), "h2");
    assert.equal((await ask(both, "1")).text, "POST /a 1");
    const session = connectHttp2(`https://127.0.0.1:${both.port}`, { ca: certificate.cert });
    const stream = session.request({ ":method": "POST", ":path": "/h2" });
    stream.end("1234");
    assert.equal(await readAll(stream), "POST /h2 4");
    const refused = session.request({ ":method": "POST", ":path": "/h2" });
    refused.end("x".repeat(9 * 1024 * 1024));
    const [headers] = (await once(refused, "response")) as [Record<string, unknown>];
    assert.equal(headers[":status"], 413);
    session.destroy();
  });

  it("a body over the limit is refused with 413 and the limit, one at the limit is read", async () => {
    const server = await serve({ maxBodyBytes: 1000 });
    assert.equal((await ask(server, "x".repeat(1000))).text, "POST /a 1000");
    const refused = await ask(server, "x".repeat(1001));
    assert.deepEqual(refused, { status: 413, text: "the body is larger than 1000 bytes\n" });
    const huge = await ask(server, Buffer.alloc(20 * 1024 * 1024), {
      headers: { "transfer-encoding": "chunked" },
    });
    assert.equal(huge.status, 413);
  });

  it("bodies are counted until they are answered, and too many are refused with 503", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((open) => {
      release = open;
    });
    const waiting: Promise<unknown>[] = [];
    let read: () => void = () => undefined;
    const server = await serve({
      answer: async (request) => {
        const { length } = await request.text();
        read();
        await gate;
        return { status: 200, contentType: "text/plain", text: String(length) };
      },
    });
    const large = Buffer.alloc(8 * 1024 * 1024);
    for (let count = 0; count < 4; count += 1) {
      const isRead = new Promise<void>((resolve) => {
        read = resolve;
      });
      waiting.push(ask(server, large));
      await isRead;
    }
    assert.equal((await ask(server, "x")).status, 503);
    release();
    await Promise.all(waiting);
    assert.equal((await ask(server, large)).status, 200);
  });

  it("what is refused gets its status and its reason, and no log line", async () => {
    const before = lines.length;
    const server = await serve({
      answer: () => Promise.reject(new RequestRefused(404, "nothing here")),
    });
    assert.deepEqual(await ask(server, "body"), { status: 404, text: "nothing here\n" });
    assert.equal(lines.length, before);
  });

  it("a fault of ours is a 500 that tells strangers nothing, and a line for the operator", async () => {
    const server = await serve({ answer: () => Promise.reject(new Error("inner secret")) });
    const { status, text } = await ask(server);
    assert.equal(status, 500);
    assert.doesNotMatch(text, /secret/);
    assert.match(lines.join(""), /inner secret/);
  });

  it("garbage inside TLS gets a 400, and plain HTTP no answer; others are served on", async () => {
    const server = await serve();
    const socket = connect({ host: "127.0.0.1", port: server.port, ca: certificate.cert });
    socket.end("garbage\r\n\r\n");
    assert.match(await readAll(socket), /^HTTP\/1\.1 400/);
    const plain = connectTcp(server.port, "127.0.0.1");
    plain.end("GET / HTTP/1.1\r\n\r\n");
    plain.on("error", () => undefined);
    plain.resume();
    await once(plain, "close");
    assert.equal((await ask(server, "1")).text, "POST /a 1");
  });

  it("a caller that leaves in the middle of its body hurts nobody", async () => {
    let ended: (error: unknown) => void = () => undefined;
    const end = new Promise<unknown>((resolve) => {
      ended = resolve;
    });
    const server = await serve({
      answer: async (request) => {
        const text = await request.text().catch((error: unknown) => {
          ended(error);
          return "";
        });
        return { status: 200, contentType: "text/plain", text };
      },
    });
    const socket = connect({ host: "127.0.0.1", port: server.port, ca: certificate.cert });
    socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf", () =>
      socket.destroy(),
    );
    assert.match(String(await end), /the body ended too early/);
    assert.equal((await ask(server, "1")).status, 200);
  });

  it("a port that is taken is told with its number and the mend", async () => {
    const { port } = await serve();
    await assert.rejects(serve({ port }), (error: Error) => {
      assert.match(error.message, new RegExp(`cannot serve tests on 127.0.0.1, port ${port}`));
      assert.match(error.message, /EADDRINUSE.*choose another port/);
      return true;
    });
  });

  it("closing cuts open connections", async () => {
    const server = await serve();
    const socket = connect({ host: "127.0.0.1", port: server.port, ca: certificate.cert });
    await once(socket, "secureConnect");
    socket.on("error", () => undefined);
    const closed = once(socket, "close");
    await server.close();
    open.splice(open.indexOf(server), 1);
    await closed;
  });
});
