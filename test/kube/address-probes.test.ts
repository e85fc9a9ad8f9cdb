/** Addresses that are asked for on the wire before they are given: real programs in network namespaces, and a foreign machine. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import type { Daemon } from "../../tools/realkube/index.ts";
import { eventually, succeeded, type Json } from "../kube-api/api-client.ts";
import { reasonToSkip, systemNamespace, type TestCluster } from "./cluster.ts";
import { type Lan, lanObstacle } from "./lan.ts";
import { LanSpeakers } from "./lan-speakers.ts";
import { ingress, inSystem, services } from "./native-cluster.ts";

const nodes = ["node1", "node2"];
const controllerHost = "controller";
/** A machine of somebody else. */
const foreign = "foreign";
const skip = (await reasonToSkip()) ?? lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();
const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
const probed = { "metallb-ts/probe": "true" };

const cli = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const run = promisify(execFile);

describe("addresses that are asked for before they are given", { skip, timeout: 240_000 }, () => {
  let speakers: LanSpeakers;
  let lan: Lan;
  let cluster: TestCluster;
  let controller: (Daemon & { log(): string }) | undefined;

  before(async () => {
    const others = [controllerHost, foreign];
    const serviceRange = "10.96.0.0/12,fd00:96::/112";
    speakers = await LanSpeakers.prepare({ nodes, others, prefix: "pb", serviceRange });
    ({ lan, cluster } = speakers);
    await configure();
    const containers = [{ name: "controller", image: "none" }];
    const spec = { serviceAccountName: "controller", containers };
    await cluster.create(`${inSystem}/pods`, { metadata: { name: "controller-0" }, spec });
    for (const node of nodes) await speakers.startSpeaker(node);
    await eventually(
      async () => logs(),
      (all) =>
        all.every(
          (log) => /"msg":"serving"/.test(log) && /"configLoaded"|"config reloaded"/.test(log),
        ),
    );
    await startController();
    await untilAsked();
  });

  after(async () => {
    await controller?.kill();
    await speakers?.remove();
  });

  const logs = (): string[] => [...speakers.running.values()].map((one) => one.log());

  function give(host: string, address: string): void {
    lan.ip(host, `addr add ${address} dev eth0${address.includes(":") ? " nodad" : ""}`);
  }

  /** `lan` is in the nodes' network, `far` in nobody's, `routed` is advertised by BGP alone. */
  async function configure(): Promise<void> {
    const pool = (name: string, ...addresses: string[]): Promise<void> =>
      speakers.configure("IPAddressPool", name, { addresses, autoAssign: false }, probed);
    await pool("lan", "192.168.1.200-192.168.1.215", "fd00:1::200-fd00:1::20f");
    await pool("far", "203.0.113.0/28");
    await pool("routed", "192.168.1.240/28");
    await speakers.configure("L2Advertisement", "lan", { ipAddressPools: ["lan", "far"] });
    await speakers.configure("BGPAdvertisement", "routed", { ipAddressPools: ["routed"] });
  }

  async function startController(): Promise<void> {
    const folder = await cluster.accountFolder("controller");
    const env = { METALLB_POD_NAME: "controller-0" };
    const flags = ["controller", "--webhook-mode=disabled"];
    controller = cluster.run(flags, folder, env, lan.on(controllerHost));
  }

  /** On a busy machine the speakers may be found too late for the first Service, which is then given its address unasked. */
  async function untilAsked(): Promise<void> {
    for (let round = 1; !/"answer":"free"/.test(controller?.log() ?? ""); round++) {
      await make(`first-${round}`, "lan");
      await addressesOf(`first-${round}`);
      succeeded(await cluster.api.delete(`${services}/first-${round}`));
    }
  }

  async function make(name: string, pool: string, spec: object = {}): Promise<void> {
    const annotations = { "metallb.io/address-pool": pool };
    const ports = [{ port: 80 }];
    const object = {
      metadata: { name, annotations },
      spec: { type: "LoadBalancer", ports, allocateLoadBalancerNodePorts: false, ...spec },
    };
    await cluster.create(services, object);
  }

  async function addressesOf(name: string): Promise<string[]> {
    const { body } = await telling(
      () => cluster.api.get(`${services}/${name}`),
      (reply) => ingress(reply.body).length > 0,
    );
    return ingress(body);
  }

  async function event(name: string, reason: string, text = ""): Promise<Json> {
    const query = encodeURIComponent(`involvedObject.name=${name},reason=${reason}`);
    const path = `/api/v1/events?fieldSelector=${query}`;
    const matching = (items: Json[]): Json =>
      items.find(({ message }: Json) => message.includes(text));
    const { body } = await telling(
      () => cluster.api.get(path),
      (reply) => matching(reply.body.items) !== undefined,
    );
    return matching(body.items);
  }

  async function telling<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
    try {
      return await eventually(ask, fits);
    } catch (error) {
      const all = [controller?.log(), ...logs()];
      throw new Error(`the programs say:\n${all.join("\n")}`, { cause: error });
    }
  }

  it("are given where nobody has them", async () => {
    await make("free", "lan");
    assert.deepEqual(await addressesOf("free"), ["192.168.1.200"]);
    assert.match(controller?.log() ?? "", /"address":"192.168.1.200","answer":"free"/);
  });

  it("are passed over where another machine has them, in both families, and an event names the machine", async () => {
    give(foreign, "192.168.1.201/32");
    give(foreign, "fd00:1::200/128");
    await make("pair", "lan", { ipFamilyPolicy: "RequireDualStack" });
    assert.deepEqual(await addressesOf("pair"), ["192.168.1.202", "fd00:1::201"]);
    const mac = lan.mac(foreign);
    for (const address of ["192.168.1.201", "fd00:1::200"]) {
      const { type, message } = await event("pair", "AddressInUse", address);
      assert.equal(type, "Warning");
      assert.match(
        message,
        new RegExp(
          `^${address} of pool "lan" is used by another machine, ${mac} \\(heard on eth0 of node "node\\d"\\)`,
        ),
      );
    }
  });

  it("are not given on request, and the Service says why", async () => {
    give(foreign, "192.168.1.210/32");
    await make("asks", "lan", { loadBalancerIP: "192.168.1.210" });
    const { message } = await event("asks", "AllocationFailed");
    assert.match(message, /"192\.168\.1\.210" is used by another machine/);
    const { body } = await cluster.api.get(`${services}/asks`);
    assert.deepEqual(ingress(body), []);
    const env = { ...process.env, KUBECONFIG: cluster.kubeconfig() };
    const words = [cli, "explain", "service", "default/asks"];
    const { stdout } = await run(process.execPath, words, { env });
    assert.match(stdout, /On the wire\n.*AddressInUse: 192\.168\.1\.210 .* is used by another/);
    lan.ip(foreign, "addr del 192.168.1.210/32 dev eth0");
  });

  it("are passed over where one of the nodes has them for itself", async () => {
    for (const node of nodes)
      give(node, node === "node1" ? "192.168.1.203/32" : "192.168.1.204/32");
    await make("own", "lan");
    assert.deepEqual(await addressesOf("own"), ["192.168.1.205"]);
    await event("own", "AddressInUse", "192.168.1.203");
    await event("own", "AddressInUse", "192.168.1.204");
  });

  it("are given again soon after a Service went away, though a speaker may still announce them", async () => {
    await cluster.create(slices, {
      metadata: { name: "free-1", labels: { "kubernetes.io/service-name": "free" } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.1.0.1"] }],
    });
    const isAnnounced = (log: string): boolean => /"serviceAnnounced".*"default\/free"/.test(log);
    await eventually(
      async () => logs(),
      (all) => all.some(isAnnounced),
    );
    succeeded(await cluster.api.delete(`${services}/free`));
    await make("again", "lan", { loadBalancerIP: "192.168.1.200" });
    assert.deepEqual(await addressesOf("again"), ["192.168.1.200"]);
  });

  it("are given without asking where no speaker is on the segment, which is said once on the pool", async () => {
    await make("far1", "far");
    await make("far2", "far");
    assert.deepEqual([...(await addressesOf("far1")), ...(await addressesOf("far2"))].sort(), [
      "203.0.113.0",
      "203.0.113.1",
    ]);
    const { message, involvedObject, count } = await event("far", "ProbeImpossible");
    assert.deepEqual([involvedObject.kind, count], ["IPAddressPool", 1]);
    assert.match(message, /no speaker is on the segment: no interface that announces/);
  });

  it("are given without asking where the pool is advertised by BGP alone", async () => {
    give(foreign, "192.168.1.240/32");
    await make("routed", "routed");
    assert.deepEqual(await addressesOf("routed"), ["192.168.1.240"]);
    const { message } = await event("routed", "ProbeImpossible");
    assert.match(message, /no L2Advertisement selects the pool/);
  });

  it("are given at once to many Services", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `many${index}`);
    await Promise.all(names.map((name) => make(name, "lan", { ipFamilies: ["IPv6"] })));
    const given = await Promise.all(names.map(addressesOf));
    assert.equal(new Set(given.flat()).size, names.length);
  });

  it("are given without asking by a controller that may not list pods, which says so", async () => {
    await controller?.kill();
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${systemNamespace}/rolebindings`;
    const account = (name: string) => ({
      kind: "ServiceAccount",
      name,
      namespace: systemNamespace,
    });
    await cluster.merge(`${path}/pod-lister`, { subjects: [account("speaker")] });
    const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }];
    const metadata = { name: "own-pod" };
    await cluster.create(path.replace("rolebindings", "roles"), { metadata, rules });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "own-pod" };
    await cluster.create(path, { metadata, roleRef, subjects: [account("controller")] });
    await startController();
    give(foreign, "192.168.1.212/32");
    await make("refused", "lan", { loadBalancerIP: "192.168.1.212" });
    assert.deepEqual(await addressesOf("refused"), ["192.168.1.212"]);
    const { message } = await event("lan", "ProbeImpossible", "403");
    assert.match(message, /pods.*403|403.*pods/);
  });

  it("are held by one Service each, as far as all of them show", async () => {
    const shown = succeeded(await cluster.api.get(services)).items.flatMap(ingress);
    assert.ok(shown.length >= 15, `${shown.length} addresses`);
    assert.equal(new Set(shown).size, shown.length);
  });
});
