/** Our speakers beside real MetalLB's, one gossip ring and one election, on a real kube-apiserver. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import { metallbReference, type ReferenceVersion } from "../../tools/metallb-reference.ts";
import type { Daemon } from "../../tools/realkube/index.ts";
import { eventually, type Json } from "../kube-api/api-client.ts";
import { reasonToSkip, systemNamespace, TestCluster } from "./cluster.ts";
import { Lan, lanObstacle, managementAddress } from "./lan.ts";

const versions: readonly ReferenceVersion[] = ["v0.9.6", "v0.16.1"];
const ours = ["ours1", "ours2"];
const theirs = ["theirs1", "theirs2"];
const nodes = [...ours, ...theirs];
const system = `/api/v1/namespaces/${systemNamespace}`;
const metallb = `/apis/metallb.io/v1beta1/namespaces/${systemNamespace}`;
const services = "/api/v1/namespaces/default/services";
/** As the manual makes it: lines of 64 characters, of which the first 16 or 32 count (ML-52). */
const secret = `${"s3cr3tOfTheManual+".repeat(4).slice(0, 64)}\n${"x".repeat(64)}\n`;

const skip = (await reasonToSkip()) ?? lanObstacle() ?? whyNoReferences() ?? false;
if (skip === false) enterPrivateNetwork();

function whyNoReferences(): string | undefined {
  try {
    for (const version of versions) metallbReference(version, "speaker");
    return undefined;
  } catch (error) {
    return `real MetalLB cannot be built: ${(error as Error).message}`;
  }
}

