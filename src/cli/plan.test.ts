import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Plan, PlanChange } from "../plan/index.ts";
import { startMetallbCluster, type MetallbCluster } from "../testing/index.ts";
import { runExplain } from "./explain.ts";
import { runPlan } from "./plan.ts";

const pool = (name: string, addresses: string, more = ""): string => `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: ${name}, namespace: metallb-system}
spec: {addresses: [${addresses}]${more}}
---`;
const advertisement = `
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: lan, namespace: metallb-system}
spec: {}
---`;
const node = `
apiVersion: v1
kind: Node
metadata: {name: n1}
---`;
const service = (name: string, status = ""): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec: {type: LoadBalancer, clusterIP: 10.96.0.1, ports: [{port: 80}]}
${status}
---`;
const slice = (name: string): string => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}, namespace: shop, labels: {kubernetes.io/service-name: ${name}}}
addressType: IPv4
endpoints: [{addresses: [10.0.0.1], nodeName: n1}]
---`;

const folder = mkdtempSync(join(tmpdir(), "metallb-plan-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, ...documents: string[]): string {
  const path = join(folder, name);
  writeFileSync(path, documents.join("\n"));
  return path;
}

type Run = typeof runPlan;

async function run(verb: Run, argv: string[], env: NodeJS.ProcessEnv = {}) {
  let [out, err] = ["", ""];
  const exit = await verb(argv, env, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    hasColours: false,
  });
  return { exit, out, err };
}

async function planJson(...argv: string[]) {
  const { exit, out, err } = await run(runPlan, [...argv, "-o", "json"]);
  assert.equal(err, "");
  return { exit, ...(JSON.parse(out) as Plan & { changes?: readonly PlanChange[] }) };
}

const lan = pool("lan", "198.18.1.0-198.18.1.1");
const small = file("small.yaml", lan, advertisement, node, service("web"), slice("web"));

