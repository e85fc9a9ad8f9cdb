import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { moveText, type AddressMove } from "../election/index.ts";
import type { EventNote } from "../kube/index.ts";
import type { PastMove, Plan, PlanChange } from "../plan/index.ts";
import { EventRecorder, KubeClient, silentLogger } from "../platform/index.ts";
import { MoveEvents } from "../speaker/move-events.ts";
import { startMetallbCluster, type MetallbCluster } from "../testing/index.ts";
import { runExplain } from "./explain.ts";
import { runPlan } from "./plan.ts";
import type { WireView } from "./read-wire.ts";

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

  it("knows from the ring of speakers who is there, and whose interfaces can answer", async () => {
    const nodes = ["n2", "n3", "n4"].map((name) => node.replace("n1", name));
    const path = file("linked.yaml", lan, advertisement, ...nodes, service("web"), slice("web"));
    const row = (name: string, l2: string, state = "alive") => ({
      name,
      state,
      isOurs: true,
      says: { l2 },
    });
    const members = [
      row("n3", "eth0!carrier:198.18.1.0/24;mgmt"),
      row("n2", "eth0:198.18.1.0/24;mgmt"),
      row("n4", "eth0", "dead"),
    ];
    const ring = file("ring.json", JSON.stringify({ members }));
    const question = ["service", "shop/web", "-f", path];
    const without = await run(runExplain, question);
    assert.match(without.out, /is announced by n4\n/);
    const { out } = await run(runExplain, [...question, "--ring", ring]);
    assert.match(out, /is announced by n2\n/);
    assert.match(
      out,
      /^ {4}1 +n2 +first in the order of those that can answer +\[eth0:198\.18\.1\.0\/24 {2}mgmt\]$/m,
    );
    assert.match(
      out,
      /^ {4}2 +n3 +comes after n2, but its interface eth0 has no carrier +\[eth0!carrier:198\.18\.1\.0\/24 {2}mgmt\]$/m,
    );
    assert.match(out, /^ {4}- +n4 +the node's speaker is not alive$/m);
    const json = await run(runExplain, [...question, "--ring", ring, "-o", "json"]);
    const { l2 } = JSON.parse(json.out) as { l2: Record<string, { candidates: object[] }> };
    assert.partialDeepStrictEqual(Object.values(l2)[0]?.candidates, [
      { node: "n2", eligible: true, rank: 1, links: ["eth0:198.18.1.0/24", "mgmt"] },
      { node: "n3", eligible: true, rank: 2 },
    ]);
    const off = file("off.json", JSON.stringify({ off: "METALLB_ML_LABELS not set" }));
    for (const [source, why] of [
      [off, /gossip is off: METALLB_ML_LABELS not set/],
      [path, /--ring .*: /],
      [join(folder, "none.json"), /--ring .*none\.json: ENOENT/],
    ] as const) {
      const wrong = await run(runExplain, [...question, "--ring", source]);
      assert.deepEqual([wrong.exit, why.test(wrong.err)], [2, true], wrong.err);
    }
  });

  it("says of each node whether subnets leave it out, and that a stock speaker leaves the order alone", async () => {
    const nodes = ["n2", "n3"].map((name) => node.replace("n1", name));
    const annotations = `annotations: {metallb-ts/subnet-aware: "true", metallb-ts/preempt: "false"}, `;
    const own = advertisement.replace("metadata: {", `metadata: {${annotations}`);
    assert.notEqual(own, advertisement);
    const path = file("aware.yaml", lan, own, ...nodes, service("web"), slice("web"));
    const there = { state: "alive", isOurs: true };
    const ours = { name: "n2", ...there, says: { l2: "eth0:198.18.1.0/24" } };
    const explain = async (...members: object[]): Promise<string> => {
      const ring = file("ring-of-two.json", JSON.stringify({ members }));
      const { out } = await run(runExplain, ["service", "shop/web", "-f", path, "--ring", ring]);
      return out;
    };
    const away = { name: "n3", ...there, says: { l2: "eth0:10.0.0.0/8" } };
    const out = await explain(ours, away);
    assert.match(
      out,
      /^ {4}1 +n2 +first in the order; whoever has it when another starts keeps it/m,
    );
    assert.match(
      out,
      /^ {4}- +n3 +none of its interfaces has an address in the subnet of 198\.18\.1\.0/m,
    );
    const stock = await explain(ours, { ...there, name: "n3", isOurs: false });
    assert.match(
      stock,
      /1 +n\d +first in the order, which alone counts while node n3 has MetalLB's own/,
    );
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
    env = as("admin");
  });

  function as(user: keyof MetallbCluster["tokens"]): NodeJS.ProcessEnv {
    const kubeconfig = join(folder, `kubeconfig-${user}`);
    const config = {
      "current-context": "lab",
      contexts: [{ name: "lab", context: { cluster: "lab", user: "me" } }],
      clusters: [{ name: "lab", cluster: { server: cluster.url } }],
      users: [{ name: "me", user: { token: cluster.tokens[user] } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    return { KUBECONFIG: kubeconfig };
  }

  /** Events as a speaker on node n1 writes them, with the rights of its service account. */
  async function asSpeaker(...notes: EventNote[]): Promise<void> {
    const client = KubeClient.fromEnvironment({
      kubeconfig: as("speaker")["KUBECONFIG"],
      env: {},
    });
    const source = { component: "metallb-speaker", host: "n1" };
    const recorder = new EventRecorder(client, source, silentLogger);
    for (const note of notes) recorder.record(note);
    for (const { reason } of notes) {
      const path = `/api/v1/events?fieldSelector=reason%3D${reason}`;
      for (;;) {
        const { body } = await cluster.request("GET", path);
        if (body.items.length > 0) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    await client.close();
  }

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

  it("explains why its address moved, from the speakers' events, and how many moved with it", async () => {
    const quiet = await run(runExplain, ["service", "shop/a"], env);
    assert.match(quiet.out, /^Moved lately\n {2}no event tells of a move/m);
    const move: AddressMove = {
      service: "shop/a",
      ips: ["198.18.1.9"],
      from: "n2",
      to: "n1",
      because: "dead",
      foundBy: "n1",
      silentMs: 412,
      inquiryMs: 51,
      announcedMs: 6,
    };
    const { body } = await cluster.request("GET", "/api/v1/namespaces/shop/services/a");
    const { namespace, name, uid } = body.metadata;
    const object = { kind: "Service", apiVersion: "v1", namespace, name, uid };
    const moves = new MoveEvents("n1", 0).notes([[{ move, object }]], 0);
    const rest = Array.from({ length: 51 }, (_, index) => {
      return { move: { ...move, from: "n3", ips: [`198.18.2.${index}`] }, object: {} };
    });
    const ofMany = new MoveEvents("n1", 0)
      .notes([[rest[0]!, ...rest.slice(1)]], 0)
      .filter(({ reason }) => reason === "AddressesMoved");
    const message = 'announcing from node "n1" with protocol "layer2"';
    const assigned = { object, type: "Normal", reason: "nodeAssigned", message } as const;
    await asSpeaker(...moves, assigned, ...ofMany);
    const { out } = await run(runExplain, ["service", "shop/a"], env);
    const [, section = ""] = out.split("Moved lately\n");
    const lines = section.split("\n").map((line) => line.replace(/^ {2}\S+Z {2}/, ""));
    assert.ok(lines.includes(moveText(move)), section);
    assert.ok(!section.includes("went to"), section);
    assert.match(section, /one of many: 51 addresses moved from node "n3" to node "n1": /);
    const json = await run(runExplain, ["service", "shop/a", "-o", "json"], env);
    const found = JSON.parse(json.out) as { moves: PastMove[] };
    const { at: _, message: told, ...data } = found.moves.find(({ from }) => from === "n2")!;
    assert.deepEqual([data, told], [move, moveText(move)]);
    assert.equal(found.moves.find(({ from }) => from === "n3")?.oneOf, 51);
    const away = { ...move, from: "n1", to: "n9", at: new Date(Date.now() + 60_000).toISOString() };
    await asSpeaker(...new MoveEvents("n9", 0).notes([[{ move: away, object }]], 0));
    for (let last = ""; !last.includes("it went to n9 last, not to n1 as above");) {
      last = (await run(runExplain, ["service", "shop/a"], env)).out;
    }
  });

  it("explains what other speakers see of it on the wire, from conditions and events", async () => {
    const quiet = await run(runExplain, ["service", "shop/a"], env);
    assert.match(quiet.out, /^On the wire\n {2}nothing is told: see the page \/wire/m);
    const labels = {
      "metallb.io/node": "n1",
      "metallb.io/service-name": "a",
      "metallb.io/service-namespace": "shop",
    };
    const path = "/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses";
    const meta = { apiVersion: "metallb.io/v1beta1", kind: "ServiceL2Status" };
    await cluster.request("POST", path, { ...meta, metadata: { name: "l2-a", labels } });
    const lastTransitionTime = "2026-11-27T05:00:00Z";
    const message = "198.18.1.9 is answered by 02:00:00:00:00:01";
    const seen = { type: "Seen", status: "True", reason: "OwnerAnswers", message };
    const announced = { ...seen, type: "Announced", message: 'node "n1" announces it' };
    const conditions = [seen, announced].map((one) => ({ ...one, lastTransitionTime }));
    const { status } = await cluster.request("PATCH", `${path}/l2-a/status`, {
      status: { conditions },
    });
    assert.equal(status, 200);
    const { body } = await cluster.request("GET", "/api/v1/namespaces/shop/services/a");
    const { namespace, name, uid } = body.metadata;
    const object = { kind: "Service", apiVersion: "v1", namespace, name, uid };
    const reason = "AddressConflict";
    await asSpeaker({ object, type: "Warning", reason, message: "198.18.1.9 is claimed" });
    const { out } = await run(runExplain, ["service", "shop/a"], env);
    const [, section = ""] = out.split("On the wire\n");
    const [first = "", second = "", third = ""] = section.split("\n");
    assert.match(first, /Announced +True +OwnerAnswers +node "n1" announces it \(since 2026/);
    assert.match(second, /Seen +True +OwnerAnswers +198\.18\.1\.9 is answered by 02:00/);
    assert.match(third, /Z {2}AddressConflict: 198\.18\.1\.9 is claimed/);
    const json = await run(runExplain, ["service", "shop/a", "-o", "json"], env);
    const { wire } = JSON.parse(json.out) as { wire: WireView };
    assert.deepEqual(
      wire.conditions.map(({ type }) => type),
      ["Announced", "Seen"],
    );
    assert.equal(wire.events[0]?.reason, reason);
  });

  it("says that moves are not known to who may not read events, or without a cluster", async () => {
    const refused = await run(runExplain, ["service", "shop/a"], as("speaker"));
    assert.equal(refused.exit, 0, refused.err);
    assert.match(refused.out, /^Moved lately\n {2}not known: GET .*events: 403 /m);
    const argv = ["service", "shop/web", "-f", small];
    const offline = await run(runExplain, [...argv, "-o", "json"]);
    assert.equal((JSON.parse(offline.out) as { moves: unknown }).moves, null);
    assert.ok(!(await run(runExplain, argv)).out.includes("Moved"));
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
