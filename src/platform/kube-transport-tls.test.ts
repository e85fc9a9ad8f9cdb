import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import {
  type Authority,
  makeAuthority,
  makeServerCertificate,
} from "../../tools/realkube/certificates.ts";
import { KubeApiError } from "./kube-api-error.ts";
import { KubeClient } from "./kube-client.ts";
import type { KubeConnection } from "./kube-config.ts";

const namespaces = { group: "", version: "v1", plural: "namespaces" };

describe("KubeClient over TLS", () => {
  let folder: string;
  let authority: Authority;
  let server: Server;
  let connection: KubeConnection;
  /** Common name of the certificate that the last client showed; "" for none. */
  let shownName: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "kube-tls-"));
    authority = await makeAuthority(folder);
    const names = ["DNS:kubernetes.default.svc", "IP:127.0.0.1"];
    const own = await makeServerCertificate(authority, folder, "apiserver", names);
    const options = {
      cert: readFileSync(own.certificate),
      key: readFileSync(own.key),
      requestCert: true,
      rejectUnauthorized: false,
    };
    server = createServer(options, (request, response) => {
      shownName = String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "");
      response.end('{"metadata": {"resourceVersion": "7"}, "items": []}');
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    connection = {
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      origin: "the test",
    };
  });

  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  async function listWith(more: Partial<KubeConnection>): Promise<string> {
    const client = new KubeClient({ ...connection, ...more });
    try {
      return (await client.list(namespaces)).resourceVersion;
    } finally {
      await client.close();
    }
  }
  const caData = (): string => readFileSync(authority.certificate, "utf8");

  it("trusts the authority that it was given, and shows no certificate of its own", async () => {
    assert.equal(await listWith({ caData: caData() }), "7");
    assert.equal(shownName, "");
  });

  it("refuses a server of an unknown authority, and says which server and who named it", async () => {
    await assert.rejects(listWith({}), (error) => {
      assert.ok(error instanceof KubeApiError);
      assert.ok(error.message.includes(connection.server), error.message);
      assert.match(error.message, /the test/);
      return true;
    });
  });

  it("shows the client certificate of its kubeconfig", async () => {
    const made = await makeServerCertificate(authority, folder, "alice", ["DNS:alice"]);
    const cert = readFileSync(made.certificate, "utf8");
    const key = readFileSync(made.key, "utf8");
    assert.equal(await listWith({ caData: caData(), cert, key }), "7");
    assert.equal(shownName, "alice");
  });

  it("checks the server's name, and asks for another one when told to", async () => {
    const named = { caData: caData(), tlsServerName: "kubernetes.default.svc" };
    assert.equal(await listWith(named), "7");
    await assert.rejects(listWith({ ...named, tlsServerName: "elsewhere" }), KubeApiError);
  });

  it("trusts anybody only when it is told to", async () => {
    assert.equal(await listWith({ insecureSkipTlsVerify: true }), "7");
  });
});
