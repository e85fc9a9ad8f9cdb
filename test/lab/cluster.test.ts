/** The lab's cluster, on two nodes: kubelet, service proxy and node monitor with real processes and packets. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Service } from "../../src/kube/index.ts";
import { type Lab, startLab, stopLab } from "../../src/lab/index.ts";

const folder = mkdtempSync(join(tmpdir(), "cluster-test-"));
const stateDir = join(folder, "lab");
let lab: Lab;

before(async () => {
  const programs = { "test/sh": ["sh"] };
  lab = await startLab({ stateDir, nodeNames: ["knode1", "knode2"], programs, nodeGraceMs: 3000 });
});
after(async () => {
  await stopLab(stateDir);
  rmSync(folder, { recursive: true, force: true });
});

function shell(script: string, place = "lan"): Promise<string> {
  return lab.run(place, ["bash", "-c", script]);
}

interface PodOptions {
  readonly script?: string;
  readonly more?: object;
  readonly container?: object;
}

async function createPod(
  name: string,
  { script = "sleep 1000", more, container }: PodOptions = {},
) {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name } },
    spec: {
      nodeName: "knode1",
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "main", image: "test/sh", args: ["-c", script], ...container }],
      ...more,
    },
  };
  await shell(`kubectl apply -f - <<'EOF'\n${JSON.stringify(pod)}\nEOF`);
}

/** Watches an object until a JSONPath of it matches. (`kubectl wait` knows only conditions before 1.23.) */
function waitFor(object: string, path: string, pattern: string): Promise<string> {
  const watch = `timeout 30 kubectl get ${object} --watch -o jsonpath='${path}{"\\n"}'`;
  // The watch outlives grep: it must not hold the shell's standard error open.
  return shell(`grep -qm1 -xE '${pattern}' <(${watch} 2>/dev/null)`);
}

describe("a lab node's kubelet", () => {
  it("INS-18: keeps a container waiting until its secret exists, and then starts it", async () => {
    const secretKeyRef = { name: "memberlist", key: "secretkey" };
    const env = [{ name: "KEY", valueFrom: { secretKeyRef } }];
    await createPod("waits", { script: 'echo "key=$KEY"; sleep 1000', container: { env } });
    const state = "{.status.containerStatuses[0].state.waiting.reason}";
    await waitFor("pod/waits", state, "CreateContainerConfigError");
    assert.match(await shell("kubectl describe pod waits"), /Error: secret "memberlist" not found/);
    await shell("kubectl create secret generic memberlist --from-literal=secretkey=abc");
    await shell("kubectl wait pod/waits --for=condition=Ready --timeout=30s");
    await logged("waits", "key=");
    assert.equal(readFileSync(logOf("waits"), "utf8"), "key=abc\n");
  });

  it("asks a process to stop by SIGTERM and ends it by SIGKILL after the grace period", async () => {
    await createPod("stubborn", {
      script: "trap 'echo asked' TERM; echo up; while :; do sleep 0.1; done",
    });
    await shell("kubectl wait pod/stubborn --for=condition=Ready --timeout=30s");
    await logged("stubborn", "up");
    await shell("kubectl delete pod stubborn --timeout=30s");
    assert.match(readFileSync(logOf("stubborn"), "utf8"), /asked/);
    const left = await lab.exec("lan", ["pgrep", "-f", "trap.*echo asked.*sleep 0.1"]);
    assert.equal(left.stdout, "");
  });

  it("starts a container again that ended, and says so", async () => {
    await createPod("crashes", { script: "exit 3" });
    await waitFor("pod/crashes", "{.status.containerStatuses[0].restartCount}", "1");
    assert.match(
      await shell("kubectl describe pod crashes"),
      /Back-off restarting failed container/,
    );
  });

  it("keeps what a container prints for kubectl logs: whole, its end, and the run before", async () => {
    await createPod("prints", { script: "seq 1 12; exit 3" });
    await waitFor("pod/prints", "{.status.containerStatuses[0].restartCount}", "1");
    await logged("prints", "12");
    assert.match(await shell("kubectl logs prints"), /^1\n2\n[^]*\n12\n$/);
    assert.equal(await shell("kubectl logs prints -c main --tail=2"), "11\n12\n");
    assert.match(await shell("kubectl logs prints --previous"), /^1\n[^]*\n12\n$/);
  });

  it("names the images that it knows when it does not know one", async () => {
    await createPod("unknown", { container: { image: "no/such:1" } });
    await waitFor(
      "pod/unknown",
      "{.status.containerStatuses[0].state.waiting.reason}",
      "ErrImageNeverPull",
    );
    assert.match(
      await shell("kubectl describe pod unknown"),
      /no program for image "no\/such:1"; it has: /,
    );
  });

  it("INS-1: gives a container its volumes, its token and no more capabilities than it may have", async () => {
    await shell("kubectl create configmap settings --from-literal=mode=quiet");
    const script =
      "cat /etc/app/mode; echo; cat /var/run/secrets/kubernetes.io/serviceaccount/namespace; echo; " +
      "grep CapEff /proc/self/status; sleep 1000";
    await createPod("mounts", {
      script,
      container: {
        volumeMounts: [{ name: "settings", mountPath: "/etc/app" }],
        securityContext: { capabilities: { drop: ["ALL"], add: ["NET_RAW"] } },
      },
      more: { volumes: [{ name: "settings", configMap: { name: "settings" } }] },
    });
    await logged("mounts", "CapEff");
    assert.equal(
      readFileSync(logOf("mounts"), "utf8"),
      "quiet\ndefault\nCapEff:\t0000000000002000\n",
    );
  });
});