for (const version of versions) {
  const isModern = version === "v0.16.1";

  describe(`speakers of MetalLB ${version} and ours`, { skip, timeout: 600_000 }, () => {
    let lan: Lan;
    let cluster: TestCluster;
    const speakers = new Map<string, Daemon & { log(): string }>();
    const addresses = Array.from({ length: 4 }, (_, at) => [
      `192.168.1.${240 + at}`,
      `fd00:1::24${at}`,
    ]).flat();

    before(async () => {
      lan = new Lan([...nodes, "client"], isModern ? "mx" : "my");
      const without = ["DaemonSet", "Deployment", "ValidatingWebhookConfiguration"];
      const modern = { manifests: ["metallb-native.yaml"], without };
      cluster = await TestCluster.start({
        address: managementAddress,
        ...(isModern ? modern : {}),
      });
      await allowAll();
      for (const name of nodes) await cluster.addSpeakerNode(name, lan.address(name));
      await configure();
      for (const [at, address] of addresses.entries()) await addService(`shop-${at}`, address);
      mkdirSync(join(cluster.scratch, "secret"));
      writeFileSync(join(cluster.scratch, "secret", "secretkey"), secret);
      await Promise.all(nodes.map(startSpeaker));
    });
    after(async () => {
      for (const speaker of speakers.values()) await speaker.kill();
      await cluster?.stop();
      lan?.remove();
    });

    /** Theirs may ask for what our roles do not grant; this is not about roles. */
    async function allowAll(): Promise<void> {
      const subject = { kind: "ServiceAccount", name: "speaker", namespace: systemNamespace };
      const apiGroup = "rbac.authorization.k8s.io";
      await cluster.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        metadata: { name: "all" },
        subjects: [subject],
        roleRef: { apiGroup, kind: "ClusterRole", name: "cluster-admin" },
      });
    }

    async function configure(): Promise<void> {
      if (!isModern) {
        const config = [
          "address-pools:",
          "- {name: lan, protocol: layer2, addresses: [192.168.1.240/28]}",
          '- {name: lan6, protocol: layer2, addresses: ["fd00:1::240/124"]}',
        ].join("\n");
        await cluster.create(`${system}/configmaps`, {
          metadata: { name: "config" },
          data: { config },
        });
        return;
      }
      const established = () => cluster.api.get(`${metallb}/l2advertisements`);
      await eventually(established, ({ status }) => status === 200);
      const apiVersion = "metallb.io/v1beta1";
      const make = async (kind: string, spec: object): Promise<Json> =>
        await cluster.create(`${metallb}/${kind.toLowerCase()}s`, {
          apiVersion,
          kind,
          metadata: { name: "lan" },
          spec,
        });
      await make("IPAddressPool", { addresses: ["192.168.1.240/28", "fd00:1::240/124"] });
      await make("L2Advertisement", {});
    }

    async function addService(name: string, ip: string): Promise<void> {
      const ports = [{ port: 80 }];
      await cluster.create(services, { metadata: { name }, spec: { type: "LoadBalancer", ports } });
      const ready = nodes.map((nodeName, at) => ({ ip: `10.1.0.${at + 1}`, nodeName }));
      await cluster.create("/api/v1/namespaces/default/endpoints", {
        metadata: { name },
        subsets: [{ addresses: ready, ports }],
      });
      await cluster.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
        metadata: { name: `${name}-1`, labels: { "kubernetes.io/service-name": name } },
        addressType: "IPv4",
        endpoints: ready.map((one) => ({ addresses: [one.ip], nodeName: one.nodeName })),
      });
      const status = { loadBalancer: { ingress: [{ ip }] } };
      await cluster.merge(`${services}/${name}/status`, { status });
    }

    async function startSpeaker(node: string): Promise<void> {
      const folder = await cluster.accountFolder("speaker");
      const env = {
        METALLB_NODE_NAME: node,
        METALLB_POD_NAME: `speaker-${node}`,
        METALLB_HOST: lan.address(node),
        METALLB_NAMESPACE: systemNamespace,
        METALLB_BGP_TYPE: "native",
        METALLB_ML_BIND_ADDR: lan.address(node),
        METALLB_ML_LABELS: "app=metallb,component=speaker",
        ...(isModern
          ? { METALLB_ML_SECRET_KEY_PATH: join(cluster.scratch, "secret") }
          : { METALLB_ML_SECRET_KEY: secret, METALLB_ML_NAMESPACE: systemNamespace }),
      };
      const flags = isModern ? ["--log-level=info"] : ["--port=7472", "--config=config"];
      const speaker = ours.includes(node)
        ? cluster.run(["speaker", ...flags], folder, env, lan.on(node))
        : cluster.runForeign(
            [metallbReference(version, "speaker"), ...flags],
            folder,
            env,
            lan.on(node),
          );
      speakers.set(node, speaker);
    }

    /** Whom a speaker counts as members; both kinds log the same line for each change (ML-155). */
    function membersOf(node: string): string[] {
      const members = new Set<string>();
      for (const line of speakers.get(node)?.log().split("\n") ?? []) {
        if (!line.includes("node event - forcing sync")) continue;
        const { "node name": name, "node event": event } = JSON.parse(line) as Record<
          string,
          string
        >;
        if (event === "NodeLeave") members.delete(name!);
        else members.add(name!);
      }
      return [...members].sort();
    }

    async function until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
      const deadline = Date.now() + 120_000;
      for (;;) {
        const answer = await ask();
        if (fits(answer)) return answer;
        if (Date.now() > deadline) {
          const logs = [...speakers].map(([node, one]) => `${node}:\n${one.log().slice(-3000)}`);
          throw new Error(`still ${JSON.stringify(answer)}\n${logs.join("\n")}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }

    /** Waits until each of these sees these, and only these. */
    async function agree(names: readonly string[]): Promise<void> {
      const wanted = JSON.stringify([...names].sort());
      await until(
        async () => names.map((name) => JSON.stringify(membersOf(name))),
        (seen) => seen.every((one) => one === wanted),
      );
    }

    /** Which node alone answers for each address, once each has exactly one of these. */
    async function owners(among: readonly string[]): Promise<string[]> {
      const byMac = new Map(nodes.map((node) => [lan.mac(node), node]));
      const ask = async (address: string): Promise<string[]> =>
        (await lan.whoHas("client", address)).map((mac) => byMac.get(mac) ?? mac);
      const answers = await until(
        () => Promise.all(addresses.map(ask)),
        (all) => all.every((found) => found.length === 1 && among.includes(found[0]!)),
      );
      return answers.flat();
    }

    let atStart: string[] = [];

    it("ML-50..53, ML-55, ML-150..154: all find each other with the secret of this generation", async () => {
      await agree(nodes);
    });

    it("L2-8, L2-40, L2-117: both kinds elect the same: exactly one answers for each address, by ARP and by NDP", async () => {
      atStart = await owners(nodes);
      assert.ok(
        atStart.some((one) => ours.includes(one)),
        `all are with ${atStart.join()}`,
      );
      assert.ok(
        atStart.some((one) => theirs.includes(one)),
        `all are with ${atStart.join()}`,
      );
    });

    for (const [kind, names] of [
      ["theirs", theirs],
      ["ours", ours],
    ] as const) {
      it(`ML-107, ML-142, L2-22: kill -9 of one of ${kind}: others take over, and give back when it returns`, async () => {
        const victim = atStart.find((one) => names.includes(one))!;
        const rest = nodes.filter((one) => one !== victim);
        await speakers.get(victim)?.kill();
        await agree(rest);
        await owners(rest);
        await startSpeaker(victim);
        await agree(nodes);
        const again = await until(
          () => owners(nodes),
          (now) => now.join() === atStart.join(),
        );
        assert.deepEqual(again, atStart);
      });
    }
  });
}
