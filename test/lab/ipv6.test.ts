/** A Service with an IPv6 address, from the API to a page in the client, and through the death of its node. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Lab, measureOutage, startLab, stopLab } from "../../src/lab/index.ts";

const folder = mkdtempSync(join(tmpdir(), "lab-six-"));
const stateDir = join(folder, "lab");
const address = "fd00:1::240";
const config = `address-pools:
- {name: six, protocol: layer2, addresses: ["fd00:1::240-fd00:1::249"]}`;
const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web" },
  spec: {
    type: "LoadBalancer",
    ipFamilies: ["IPv6"],
    selector: { app: "web" },
    ports: [{ port: 80, targetPort: 3000 }],
  },
};

describe("an IPv6 address in the lab", { timeout: 240_000 }, () => {
  let lab: Lab;

  const shell = (script: string, place = "lan"): Promise<string> =>
    lab.run(place, ["bash", "-c", script]);
  const page = (): Promise<string> =>
    shell(`curl -gsS --max-time 2 http://[${address}]/`, "client");
  const announcer = async (): Promise<string> => {
    const neighbour = await shell(`ip -6 neigh show ${address}`, "client");
    const node = lab.topology.nodes.find(({ mac }) => neighbour.includes(`lladdr ${mac}`));
    return node?.name ?? `nobody: ${neighbour}`;
  };

  before(async () => {
    lab = await startLab({ stateDir, nodeNames: ["knode1", "knode2"] });
    await shell("kubectl apply -f manifests/namespace.yaml");
    // Kubernetes of today knows no PodSecurityPolicy, which the manifest lists.
    await shell("kubectl apply -f manifests/metallb.yaml 2>/dev/null || true");
    await shell(
      "kubectl create secret generic -n metallb-system memberlist --from-literal=secretkey=x",
    );
    await shell(
      `kubectl create configmap config -n metallb-system --from-literal=config='${config}'`,
    );
    await shell("kubectl create deployment web --image=grafana/grafana --replicas=2");
    await shell(`kubectl apply -f - <<'EOF'\n${JSON.stringify(service)}\nEOF`);
    await shell("kubectl rollout status -n metallb-system daemonset speaker --timeout=60s");
    await shell("kubectl rollout status -n metallb-system deployment controller --timeout=60s");
    await shell("kubectl rollout status deployment web --timeout=60s");
  });
  after(async () => {
    await stopLab(stateDir);
    rmSync(folder, { recursive: true, force: true });
  });

  it("L2-10 L2-117: is given, announced by one node, resolved by the client and served", async () => {
    await shell(
      `until kubectl describe service web | grep -q nodeAssigned; do sleep 0.1; done; ` +
        `kubectl get service web -o jsonpath='{.status.loadBalancer.ingress[0].ip}' | grep -x ${address}`,
    );
    await shell(
      `until curl -gsS --max-time 1 http://[${address}]/ >/dev/null; do :; done`,
      "client",
    );
    assert.match(await page(), /stand-in/);
    const events = await shell("kubectl describe service web");
    assert.match(events, new RegExp(`announcing from node "${await announcer()}"`));
  });

  it("L2-136 L2-171: is told by the other node when the power of the first is cut, and served again", async () => {
    const node = await announcer();
    const outage = await measureOutage(lab, { node, address, port: 80 });
    assert.notEqual(await announcer(), node);
    assert.equal(outage.newMac, lab.topology.nodes.find(({ name }) => name !== node)?.mac);
  });
});
