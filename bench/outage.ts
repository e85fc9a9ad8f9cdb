/** Row `outage`: the demo's power cut, repeated: how long a client on the LAN goes without the address, by cause. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureOutage, startLab, type Lab } from "../src/lab/index.ts";
import { numberFlag, percentile, printRow } from "./lib-numbers.ts";

const address = "192.168.1.240";
const announcer = /announcing from node "([^"]+)"/;

/** The tutorial's steps without the ones that only look. */
const install = `
set -e
kubectl apply -f manifests/namespace.yaml
kubectl apply -f manifests/metallb.yaml || true # PodSecurityPolicy, see docs/decisions/0006
kubectl create secret generic -n metallb-system memberlist --from-literal=secretkey="$(openssl rand -base64 128)"
kubectl create configmap config -n metallb-system --from-literal=config='
address-pools: [{name: default, protocol: layer2, addresses: [192.168.1.240-192.168.1.249]}]'
kubectl patch service grafana -n monitoring -p '{"spec": {"type": "LoadBalancer"}}'
kubectl rollout status daemonset speaker -n metallb-system --timeout=60s
`;

export async function run(args: string[]): Promise<void> {
  const trials = numberFlag(args, "trials", 3);
  const parts = { announced: [] as number[], served: [] as number[] };
  const totals: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const outage = await oneTrial();
    totals.push(outage.totalMs);
    parts.announced.push(outage.announcedMs);
    parts.served.push(outage.servedMs);
  }
  printRow({
    experiment: "outage",
    fault: "power cut",
    who: "ours",
    p50_ms: percentile(totals, 0.5),
    p99_ms: percentile(totals, 0.99),
    n: totals.length,
    announced_p50_ms: percentile(parts.announced, 0.5),
    served_p50_ms: percentile(parts.served, 0.5),
  });
}

async function oneTrial() {
  const folder = mkdtempSync(join(tmpdir(), "metallb-outage-"));
  const lab = await startLab({ stateDir: join(folder, "lab"), withTutorialObjects: true });
  try {
    await lab.run("lan", ["bash", "-c", install]);
    const node = await announcingNode(lab);
    return await measureOutage(lab, { node, address, port: 3000 });
  } finally {
    await lab.stop();
    rmSync(folder, { recursive: true });
  }
}

async function announcingNode(lab: Lab): Promise<string> {
  for (let look = 0; look < 100; look++) {
    const words = ["kubectl", "describe", "service", "grafana", "-n", "monitoring"];
    const node = announcer.exec(await lab.run("lan", words))?.[1];
    if (node !== undefined) return node;
  }
  throw new Error(`nobody announces ${address}`);
}
