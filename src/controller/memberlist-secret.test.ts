import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Secret } from "../kube/index.ts";
import { KubeClient } from "../platform/index.ts";
import { ensureMemberlistSecret, memberlistSecret } from "./memberlist-secret.ts";

const wish = { namespace: "metallb-system", name: "memberlist", deployment: "controller" };
const random = Uint8Array.from({ length: 16 }, (_, index) => index);

describe("memberlistSecret", () => {
  it("ML-54, FL-5, INS-31: secretkey is 22 characters of unpadded base64 of 16 bytes, owned by the Deployment", () => {
    const secret = memberlistSecret(wish, "uid-1", random);
    const text = Buffer.from(secret.data?.["secretkey"] ?? "", "base64").toString();
    assert.equal(text, "AAECAwQFBgcICQoLDA0ODw");
    assert.deepEqual(secret.metadata.ownerReferences, [
      { apiVersion: "apps/v1", kind: "Deployment", name: "controller", uid: "uid-1" },
    ]);
  });
});

describe("ensureMemberlistSecret", () => {
  let server: Server;
  let client: KubeClient;
  let requests: string[];
  let found: Secret[];
  let createStatus: number;

  beforeEach(async () => {
    requests = [];
    found = [];
    createStatus = 201;
    server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      request.resume();
      if (request.method === "POST") return response.writeHead(createStatus).end("{}");
      const isList = request.url?.includes("/secrets?");
      const deployment = { metadata: { name: "controller", uid: "uid-1" } };
      return response.end(JSON.stringify(isList ? { items: found, metadata: {} } : deployment));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    client = new KubeClient({ server: `http://127.0.0.1:${port}`, origin: "the test" });
  });

  afterEach(async () => {
    await client.close();
    server.close();
  });

  it("ML-54, FL-5: an absent secret is created; absence is asked by a list with a name selector", async () => {
    assert.equal(await ensureMemberlistSecret(client, wish, random), "created");
    assert.deepEqual(requests, [
      "GET /api/v1/namespaces/metallb-system/secrets?fieldSelector=metadata.name%3Dmemberlist",
      "GET /apis/apps/v1/namespaces/metallb-system/deployments/controller",
      "POST /api/v1/namespaces/metallb-system/secrets",
    ]);
  });

  it("FL-5: an existing secret stays untouched", async () => {
    found = [memberlistSecret(wish, "uid-1", random)];
    assert.equal(await ensureMemberlistSecret(client, wish, random), "exists");
    assert.equal(requests.length, 1);
  });

  it("FL-5, FL-2: without a Deployment an existing secret does, and a new one cannot be made", async () => {
    const nobodys = { ...wish, deployment: "" };
    await assert.rejects(ensureMemberlistSecret(client, nobodys, random), /needs --deployment/);
    found = [memberlistSecret(wish, "uid-1", random)];
    assert.equal(await ensureMemberlistSecret(client, nobodys, random), "exists");
    assert.deepEqual(new Set(requests).size, 1, "nothing but the list");
  });

  it("FL-5: when another controller was faster its secret stays", async () => {
    createStatus = 409;
    assert.equal(await ensureMemberlistSecret(client, wish, random), "exists");
  });

  it("FL-2: a refusal is an error, which stops the start", async () => {
    createStatus = 403;
    await assert.rejects(ensureMemberlistSecret(client, wish, random), {
      code: "ERR_KUBE_FORBIDDEN",
    });
  });
});
