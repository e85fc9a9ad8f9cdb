import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startMetallbCluster, type MetallbCluster } from "./metallb-cluster.ts";

const group = "/apis/metallb.io/v1beta1/namespaces/metallb-system";

describe("a cluster for tests", () => {
  let cluster: MetallbCluster;
  before(async () => {
    cluster = await startMetallbCluster();
  });
  after(() => cluster.close());

  it("serves the custom resources, and gives each program its rights and no more", async () => {
    const { request, tokens } = cluster;
    const pools = `${group}/ipaddresspools`;
    const pool = {
      apiVersion: "metallb.io/v1beta1",
      kind: "IPAddressPool",
      metadata: { name: "lan" },
      spec: { addresses: ["192.0.2.0/28"] },
    };
    assert.equal((await request("POST", pools, pool)).status, 201);
    const seen = await request("GET", pools, undefined, tokens.controller);
    assert.equal(seen.body.items[0].spec.autoAssign, true);
    assert.equal((await request("POST", pools, pool, tokens.controller)).status, 403);
    assert.equal((await request("GET", "/api/v1/nodes", undefined, tokens.speaker)).status, 200);
    const pods = "/api/v1/namespaces/default/pods";
    assert.equal((await request("GET", pods, undefined, tokens.speaker)).status, 403);
  });

  it("CRD-10, ST-2: keeps the digits of an unlimited pool's status", async () => {
    const { request, tokens } = cluster;
    const path = `${group}/ipaddresspools/lan`;
    const { body } = await request("GET", path);
    const availableIPv6 = 2n ** 63n - 1n;
    body.status = { assignedIPv4: 0, assignedIPv6: 0, availableIPv4: 16, availableIPv6 };
    const written = await request("PUT", `${path}/status`, body, tokens.controller);
    assert.equal(written.status, 200);
    assert.equal(written.body.status.availableIPv6, availableIPv6);
    assert.equal((await request("GET", path)).body.status.availableIPv6, availableIPv6);
    const watch = await fetch(`${cluster.url}${group}/ipaddresspools?watch=1`, {
      headers: { authorization: `Bearer ${tokens.controller}` },
    });
    const events = watch.body!.getReader();
    const { value } = await events.read();
    await events.cancel();
    assert.match(Buffer.from(value).toString(), /"availableIPv6":9223372036854775807/);
  });

  it("INS-25: lets each program ask whose token it was shown, and what its owner may do", async () => {
    const { request, tokens } = cluster;
    for (const token of [tokens.controller, tokens.speaker]) {
      const shown = { spec: { token: tokens.speaker } };
      const path = "/apis/authentication.k8s.io/v1/tokenreviews";
      const { body } = await request("POST", path, shown, token);
      const { username } = body.status.user;
      assert.equal(username, "system:serviceaccount:metallb-system:speaker");
      const asked = { user: username, nonResourceAttributes: { path: "/metrics", verb: "get" } };
      const access = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
      const answer = await request("POST", access, { spec: asked }, token);
      assert.deepEqual([answer.status, answer.body.status.allowed], [201, false]);
    }
  });
});
