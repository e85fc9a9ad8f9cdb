/** Webhooks that name a service: reached at a ready endpoint of it, under the service's name. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { it } from "node:test";
import { startApiServer } from "../../src/apiserver/index.ts";
import { makeAuthority, makeServerCertificate } from "../../tools/realkube/index.ts";

it("a webhook's service is asked at a ready endpoint, by the port's name, and must prove its name", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "webhook-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const authority = await makeAuthority(folder);
  const pair = await makeServerCertificate(authority, folder, "hook", ["DNS:hook.default.svc"]);
  const tls = { cert: readFileSync(pair.certificate), key: readFileSync(pair.key) };
  const asked: string[] = [];
  const hook = createServer(tls, async (request, response) => {
    asked.push(request.url!);
    const { uid } = JSON.parse(await text(request)).request;
    const answer = { uid, allowed: false, status: { message: "no maps here" } };
    response.end(JSON.stringify({ response: answer }));
  });
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
  t.after(() => hook.close());
  const server = await startApiServer({ dataFile: ":memory:", host: "127.0.0.1", port: 0 });
  t.after(() => server.close());
  const post = async (path: string, body: object) => {
    const reply = await fetch(server.url + path, { method: "POST", body: JSON.stringify(body) });
    return (await reply.json()) as { message?: string; kind: string };
  };
  const makeMap = () => post("/api/v1/namespaces/default/configmaps", { metadata: { name: "a" } });
  const service = { namespace: "default", name: "hook", path: "/review" };
  const caBundle = readFileSync(authority.certificate).toString("base64");
  await post("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", {
    metadata: { name: "hook" },
    webhooks: [
      {
        name: "hook.example.com",
        clientConfig: { service, caBundle },
        rules: [
          {
            operations: ["CREATE"],
            apiGroups: [""],
            apiVersions: ["v1"],
            resources: ["configmaps"],
          },
        ],
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      },
    ],
  });
  assert.match((await makeMap()).message!, /service "hook" not found in namespace "default"/);
  const ports = [{ name: "admission", port: 443 }];
  await post("/api/v1/namespaces/default/services", {
    metadata: { name: "hook" },
    spec: { ports },
  });
  assert.match((await makeMap()).message!, /no endpoints available for service "hook"/);
  await post("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
    metadata: { name: "hook-1", labels: { "kubernetes.io/service-name": "hook" } },
    addressType: "IPv4",
    ports: [{ name: "admission", port: (hook.address() as AddressInfo).port }],
    endpoints: [
      { addresses: ["127.0.0.2"], conditions: { ready: false } },
      { addresses: ["127.0.0.1"], conditions: { ready: true } },
    ],
  });
  assert.match((await makeMap()).message!, /denied the request: no maps here/);
  assert.deepEqual(asked, ["/review"]);
});