describe("metallb plan", () => {
  it("prints exactly the promised JSON", async () => {
    assert.deepEqual(await planJson("-f", small), {
      exit: 0,
      services: {
        "shop/web": {
          ips: ["198.18.1.0"],
          pool: "lan",
          reason: 'Assigned IP ["198.18.1.0"]',
          l2: {
            "198.18.1.0": {
              node: "n1",
              interfaces: [],
              candidates: [{ node: "n1", eligible: true, reason: "first in the order", rank: 1 }],
            },
          },
          bgp: [],
        },
      },
      findings: [],
    });
    const none = await planJson("-f", file("none.yaml", lan));
    assert.deepEqual([none.services, none.findings.map(({ code }) => code)], [{}, ["PLAN-1"]]);
  });

  it("prints a table, and a sentence for who has nothing", async () => {
    const many = file(
      "many.yaml",
      lan,
      advertisement,
      ...["a", "b", "c\\u202e"].map((name) => service(`"${name}"`)),
    );
    const { exit, out } = await run(runPlan, ["-f", many]);
    assert.equal(exit, 0);
    assert.match(out, /^SERVICE +ADDRESS +POOL +LAYER 2 +BGP$/m);
    assert.match(out, /^shop\/a +198\.18\.1\.0 +lan +-/m);
    assert.match(out, /^shop\/c\\u\{202e\} has no address: Failed to allocate IP/m);
    assert.match(out, /^2 of 3 Services have an address\.$/m);
    assert.ok(!out.includes("\u202e"));
  });

  it("names the command that says more of a Service that nobody announces", async () => {
    const peer =
      "apiVersion: metallb.io/v1beta2\nkind: BGPPeer\nmetadata: {name: tor}\nspec: {myASN: 0, peerASN: 2, peerAddress: 192.0.2.1}\n---";
    const silent = file("silent.yaml", lan, advertisement, peer, service("web"));
    const { exit, out } = await run(runPlan, ["-f", silent]);
    assert.equal(exit, 1);
    assert.match(out, /^shop\/web is announced by nobody: see metallb explain service shop\/web$/m);
  });

  it("exits with 3 where something would be lost, and says what", async () => {
    const wide = file("wide.yaml", pool("lan", "198.18.1.0/24"), advertisement);
    assert.deepEqual((await planJson("-f", wide, "--against", small)).changes, []);
    const other = file("other.yaml", pool("lan", "198.18.9.0/24"), advertisement);
    const moved = await planJson("-f", other, "--against", small);
    assert.equal(moved.exit, 3);
    assert.deepEqual(moved.changes, [
      {
        service: "shop/web",
        kind: "address-changed",
        from: "198.18.1.0",
        to: "198.18.9.0",
        isLoss: true,
      },
    ]);
    const silent = await run(runPlan, ["-f", file("silent.yaml", lan), "--against", small]);
    assert.equal(silent.exit, 3);
    assert.match(silent.out, /^- shop\/web: 198\.18\.1\.0 is announced by nobody, before by n1$/m);
    const same = await run(runPlan, ["-f", wide, "--against", small]);
    assert.equal(same.out, "Nothing changes.\n");
  });

  it("exits with 1 where the configuration has errors, with the place in the file", async () => {
    const bad = file("bad.yaml", pool("lan", "198.18.1.0/33"), service("web"));
    const { exit, findings } = await planJson("-f", bad);
    assert.equal(exit, 1);
    const finding = findings.find(({ severity }) => severity === "error");
    assert.deepEqual(
      [finding?.code, finding?.object, finding?.path, finding?.file, finding?.line],
      ["CFG-10", "IPAddressPool metallb-system/lan", "spec.addresses[0]", bad, 5],
    );
    const { out } = await run(runPlan, ["-f", bad]);
    assert.match(out, /bad\.yaml:5: error CFG-10 IPAddressPool metallb-system\/lan spec\.addr/);
    assert.match(out, /^ {2}fix: /m);
  });

  it("exits with 2 where it cannot read, or is misused", async () => {
    const absent = await run(runPlan, ["-f", join(folder, "absent")]);
    assert.equal(absent.exit, 2);
    assert.match(absent.err, /^metallb plan: cannot read .*absent/);
    for (const argv of [[], ["x"], ["-f", small, "--mode", "bird"], ["--order", "size"]]) {
      const { exit, out, err } = await run(runPlan, argv);
      assert.deepEqual([exit, out], [2, ""]);
      assert.match(err, /^metallb plan: .*\n\nusage: metallb plan -f/);
    }
    const help = await run(runPlan, ["-h"]);
    assert.deepEqual([help.exit, help.err], [0, ""]);
  });

  it("CFG-27: judges by the mode that is given", async () => {
    const peer = `
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: tor, namespace: metallb-system}
spec: {myASN: 1, peerASN: 2, peerAddress: 192.0.2.1, vrf: red}
---`;
    const path = file("vrf.yaml", lan, peer);
    assert.equal((await planJson("-f", path)).exit, 1);
    assert.equal((await planJson("-f", path, "--mode", "frr")).exit, 0);
  });

  it("reads folders, and lets later sources win", async () => {
    const dir = join(folder, "dir");
    mkdirSync(dir);
    writeFileSync(join(dir, "1.yaml"), lan + advertisement);
    writeFileSync(join(dir, "2.yaml"), service("web"));
    const first = await planJson("-f", dir);
    assert.deepEqual(first.services["shop/web"]?.ips, ["198.18.1.0"]);
    const later = file("later.yaml", pool("lan", "198.18.9.0/24"));
    const second = await planJson("-f", dir, "-f", later);
    assert.deepEqual(second.services["shop/web"]?.ips, ["198.18.9.0"]);
  });
});

describe("metallb explain", () => {
  it("tells the request, the pools and the nodes", async () => {
    const path = file(
      "explain.yaml",
      lan,
      pool("spare", "198.18.2.0/24", ", autoAssign: false"),
      advertisement,
      node,
      service("web"),
      slice("web"),
    );
    const { exit, out } = await run(runExplain, ["service", "shop/web", "-f", path]);
    assert.equal(exit, 0);
    assert.match(out, /^shop\/web has 198\.18\.1\.0 from pool lan\n {2}Assigned IP/);
    assert.match(out, /^ {2}cluster IPs +10\.96\.0\.1$/m);
    assert.match(out, /^ {2}lan +would give 198\.18\.1\.0$/m);
    assert.match(out, /^ {2}spare +would give 198\.18\.2\.0; autoAssign is false/m);
    assert.match(out, /^ {2}198\.18\.1\.0 is announced by n1\n {4}1 {2}n1 {2}first in the order$/m);
    const json = await run(runExplain, ["svc", "shop/web", "-f", path, "-o", "json"]);
    const found = JSON.parse(json.out) as { service: string; pools: object[] };
    assert.deepEqual([found.service, found.pools.length], ["shop/web", 2]);
  });

  it("exits with 2 without such a service or without a question", async () => {
    const absent = await run(runExplain, ["service", "shop/api", "-f", small]);
    assert.equal(absent.exit, 2);
    assert.match(absent.err, /there is no Service shop\/api \(there are: shop\/web\)/);
    for (const argv of [[], ["service"], ["pool", "lan"], ["service", "a/b", "c"]]) {
      const { exit, err } = await run(runExplain, argv);
      assert.equal(exit, 2);
      assert.match(err, /name what to explain: service NAMESPACE\/NAME/);
    }
  });
});

