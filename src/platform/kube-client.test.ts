import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { KubeApiError } from "./kube-api-error.ts";
import { KubeClient, resourcePath } from "./kube-client.ts";

const services = { group: "", version: "v1", plural: "services", namespace: "shop" };

interface Seen {
  line: string;
  headers: IncomingMessage["headers"];
  body: string;
}

describe("KubeClient", () => {
  let server: Server;
  let url: string;
  let client: KubeClient;
  let answers: { status: number; body: string }[];
  let seen: Seen[];

  beforeEach(async () => {
    answers = [];
    seen = [];
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
        const answer = answers.shift() ?? { status: 200, body: "{}" };
        response.writeHead(answer.status).end(answer.body);
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = new KubeClient({ server: url, origin: "the test" });
  });

  afterEach(async () => {
    await client.close();
    server.close();
  });

  it("updates a status through its subresource", async () => {
    await client.update(services, "web", { metadata: { name: "web" } }, "status");
    assert.equal(seen[0]?.line, "PUT /api/v1/namespaces/shop/services/web/status");
    assert.equal(seen[0]?.headers["content-type"], "application/json");
    assert.equal(seen[0]?.headers.authorization, undefined);
  });

  it("CTL-6: what a program writes is filed by the program's name, the first word of its user agent", async () => {
    const controller = new KubeClient({ server: url, origin: "the test" }, "controller");
    await controller.update(services, "web", { metadata: { name: "web" } }, "status");
    await controller.close();
    assert.match(seen[0]?.headers["user-agent"] ?? "", /^controller\//);
  });

  it("names the patch format in the content type", async () => {
    await client.patch(services, "web", { a: 1 }, { type: "strategic" });
    const options = { type: "apply", fieldManager: "me", force: true } as const;
    await client.patch(services, "web", { a: 1 }, options);
    assert.equal(seen[0]?.headers["content-type"], "application/strategic-merge-patch+json");
    assert.equal(seen[1]?.headers["content-type"], "application/apply-patch+yaml");
    assert.match(seen[1]?.line ?? "", /\?fieldManager=me&force=true$/);
  });

  it("deletes with a grace period and only the object of that uid", async () => {
    await client.delete(services, "web", { gracePeriodSeconds: 0, uid: "u1" });
    const body: unknown = JSON.parse(seen[0]?.body ?? "");
    assert.deepEqual(body, { gracePeriodSeconds: 0, preconditions: { uid: "u1" } });
  });

  it("after a 401 it reads the token anew and tries once more", async () => {
    let token = "old";
    const renewed: boolean[] = [];
    const withToken = new KubeClient({
      server: url,
      origin: "the test",
      token: (options) => {
        if (options?.renew === true) token = "new";
        renewed.push(options?.renew === true);
        return token;
      },
    });
    answers.push({ status: 401, body: "" });
    await withToken.get(services, "web");
    await withToken.close();
    assert.deepEqual(
      seen.map((request) => request.headers.authorization),
      ["Bearer old", "Bearer new"],
    );
  });

  const refusals: [number, string][] = [
    [401, "ERR_KUBE_UNAUTHORIZED"],
    [403, "ERR_KUBE_FORBIDDEN"],
    [404, "ERR_KUBE_NOT_FOUND"],
    [409, "ERR_KUBE_CONFLICT"],
    [410, "ERR_KUBE_GONE"],
    [503, "ERR_KUBE_SERVER"],
  ];
  for (const [status, code] of refusals) {
    it(`a ${status} is a KubeApiError with code ${code} that says what the server said`, async () => {
      const body = JSON.stringify({ kind: "Status", reason: "Why", message: "because" });
      answers.push({ status, body });
      await assert.rejects(client.get(services, "web"), (error) => {
        assert.ok(error instanceof KubeApiError);
        assert.deepEqual([error.code, error.status, error.reason], [code, status, "Why"]);
        assert.match(error.message, /^GET \/api\/v1\/namespaces\/shop\/services\/web: .*because/);
        return true;
      });
    });
  }

  it("an address where nothing listens: the error names the address, its origin, and the mend", async () => {
    const nowhere = new KubeClient({ server: "http://127.0.0.1:1", origin: 'context "lab" of /k' });
    await assert.rejects(nowhere.list(services), (error) => {
      assert.ok(error instanceof KubeApiError);
      assert.equal(error.code, "ERR_KUBE_UNREACHABLE");
      assert.match(error.message, /http:\/\/127\.0\.0\.1:1 .*refused.*context "lab" of \/k.*check/);
      return true;
    });
    await nowhere.close();
  });

  it("an answer that is not JSON is an error, not a crash", async () => {
    answers.push({ status: 200, body: "<html>" });
    await assert.rejects(client.list(services), { code: "ERR_KUBE_BAD_ANSWER" });
  });

  it("keeps the path of a server behind a proxy", async () => {
    const proxied = new KubeClient({ server: `${url}/k8s/clusters/c1/`, origin: "the test" });
    await proxied.list({ group: "apps", version: "v1", plural: "deployments" }, { limit: 5 });
    await proxied.close();
    assert.equal(seen[0]?.line, "GET /k8s/clusters/c1/apis/apps/v1/deployments?limit=5");
  });

  it("quotes names in paths", () => {
    assert.equal(
      resourcePath(services, "a/b", "status"),
      "/api/v1/namespaces/shop/services/a%2Fb/status",
    );
  });
});