describe("the lab's service proxy", () => {
  it("leads cluster address and node port to a ready pod on another node", async () => {
    await shell("kubectl create deployment web --image=grafana/grafana --replicas=1");
    await shell("kubectl rollout status deployment web --timeout=30s");
    await shell("kubectl expose deployment web --type=NodePort --port=80 --target-port=3000");
    await waitFor("service/web", "{.spec.type}", "NodePort");
    const [ip = "", port = ""] = (
      await shell(
        "kubectl get service web -o jsonpath='{.spec.clusterIP} {.spec.ports[0].nodePort}'",
      )
    ).split(" ");
    const retry =
      "--retry 20 --retry-connrefused --retry-delay 1 --retry-all-errors -sS --max-time 2";
    assert.match(await shell(`curl ${retry} http://${ip}/`, "knode1"), /stand-in/);
    assert.match(await shell(`curl ${retry} http://192.168.1.10:${port}/`, "client"), /stand-in/);
    assert.match(await shell(`curl ${retry} http://192.168.1.11:${port}/`, "client"), /stand-in/);
  });

  it("L2-190 L2-191 L2-192: kernels answer for service addresses in ipvs mode until strictARP is set", async () => {
    const address = "192.168.1.200";
    await shell(`kubectl patch service web -p '{"spec": {"type": "LoadBalancer"}}'`);
    const service = JSON.parse(await shell("kubectl get service web -o json")) as Service;
    service.status = { loadBalancer: { ingress: [{ ip: address }] } };
    const path = "/api/v1/namespaces/default/services/web/status";
    await shell(`kubectl replace --raw ${path} -f - <<'EOF'\n${JSON.stringify(service)}\nEOF`);
    await configureProxy('s/mode: ""/mode: "ipvs"/');
    assert.match(await askForAddress(address), /lladdr 02:00:00:00:00:1[01]/);
    await configureProxy("s/strictARP: false/strictARP: true/");
    assert.doesNotMatch(await askForAddress(address), /lladdr/);
  });
});

describe("the node monitor", () => {
  it("L2-172: drops the endpoints of a node whose power was cut", async () => {
    const node = (
      await shell("kubectl get pods -l app=web -o jsonpath='{.items[0].spec.nodeName}'")
    ).trim();
    await lab.cutPower(node);
    await waitFor(`node/${node}`, '{.status.conditions[?(@.type=="Ready")].status}', "Unknown");
    await waitFor("endpoints/web", "{.subsets[0].notReadyAddresses[0].ip}", ".+");
    const ready = "kubectl get endpoints web -o jsonpath='{.subsets[*].addresses[*].ip}'";
    assert.equal(await shell(ready), "");
  });
});

/** Waits until a pod has written a text. */
function logged(pod: string, text: string): Promise<string> {
  return shell(`until grep -q '${text}' ${logOf(pod)}; do sleep 0.05; done`);
}

function logOf(pod: string): string {
  return join(stateDir, "pods/knode1", `default_${pod}`, "main.log");
}

async function configureProxy(edit: string): Promise<void> {
  const read = "kubectl get configmap kube-proxy -n kube-system -o yaml";
  await shell(`${read} | sed -e '${edit}' | kubectl apply -f -`);
  await shell("kubectl delete pod -n kube-system -l k8s-app=kube-proxy");
  await shell("kubectl rollout status daemonset kube-proxy -n kube-system --timeout=30s");
}

/** What the client's neighbour table says after asking who has the address. */
function askForAddress(address: string): Promise<string> {
  const ask = `timeout 2 bash -c '</dev/tcp/${address}/80' 2>/dev/null`;
  return shell(`ip neigh flush dev eth0; ${ask}; ip neigh show ${address}`, "client");
}