describe("docs/plan.md", () => {
  const root = join(import.meta.dirname, "../..");
  const text = readFileSync(join(root, "docs/plan.md"), "utf8");
  const verbs: Readonly<Record<string, Run>> = { plan: runPlan, explain: runExplain };
  for (const [, command = "", printed] of text.matchAll(
    /```console\n\$ metallb (.*)\n([^]*?)```/g,
  )) {
    it(`shows what is printed by ${command}`, async () => {
      const [verb = "", ...words] = command.split(" ");
      const argv = words.map((word) => (word.startsWith("docs/") ? join(root, word) : word));
      const { out } = await run(verbs[verb] ?? assert.fail(verb), argv);
      assert.equal(out, printed);
    });
  }
});

describe("with a cluster", { timeout: 60_000 }, () => {
  let cluster: MetallbCluster;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    cluster = await startMetallbCluster();
    const create = async (path: string, body: object): Promise<void> => {
      const answer = await cluster.request("POST", path, body);
      assert.ok(answer.status < 300, JSON.stringify(answer.body));
    };
    const ours = "/apis/metallb.io/v1beta1/namespaces/metallb-system";
    const metadata = { name: "lan", namespace: "metallb-system" };
    const spec = { addresses: ["198.18.1.0/28"] };
    const apiVersion = "metallb.io/v1beta1";
    await create(`${ours}/ipaddresspools`, { apiVersion, kind: "IPAddressPool", metadata, spec });
    await create(`${ours}/l2advertisements`, {
      apiVersion,
      kind: "L2Advertisement",
      metadata,
      spec: {},
    });
    await create("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: "n1" } });
    const shop = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
    await create("/api/v1/namespaces", shop);
    for (const name of ["a", "b"]) {
      await create("/api/v1/namespaces/shop/services", {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name },
        spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
      });
    }
    await cluster.request("PATCH", "/api/v1/namespaces/shop/services/a/status", {
      status: { loadBalancer: { ingress: [{ ip: "198.18.1.9" }] } },
    });
    await create("/api/v1/namespaces/shop/endpoints", {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name: "a" },
      subsets: [{ addresses: [{ ip: "10.0.0.1", nodeName: "n1" }], ports: [{ port: 80 }] }],
    });
    const kubeconfig = join(folder, "kubeconfig");
    const config = {
      "current-context": "lab",
      contexts: [{ name: "lab", context: { cluster: "lab", user: "me" } }],
      clusters: [{ name: "lab", cluster: { server: cluster.url } }],
      users: [{ name: "me", user: { token: cluster.tokens.admin } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    env = { KUBECONFIG: kubeconfig };
  });

  after(() => cluster.close());

  it("plans what is there, and explains it", async () => {
    const planned = await run(runPlan, ["-f", "cluster", "-o", "json"], env);
    assert.equal(planned.err, "");
    const { services, findings } = JSON.parse(planned.out) as Plan;
    assert.deepEqual(findings, []);
    const announcers = Object.entries(services).map(([key, { l2 }]) => [
      key,
      ...Object.entries(l2).map(([ip, { node: announcer }]) => `${ip} ${announcer}`),
    ]);
    assert.deepEqual(announcers, [
      ["shop/a", "198.18.1.9 n1"],
      ["shop/b", "198.18.1.0 null"],
    ]);
    const { out } = await run(runExplain, ["service", "shop/a"], env);
    assert.match(out, /^shop\/a has 198\.18\.1\.9 from pool lan\n/);
  });

  it("tells what a new configuration would cost it", async () => {
    const next = file("next.yaml", pool("lan", "198.18.1.0/29"), advertisement);
    const { exit, out } = await run(runPlan, ["-f", next, "--against", "cluster"], env);
    assert.match(out, /^- shop\/a: changes its address from 198\.18\.1\.9 to 198\.18\.1\.1$/m);
    assert.equal(exit, 3);
  });

  it("takes the kubeconfig and the context from flags, and says what is wrong with them", async () => {
    const flags = ["-f", "cluster", "--kubeconfig", env["KUBECONFIG"] ?? "", "--context", "mars"];
    const { exit, err } = await run(runPlan, flags);
    assert.equal(exit, 2);
    assert.match(err, /is named "mars" \(there are: lab\)/);
  });
});
