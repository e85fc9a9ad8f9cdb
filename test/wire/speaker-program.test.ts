import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CabledNamespaces, LineProgram, whyNoNamespaces } from "../../src/testing/index.ts";
import type { SpeakerView } from "../../src/cli/status-text.ts";
import { requireKernelPrograms } from "../../src/testing/kernel-rights.ts";

const API = "http://127.0.0.1:16443";
const METRICS = "http://127.0.0.1:17472";
const NODE = [process.execPath, "--disable-warning=ExperimentalWarning"];
const CLI = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const SECRET = "correct-horse-battery-staple";
/** A program that does not stop fails its test, instead of keeping the suite for ever. */
const limit = { timeout: 60_000 };
const SERVICES = "/api/v1/namespaces/default/services";
/** Service -> its address; there is one of each family. */
const ADDRESSES = { web: "10.99.0.240", "web-six": "fd00:99::240" };

interface KubeEvent {
  reason: string;
  message: string;
  count: number;
  source: { component: string };
  involvedObject: { name: string };
}

type Call = readonly [method: string, url: string, body?: object | undefined];

const suite = (way: string) => () => {
  let wire: CabledNamespaces;
  let folder: string;
  let server: LineProgram;
  let speaker: LineProgram;

  /** Fetches inside the node's namespace, one after the other; an object as body is sent as JSON. */
  function fetchInside(...requests: Call[]): string {
    const code = `for (const [method, url, body] of ${JSON.stringify(requests)}) {
      const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
      const r = await fetch(url, {method, headers: {"content-type": type}, body: body && JSON.stringify(body)});
      process.stdout.write(await r.text() + "\\n"); if (!r.ok) process.exit(1); }`;
    const { status, stdout } = wire.run("node", [...NODE, "--input-type=module", "-e", code]);
    assert.equal(status, 0, `${JSON.stringify(requests)}: ${stdout}`);
    return stdout;
  }
  const toKube = ([method, path, body]: Call): Call => [method, `${API}${path}`, body];
  const kube = (...call: Call): unknown => JSON.parse(fetchInside(toKube(call)));

  async function startServer(): Promise<void> {
    const flags = ["--data-file", join(folder, "db"), "--listen", API.slice("http://".length)];
    const out = ["--kubeconfig-out", join(folder, "kubeconfig")];
    server = new LineProgram(wire.at("node", [...NODE, CLI, "apiserver", ...flags, ...out]));
    await server.line((line) => line.includes("serving on"));
  }

  function startSpeaker(nodeName = "n1", port = 17472, responder = way): LineProgram {
    const place = ["--kubeconfig", join(folder, "kubeconfig"), "--namespace=metallb-system"];
    const page = [`--port=${port}`, "--host=127.0.0.1", "--config=config"];
    const flags = [`--layer2-responder=${responder}`, ...page, ...place];
    // What no Linux before 6.6 has, and few containers: without it the kernel cannot answer.
    const poor = responder === "auto" ? ["setpriv", "--bounding-set=-bpf,-sys_admin", "--"] : [];
    const command = [...poor, ...NODE, CLI, "speaker", ...flags];
    const env = { METALLB_NODE_NAME: nodeName, METALLB_ML_SECRET_KEY: SECRET };
    return new LineProgram(wire.at("node", command), { ...process.env, ...env });
  }

  const is = (event: string, service: string) => (line: string) =>
    line.includes(`"event":"${event}"`) && line.includes(`"service":"default/${service}"`);
  const announcements = (service: string) => speaker.lines.filter(is("serviceAnnounced", service));
  /** Waits until both services were announced so many times. */
  async function announced(times: number): Promise<void> {
    for (const service of ["web", "web-six"]) {
      await speaker.line(() => announcements(service).length >= times);
    }
  }
  async function withdrawn(by = speaker): Promise<void> {
    for (const service of ["web", "web-six"]) await by.line(is("serviceWithdrawn", service));
  }
  /** The services whose address is answered. */
  async function answered(): Promise<string[]> {
    const found = await wire.answered(Object.values(ADDRESSES));
    return Object.entries(ADDRESSES).flatMap(([service, ip]) =>
      found.includes(ip) ? service : [],
    );
  }

  function createWorld(): void {
    const config = [
      "address-pools:",
      "- {name: lan, protocol: layer2, addresses: [10.99.0.240-10.99.0.250]}",
      '- {name: lan6, protocol: layer2, addresses: ["fd00:99::240-fd00:99::250"]}',
    ].join("\n");
    const requests: Call[] = [
      ["POST", "/api/v1/namespaces", { metadata: { name: "metallb-system" } }],
      ...["n1", "n2"].map((name): Call => ["POST", "/api/v1/nodes", { metadata: { name } }]),
      [
        "POST",
        "/api/v1/namespaces/metallb-system/configmaps",
        { metadata: { name: "config" }, data: { config } },
      ],
      ...Object.entries(ADDRESSES).flatMap(([name, ip]) => serviceRequests(name, ip)),
    ];
    // In one process: each takes a while to start.
    fetchInside(...requests.map(toKube));
  }

  function serviceRequests(name: string, ip: string): Call[] {
    const spec = {
      type: "LoadBalancer",
      ports: [{ port: 80 }],
      allocateLoadBalancerNodePorts: false,
    };
    const slice = {
      metadata: { name: `${name}-1`, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.1.0.1"], nodeName: "n1", conditions: { ready: true } }],
    };
    return [
      ["POST", SERVICES, { metadata: { name }, spec }],
      ["PATCH", `${SERVICES}/${name}/status`, { status: { loadBalancer: { ingress: [{ ip }] } } }],
      ["POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", slice],
    ];
  }

  before(() => {
    if (way === "kernel") requireKernelPrograms();
    wire = new CabledNamespaces("l2t-p");
  });
  after(() => wire?.remove());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "l2t-"));
    await startServer();
    createWorld();
    speaker = startSpeaker();
    await announced(1);
    await speaker.line((line) => line.includes("created NDP responder"));
  });
  afterEach(async () => {
    await speaker.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  function eventsOf(service: string): KubeEvent[] {
    const { items } = kube("GET", "/api/v1/namespaces/default/events") as { items: KubeEvent[] };
    return items.filter(({ involvedObject }) => involvedObject.name === service);
  }

  it("L2-10 L2-143 L2-145 L2-150 LC-42: a service is announced, answered, told in an event and in the metrics", async () => {
    assert.deepEqual(await answered(), ["web", "web-six"]);
    const metrics = fetchInside(["GET", `${METRICS}/metrics`]);
    for (const [service, ip] of Object.entries(ADDRESSES)) {
      const [event] = eventsOf(service);
      assert.equal(event?.reason, "nodeAssigned");
      assert.equal(event?.message, 'announcing from node "n1"');
      assert.equal(event?.source.component, "metallb-speaker");
      const labels = `service="default/${service}",protocol="layer2",node="n1",ip="${ip}"`;
      assert.ok(metrics.includes(`metallb_speaker_announced{${labels}} 1`), metrics);
      for (const name of ["requests_received", "responses_sent", "gratuitous_sent"]) {
        assert.match(metrics, new RegExp(`metallb_layer2_${name}\\{ip="${ip}"\\} [1-9]`));
      }
    }
    assert.match(metrics, /metallb_k8s_client_config_loaded_bool 1/);
    assert.match(metrics, /metallb_speaker_layer2_responders\{protocol="ndp"\} 1/);
    assert.match(
      metrics,
      /metallb_speaker_layer2_dropped_total\{protocol="ndp",reason="hop-limit"\} 0/,
    );
  });

  it("INS-18 FL-3: the log begins with the version, and the memberlist secret is nowhere in it", () => {
    const first = JSON.parse(speaker.lines[0] ?? "") as Record<string, string>;
    assert.match(first["msg"] ?? "", /^MetalLB speaker starting/);
    for (const key of ["version", "commit", "branch", "goversion"]) assert.ok(first[key], key);
    assert.ok(speaker.lines.every((line) => !line.includes(SECRET)));
  });

  it("L2-140 L2-141: says which way answers and why, in the log, the metrics and metallb status, and counts its answers", async () => {
    assert.deepEqual(await answered(), ["web", "web-six"]);
    const told = speaker.lines.filter((line) => line.includes('"op":"layer2Responder"'));
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", new RegExp(`"way":"${way}","reason":"forced"`));
    const metrics = fetchInside(["GET", `${METRICS}/metrics`]);
    const info = `metallb_speaker_layer2_responder_info{way="${way}",reason="forced"} 1`;
    assert.ok(metrics.includes(info), metrics);
    const command = [...NODE, CLI, "status", "--url", `${METRICS}/status`, "-o", "json"];
    const { status, stdout } = wire.run("node", command);
    assert.equal(status, 0);
    const [{ self, layer2 }] = JSON.parse(stdout) as [SpeakerView];
    assert.deepEqual([self, layer2?.way], ["n1", way]);
    assert.equal(layer2?.kernel?.heartbeat.holdsMs, way === "kernel" ? 3000 : undefined);
    for (const { interfaces, addresses, answers, answersInKernel } of layer2?.protocols ?? []) {
      assert.deepEqual([interfaces, addresses], [["eth0"], 1]);
      assert.ok(answers >= 1);
      assert.ok(way === "kernel" ? answersInKernel >= 1 : answersInKernel === 0);
    }
  });

  it("L2-163: without the rights for the kernel, auto answers with packet sockets and says once what is missing", async () => {
    await speaker.stop();
    speaker = startSpeaker("n1", 17472, "auto");
    await announced(1);
    await speaker.line((line) => line.includes("created NDP responder"));
    assert.deepEqual(await answered(), ["web", "web-six"]);
    const told = speaker.lines.filter((line) => line.includes("CAP_BPF"));
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", /"way":"packet","reason":"EPERM".*capabilities\.add/);
  });

  it("L2-40 L2-172: of two speakers one announces, and the other when that one's node is dead", async () => {
    const second = startSpeaker("n2", 17473);
    try {
      const endpoints = ["n1", "n2"].map((nodeName) => ({ addresses: ["10.1.0.1"], nodeName }));
      await second.line((line) => line.includes("created NDP responder"));
      for (const service of ["web", "web-six"]) {
        const path = `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/${service}-1`;
        kube("PATCH", path, { endpoints });
      }
      // SHA-256 of "n2#default/web" and of "n2#default/web-six" is the smaller one.
      for (const service of ["web", "web-six"]) await second.line(is("serviceAnnounced", service));
      await withdrawn();
      const conditions = [{ type: "Ready", status: "Unknown" }];
      kube("PATCH", "/api/v1/nodes/n2/status", { status: { conditions } });
      await withdrawn(second);
      await announced(2);
      assert.deepEqual(await answered(), ["web", "web-six"]);
    } finally {
      await second.stop();
    }
  });

  it("L2-175 L2-138: a restart of the API server neither loses nor repeats the announcement", async () => {
    await server.stop("SIGKILL");
    assert.deepEqual(await answered(), ["web", "web-six"]);
    await startServer();
    for (const service of ["web", "web-six"]) {
      kube("PATCH", `${SERVICES}/${service}`, { metadata: { annotations: { touched: "yes" } } });
    }
    await announced(2);
    // The one pass is that of the change; the event shows the same: two passes in all.
    assert.deepEqual([announcements("web").length, announcements("web-six").length], [2, 2]);
    assert.deepEqual(await answered(), ["web", "web-six"]);
  });

  it("L2-1 L2-143: a deleted service is silent at once and leaves the gauge, not the counters", async () => {
    kube("DELETE", `${SERVICES}/web`);
    kube("DELETE", `${SERVICES}/web-six`);
    await withdrawn();
    assert.deepEqual(await answered(), []);
    const metrics = fetchInside(["GET", `${METRICS}/metrics`]);
    assert.ok(!metrics.includes("metallb_speaker_announced{"));
    for (const ip of Object.values(ADDRESSES)) {
      assert.match(metrics, new RegExp(`metallb_layer2_gratuitous_sent\\{ip="${ip}"\\} [1-9]`));
    }
  });

  it("L2-22: the owner whose node is not ready hands over, and takes the address back when it is", async () => {
    const ready = (status: string) => {
      const conditions = [{ type: "Ready", status }];
      kube("PATCH", "/api/v1/nodes/n1/status", { status: { conditions } });
    };
    ready("Unknown");
    await withdrawn();
    assert.deepEqual(await answered(), []);
    ready("True");
    await announced(2);
    assert.deepEqual(await answered(), ["web", "web-six"]);
  });

  it("L2-161 L2-162 LC-43: SIGTERM ends the program with status 0, and it answers no more", async () => {
    assert.equal(await speaker.stop(), 0);
    assert.deepEqual(await answered(), []);
  });

  it("L2-162: SIGTERM ends the program also while the API server hangs", limit, async () => {
    server.signal("SIGSTOP");
    try {
      assert.equal(await speaker.stop(), 0);
    } finally {
      server.signal("SIGCONT");
    }
  });

  it("L2-198: with kube-ipvs0 and lax ARP the program warns once and says how to mend it", async () => {
    // Its name is what matters: not every kernel has dummy devices.
    wire.ip("node", "link add kube-ipvs0 type bridge");
    const warns = (line: string) => line.includes("strictARP: true");
    await speaker.line(warns);
    wire.ip("node", "link set kube-ipvs0 mtu 1400");
    wire.ip("node", "link del kube-ipvs0");
    wire.ip("node", "link add later0 type bridge");
    wire.ip("node", "link set later0 up");
    await speaker.line((line) => line.includes('"later0"'));
    assert.equal(speaker.lines.filter(warns).length, 1);
    wire.ip("node", "link del later0");
  });

  it("L2-220 LC-43: without a node name the program ends with status 1 and says how to give one", async () => {
    const nameless = startSpeaker("");
    const line = await nameless.line((text) => text.includes('"op":"startup"'));
    assert.match(line, /METALLB_NODE_NAME/);
    assert.equal(await nameless.ended(), 1);
  });

  it("LC-42: a metrics port that is taken gives one clear error, and announcing goes on", async () => {
    const second = startSpeaker();
    const line = await second.line((text) => text.includes("cannot serve metrics"));
    assert.match(line, /17472/);
    await second.line((text) => text.includes('"event":"serviceAnnounced"'));
    assert.equal(await second.stop(), 0);
  });
};

for (const way of ["packet", "kernel"]) {
  const title = `the speaker as a program, which answers by way of ${way}`;
  describe(title, { skip: whyNoNamespaces("arping", "setpriv") }, suite(way));
}
