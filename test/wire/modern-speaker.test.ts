import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CabledNamespaces, LineProgram, whyNoNamespaces } from "../../src/testing/index.ts";
import { requireKernelPrograms } from "../../src/testing/kernel-rights.ts";

const API = "http://127.0.0.1:16443";
const NODE = [process.execPath, "--disable-warning=ExperimentalWarning"];
const CLI = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const CRDS = fileURLToPath(new URL("../../src/crds/index.ts", import.meta.url));
const SYSTEM = "/api/v1/namespaces/metallb-system";
const METALLB = "/apis/metallb.io/v1beta1/namespaces/metallb-system";
const SERVICES = "/api/v1/namespaces/default/services";
const NODES = "/api/v1/nodes";
/** What the dual-stack service has, and where both come from. */
const BOTH = ["10.99.0.240", "fd00:99::240"];
const RANGES = ["10.99.0.240-10.99.0.250", "fd00:99::240-fd00:99::250"];

// oxlint-disable-next-line typescript/no-explicit-any -- whatever the server says
type Json = any;

const suite = (way: string) => () => {
  let wire: CabledNamespaces;
  let folder: string;
  let server: LineProgram;
  let speaker: LineProgram;

  /** Runs JavaScript inside the node's namespace; what it prints is the result. */
  function inside(code: string): string {
    const { status, stdout } = wire.run("node", [...NODE, "--input-type=module", "-e", code]);
    assert.equal(status, 0, stdout);
    return stdout;
  }

  const send = `const send = async (method, path, body) => {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers = { "content-type": type };
    const reply = await fetch("${API}" + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await reply.text();
    if (!reply.ok) throw new Error(method + " " + path + ": " + text);
    return text;
  };`;
  const kube = (method: string, path: string, body?: object): Json =>
    JSON.parse(
      inside(`${send} process.stdout.write(await send(${JSON.stringify(method)},
        ${JSON.stringify(path)}, ${JSON.stringify(body) ?? "undefined"}))`),
    );

  function createWorld(): void {
    const meta = (name: string, rest: object = {}) => ({ metadata: { name, ...rest } });
    const spec = { containers: [{ name: "speaker", image: "none" }] };
    const labels = { "kubernetes.io/service-name": "web" };
    const ready = { conditions: [{ type: "Ready", status: "True" }] };
    const objects: [path: string, body: object][] = [
      ["/api/v1/namespaces", meta("metallb-system")],
      [NODES, { ...meta("n1"), status: ready }],
      [NODES, { ...meta("n2"), status: { conditions: [{ type: "Ready", status: "Unknown" }] } }],
      [`${SYSTEM}/pods`, { ...meta("speaker-x"), spec }],
      [`${METALLB}/ipaddresspools`, { ...pool(...RANGES), ...meta("lan") }],
      [`${METALLB}/l2advertisements`, { ...advertisement(), ...meta("lan") }],
      [
        SERVICES,
        {
          ...meta("web"),
          spec: {
            type: "LoadBalancer",
            ports: [{ port: 80 }],
            allocateLoadBalancerNodePorts: false,
          },
        },
      ],
      [
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
        {
          ...meta("web-1", { labels }),
          addressType: "IPv4",
          endpoints: [{ addresses: ["10.1.0.1"] }],
        },
      ],
    ];
    inside(`${send}
      const { customResourceDefinitions } = await import(${JSON.stringify(CRDS)});
      const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      for (const one of customResourceDefinitions) await send("POST", definitions, one);
      for (const [path, body] of ${JSON.stringify(objects)}) await send("POST", path, body);
      await send("PATCH", "${SERVICES}/web/status", ${JSON.stringify(ingress(...BOTH))});`);
  }

  const resource = (kind: string, spec: object) => ({
    apiVersion: "metallb.io/v1beta1",
    kind,
    spec,
  });
  const pool = (...addresses: string[]) => resource("IPAddressPool", { addresses });
  const advertisement = (spec: object = {}) => resource("L2Advertisement", spec);
  const ingress = (...ips: string[]) => ({
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  });
  const readvertise = (spec: object): void =>
    kube("PATCH", `${METALLB}/l2advertisements/lan`, { spec });

  function startSpeaker(env: Record<string, string> = {}): LineProgram {
    const place = ["--kubeconfig", join(folder, "kubeconfig"), "--namespace=metallb-system"];
    const command = [...NODE, CLI, "speaker", `--layer2-responder=${way}`, ...place];
    const own = { METALLB_NODE_NAME: "n1", METALLB_POD_NAME: "speaker-x" };
    return new LineProgram(wire.at("node", command), { ...process.env, ...own, ...env });
  }

  const announcements = () =>
    speaker.lines.filter((line) => line.includes('"event":"serviceAnnounced"'));
  const answered = (...ips: string[]): Promise<string[]> => wire.answered(ips);

  /** Asks until the answer fits: what the program writes comes after what it logs. */
  async function until(path: string, fits: (body: Json) => boolean): Promise<Json> {
    for (;;) {
      const body = kube("GET", path);
      if (fits(body)) return body;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const statuses = (fits: (items: Json[]) => boolean): Promise<Json> =>
    until(`${METALLB}/servicel2statuses`, ({ items }) => fits(items));

  before(() => {
    if (way === "kernel") requireKernelPrograms();
    wire = new CabledNamespaces("l2t-m");
  });
  after(() => wire?.remove());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "l2t-"));
    const flags = ["--data-file", join(folder, "db"), "--listen", API.slice("http://".length)];
    const out = ["--kubeconfig-out", join(folder, "kubeconfig")];
    server = new LineProgram(wire.at("node", [...NODE, CLI, "apiserver", ...flags, ...out]));
    await server.line((line) => line.includes("serving on"));
    createWorld();
    speaker = startSpeaker();
    await speaker.line((line) => line.includes('"event":"serviceAnnounced"'));
    await speaker.line((line) => line.includes("created NDP responder for interface"));
  });
  afterEach(async () => {
    await speaker.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it("L2-10 L2-23 L2-150 ST-10 ST-20 MET-1 MET-2: announces, answers, and reports in its objects and pages", async () => {
    assert.deepEqual(await answered(...BOTH), BOTH);
    const events = await until(
      "/api/v1/namespaces/default/events",
      ({ items }) => items.length > 0,
    );
    assert.equal(events.items[0].message, 'announcing from node "n1" with protocol "layer2"');
    const { items } = await statuses((found) => found[0]?.status?.node === "n1");
    const [{ metadata, status }] = items;
    assert.match(metadata.name, /^l2-/);
    assert.deepEqual(metadata.labels, {
      "metallb.io/node": "n1",
      "metallb.io/service-name": "web",
      "metallb.io/service-namespace": "default",
    });
    const [owner] = metadata.ownerReferences;
    assert.deepEqual([owner.kind, owner.name, owner.controller], ["Pod", "speaker-x", undefined]);
    // Conditions come some seconds later, when it is known who looks at the wire.
    const { conditions: _, ...announcer } = status;
    assert.deepEqual(announcer, { node: "n1", serviceName: "web", serviceNamespace: "default" });
    await until(
      `${METALLB}/configurationstates`,
      ({ items: [state] }) =>
        state?.metadata.name === "speaker-n1" &&
        state.status?.conditions?.[0]?.type === "configReconcilerValid" &&
        state.status.result === "Valid",
    );
    const pages = inside(`process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
      const health = await fetch("http://127.0.0.1:17472/healthz");
      const metrics = await fetch("https://127.0.0.1:9120/metrics");
      process.stdout.write([health.status, metrics.status].join());`);
    assert.equal(pages, "200,401");
  });

  it("L2-74 L2-75 L2-86 L2-151 ST-20: announces on the chosen interfaces only, and says when it has none of them", async () => {
    wire.ip("node", "link add other0 type bridge");
    wire.ip("node", "link set other0 up");
    await speaker.line((line) => line.includes('"other0"'));
    readvertise({ interfaces: ["other0", "nowhere0"] });
    await speaker.line(() => announcements().length === 2);
    assert.deepEqual(await answered(...BOTH), []);
    const names = [{ name: "nowhere0" }, { name: "other0" }];
    await statuses(([one]) => JSON.stringify(one?.status?.interfaces) === JSON.stringify(names));
    readvertise({ interfaces: ["late0"] });
    await speaker.line(() => announcements().length === 3);
    await statuses((found) => found.length === 0);
    const events = await until("/api/v1/namespaces/default/events", ({ items }) =>
      items.some(({ reason }: Json) => reason === "announceFailed"),
    );
    for (const ip of BOTH) assert.ok(JSON.stringify(events).includes(`LB IP \\"${ip}\\"`), ip);
    wire.ip("node", "link del other0");
    wire.ip("node", "link add late0 type bridge");
    await statuses((found) => found[0]?.status?.interfaces?.[0]?.name === "late0");
    wire.ip("node", "link del late0");
    readvertise({ interfaces: ["eth0"] });
    const before = announcements().length;
    await speaker.line(() => announcements().length > before);
    assert.deepEqual(await answered(...BOTH), BOTH);
  });

  it("ST-20 L2-154 L2-155: the new announcer deletes what a dead node left behind, and a stranger's stays", async () => {
    await statuses((found) => found[0]?.status?.node === "n1");
    await speaker.stop("SIGKILL");
    const left = (name: string, node: string, service: string): object => ({
      ...resource("ServiceL2Status", {}),
      metadata: {
        name,
        labels: {
          "metallb.io/node": node,
          "metallb.io/service-name": service,
          "metallb.io/service-namespace": "default",
        },
      },
    });
    kube("POST", `${METALLB}/servicel2statuses`, left("l2-dead", "n2", "web"));
    kube("POST", `${METALLB}/servicel2statuses`, left("l2-other", "n2", "api"));
    kube("POST", `${METALLB}/servicel2statuses`, left("l2-stale", "n1", "api"));
    speaker = startSpeaker();
    const { items } = await statuses((found) => found.length === 2);
    const nodes = items.map(({ metadata }: Json) => metadata.labels["metallb.io/node"]);
    assert.deepEqual(nodes.sort(), ["n1", "n2"]);
  });

  it("CFG-53 L2-14: a pool is not taken away under an announced address, until the service was updated", async () => {
    const moved = ["10.99.0.100", "fd00:99::100"];
    const ranges = ["10.99.0.100-10.99.0.110", "fd00:99::100-fd00:99::110"];
    kube("PATCH", `${METALLB}/ipaddresspools/lan`, { spec: pool(...ranges).spec });
    const refused = (line: string): boolean => line.includes('"event":"configStale"');
    const line = await speaker.line(refused);
    assert.match(line, /10\.99\.0\.240/);
    assert.deepEqual(await answered(...BOTH), BOTH);
    kube("PATCH", `${SERVICES}/web/status`, ingress(...moved));
    await speaker.line((text) => text.includes("10.99.0.100") && text.includes("serviceAnnounced"));
    assert.deepEqual(await answered(...moved, ...BOTH), moved);
  });

  it("L2-24 L2-58: the label that excludes a node withdraws, and without it the address is back", async () => {
    const label = (value: string | null): void =>
      kube("PATCH", `${NODES}/n1`, {
        metadata: { labels: { "node.kubernetes.io/exclude-from-external-load-balancers": value } },
      });
    label("");
    await speaker.line((line) => line.includes('"event":"serviceWithdrawn"'));
    assert.deepEqual(await answered(...BOTH), []);
    await statuses((found) => found.length === 0);
    label(null);
    await speaker.line(() => announcements().length === 2);
    assert.deepEqual(await answered(...BOTH), BOTH);
  });

  it("FL-2 INS-34 ST-10: without its own pod the program ends with status 1 and says how to name it", async () => {
    const lost = startSpeaker({ METALLB_POD_NAME: "" });
    const line = await lost.line((text) => text.includes('"op":"startup"'));
    assert.match(line, /METALLB_POD_NAME/);
    assert.equal(await lost.ended(), 1);
  });

  it("FL-2 L2-161: SIGTERM ends the program with status 0", async () => {
    assert.equal(await speaker.stop(), 0);
    assert.deepEqual(await answered(...BOTH), []);
  });
};

for (const way of ["packet", "kernel"]) {
  const title = `the speaker of v0.16 as a program, which answers by way of ${way}`;
  describe(title, { skip: whyNoNamespaces("arping") }, suite(way));
}
