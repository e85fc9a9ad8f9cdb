/** Two speakers and a foreign machine on one LAN, with the kernel of the foreign one as the one that answers. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { KubeEvent } from "../../src/kube/index.ts";
import {
  enterPrivateNetwork,
  LineProgram,
  type MetallbCluster,
  startMetallbCluster,
} from "../../src/testing/index.ts";
import { Lan, lanObstacle, managementAddress } from "../kube/lan.ts";

const NODE = [process.execPath, "--disable-warning=ExperimentalWarning"];
const CLI = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const SYSTEM = "/api/v1/namespaces/metallb-system";
const METALLB = "/apis/metallb.io/v1beta1/namespaces/metallb-system";
const SERVICES = "/api/v1/namespaces/default/services";
const FOREIGN = "foreign";
/** The order of both addresses begins with n1, so the other one asks. */
const OWNER = "n1";
const ASKER = "n2";
/** A Service for each family. */
const families = [
  { family: "IPv4", service: "four", vip: "192.168.1.240" },
  { family: "IPv6", service: "six", vip: "fd00:1::242" },
] as const;

// oxlint-disable-next-line typescript/no-explicit-any -- whatever the server says
type Json = any;

const skip = lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();

describe("the wire as speakers see it", { skip, timeout: 240_000 }, () => {
  let lan: Lan;
  let cluster: MetallbCluster;
  let folder: string;
  const speakers = new Map<string, LineProgram>();

  const onHost = (host: string, ...command: string[]): string =>
    execFileSync("ip", ["netns", "exec", lan.namespace(host), ...command], { encoding: "utf8" });
  const ip = (host: string, command: string): string => onHost(host, "ip", ...command.split(" "));
  const sysctl = (host: string, name: string, value: string): string =>
    onHost(host, "sh", "-c", `echo ${value} > /proc/sys/net/${name}`);

  async function make(path: string, object: object): Promise<void> {
    const { status, body } = await cluster.request("POST", path, object);
    assert.equal(status, 201, JSON.stringify(body));
  }

  async function createWorld(): Promise<void> {
    const meta = { apiVersion: "metallb.io/v1beta1", metadata: { name: "lan" } };
    const addresses = families.map(({ vip }) => `${vip}/${vip.includes(":") ? 128 : 32}`);
    await make(`${METALLB}/ipaddresspools`, {
      ...meta,
      kind: "IPAddressPool",
      spec: { addresses },
    });
    await make(`${METALLB}/l2advertisements`, { ...meta, kind: "L2Advertisement", spec: {} });
    for (const name of [OWNER, ASKER]) {
      const status = {
        conditions: [{ type: "Ready", status: "True" }],
        addresses: [{ type: "InternalIP", address: lan.address(name) }],
      };
      await make("/api/v1/nodes", { metadata: { name }, status });
      const spec = { containers: [{ name: "speaker", image: "none" }] };
      await make(`${SYSTEM}/pods`, { metadata: { name: `speaker-${name}` }, spec });
    }
    for (const { service, vip } of families) {
      const spec = { type: "LoadBalancer", ports: [{ port: 80 }] };
      await make(SERVICES, {
        metadata: { name: service },
        spec: { ...spec, allocateLoadBalancerNodePorts: false },
      });
      await make("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
        metadata: { name: `${service}-1`, labels: { "kubernetes.io/service-name": service } },
        addressType: "IPv4",
        endpoints: [{ addresses: ["10.1.0.1"] }],
      });
      const status = { loadBalancer: { ingress: [{ ip: vip }] } };
      await cluster.request("PATCH", `${SERVICES}/${service}/status`, { status });
    }
  }

  function startSpeaker(node: string): void {
    const kubeconfig = join(folder, node);
    const config = {
      "current-context": "lab",
      contexts: [{ name: "lab", context: { cluster: "lab", user: "speaker" } }],
      clusters: [{ name: "lab", cluster: { server: cluster.url } }],
      users: [{ name: "speaker", user: { token: cluster.tokens.speaker } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    const place = ["--kubeconfig", kubeconfig, "--namespace=metallb-system"];
    const env = { METALLB_NODE_NAME: node, METALLB_POD_NAME: `speaker-${node}` };
    const command = [...lan.on(node), ...NODE, CLI, "speaker", ...place];
    speakers.set(node, new LineProgram(command, { ...process.env, ...env }));
  }

  /** Asks until the answer fits: what speakers tell comes some seconds after what they see. */
  async function until<T>(ask: () => Promise<T>, fits: (found: T) => boolean): Promise<T> {
    for (;;) {
      const found = await ask();
      if (fits(found)) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function statusOf(service: string): Promise<Json> {
    const { body } = await cluster.request("GET", `${METALLB}/servicel2statuses`);
    return body.items.find((one: Json) => one.status?.serviceName === service)?.status;
  }

  const conditionOf = async (service: string, type: string): Promise<Json> =>
    (await statusOf(service))?.conditions?.find((one: Json) => one.type === type);

  const condition = (service: string, type: string, reason: string): Promise<Json> =>
    until(
      () => conditionOf(service, type),
      (found) => found?.reason === reason,
    );

  async function eventsOf(service: string, reason: string): Promise<KubeEvent[]> {
    const { body } = await cluster.request("GET", "/api/v1/namespaces/default/events");
    return body.items.filter((one: KubeEvent) => {
      return one.reason === reason && one.involvedObject.name === service;
    });
  }

  const event = async (service: string, reason: string, words: string): Promise<KubeEvent> => {
    const all = await until(
      () => eventsOf(service, reason),
      (found) => found.some(({ message }) => message.includes(words)),
    );
    return all.find(({ message }) => message.includes(words)) as KubeEvent;
  };

  /** What a speaker shows on its pages. */
  function page(node: string, path: string): string {
    const code = `const r = await fetch("http://127.0.0.1:17472${path}"); console.log(await r.text())`;
    return onHost(node, ...NODE, "--input-type=module", "-e", code);
  }

  before(async () => {
    lan = new Lan([OWNER, ASKER, FOREIGN], "wc");
    for (const [index, host] of [OWNER, ASKER, FOREIGN].entries()) {
      // Each answers only where an address is, as nodes with strictARP do.
      sysctl(host, "ipv4/conf/all/arp_ignore", "1");
      ip(host, `addr add fd00:1::${index + 1}/64 dev eth0 nodad`);
    }
    folder = mkdtempSync(join(tmpdir(), "wire-"));
    cluster = await startMetallbCluster({ host: managementAddress });
    await createWorld();
    for (const node of [OWNER, ASKER]) startSpeaker(node);
    for (const { service } of families) await condition(service, "Seen", "OwnerAnswers");
  });
  after(async () => {
    for (const speaker of speakers.values()) await speaker.stop();
    await cluster?.close();
    lan?.remove();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  for (const { family, service, vip } of families) {
    const length = family === "IPv4" ? 32 : 128;

    describe(family, () => {
      it("the other speaker sees the owner answer, and says so on the owner's object and its page", async () => {
        const { message, status } = await condition(service, "Seen", "OwnerAnswers");
        assert.deepEqual([status, message], ["True", `${vip} is answered by ${lan.mac(OWNER)}`]);
        const announced = await conditionOf(service, "Announced");
        assert.deepEqual(
          [announced.status, announced.message],
          ["True", `node "${OWNER}" announces it`],
        );
        const shown = JSON.parse(page(ASKER, "/wire"));
        const [check] = shown.checks.filter((one: Json) => one.ip === vip);
        assert.deepEqual([check.seen, check.owners], ["yes", [OWNER]]);
        assert.equal(await conditionOf(service, "Conflict"), undefined);
      });

      it("a foreign kernel that has the address too is named in an event, and taken back when it is gone", async () => {
        const mac = lan.mac(FOREIGN);
        // Without detection of duplicates nothing is sent: only who asks learns of it.
        ip(FOREIGN, `addr add ${vip}/${length} dev eth0${family === "IPv6" ? " nodad" : ""}`);
        const two = await condition(service, "Seen", "TwoAnswer");
        assert.equal(two.status, "False");
        assert.equal(
          two.message,
          `${lan.mac(OWNER)} of node "${OWNER}" answers for ${vip}, and so does ${mac}`,
        );
        const told = await event(service, "AddressConflict", mac);
        assert.equal(told.type, "Warning");
        assert.match(told.message, /answers for it too/);
        assert.equal(told.source.host, ASKER);
        ip(FOREIGN, `addr del ${vip}/${length} dev eth0`);
        await condition(service, "Seen", "OwnerAnswers");
        await event(service, "AddressSeen", vip);
      });

      it("RFC 5227, RFC 4861: who only claims it is named by the owner, in an event and a condition", async () => {
        // A machine of its own, so that this is its first claim.
        const mac = family === "IPv4" ? "02:00:00:00:04:99" : "02:00:00:00:06:99";
        const name = `mv${length}`;
        const first = family === "IPv4" ? mac : "02:00:00:00:06:97";
        ip(FOREIGN, `link add ${name} link eth0 address ${first} type macvlan mode bridge`);
        ip(FOREIGN, `link set ${name} up`);
        if (family === "IPv4") {
          ip(FOREIGN, `addr add ${vip}/32 dev ${name}`);
          onHost(FOREIGN, "arping", "-U", "-c1", "-I", name, vip);
        } else {
          sysctl(FOREIGN, `ipv6/conf/${name}/ndisc_notify`, "1");
          ip(FOREIGN, `addr add ${vip}/128 dev ${name} nodad`);
          // The kernel then tells everybody of the new one.
          ip(FOREIGN, `link set ${name} address ${mac}`);
        }
        ip(FOREIGN, `addr del ${vip}/${length} dev ${name}`);
        const told = await until(
          () => eventsOf(service, "AddressConflict"),
          (found) =>
            found.some(({ message, source }) => message.includes(mac) && source.host === OWNER),
        );
        const own = told.filter(({ message }) => message.includes(mac));
        assert.match(own.map(({ message }) => message).join(), /claims it for itself/);
        const conflict = await condition(service, "Conflict", "AnotherMachine");
        assert.match(conflict.message, new RegExp(`${mac} claims ${vip}`));
        ip(FOREIGN, `link del ${name}`);
      });

      it("RFC 5227, RFC 4862: who asks whether it may use the address is named, too", async () => {
        const mac = family === "IPv4" ? "02:00:00:00:04:98" : "02:00:00:00:06:98";
        const name = `dad${length}`;
        ip(FOREIGN, `link add ${name} link eth0 address ${mac} type macvlan mode bridge`);
        ip(FOREIGN, `link set ${name} up`);
        if (family === "IPv4") {
          const probe = ["arping", "-D", "-c1", "-w1", "-I", name, vip];
          // Its exit status tells that somebody has the address.
          onHost(FOREIGN, "sh", "-c", `${probe.join(" ")} || true`);
        } else {
          ip(FOREIGN, `addr add ${vip}/128 dev ${name}`);
        }
        const told = await event(service, "AddressConflict", `${mac} asks whether it may use it`);
        assert.equal(told.source.host, OWNER);
        ip(FOREIGN, `link del ${name}`);
        const metrics = JSON.parse(page(OWNER, "/wire"));
        assert.ok(metrics.conflicts.some((one: Json) => one.mac === mac && one.ip === vip));
      });
    });
  }

  it("an owner whose speaker hangs is not seen: nobody answers, though the node itself does; then it is again", async () => {
    speakers.get(OWNER)?.signal("SIGSTOP");
    for (const { service, vip } of families) {
      const silent = await condition(service, "Seen", "NobodyAnswers");
      assert.equal(silent.status, "False");
      assert.match(silent.message, new RegExp(`nobody answers for ${vip}`));
      const told = await event(service, "AddressNotSeen", vip);
      assert.equal(told.type, "Warning");
    }
    speakers.get(OWNER)?.signal("SIGCONT");
    for (const { service } of families) await condition(service, "Seen", "OwnerAnswers");
  });
});
