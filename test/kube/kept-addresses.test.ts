/** Owners that keep their addresses: real speakers in network namespaces, on a real kube-apiserver. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import { eventually, type Json } from "../kube-api/api-client.ts";
import { reasonToSkip, systemNamespace, TestCluster } from "./cluster.ts";
import { Lan, lanObstacle, managementAddress } from "./lan.ts";
import { addService, runSpeaker, type TestSpeaker } from "./lan-speakers.ts";

const nodes = ["node1", "node2", "node3"];
const skip = (await reasonToSkip()) ?? lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();
const metallb = `/apis/metallb.io/v1beta1/namespaces/${systemNamespace}`;
const advertisement = `${metallb}/l2advertisements/lan`;
const serviceCount = 18;
const cli = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const run = promisify(execFile);

describe(
  "owners that keep their addresses, on a real API server",
  { skip, timeout: 240_000 },
  () => {
    let lan: Lan;
    let cluster: TestCluster;
    const speakers = new Map<string, TestSpeaker>();

    before(async () => {
      lan = new Lan(nodes, "kp");
      const without = ["DaemonSet", "Deployment", "ValidatingWebhookConfiguration"];
      const manifests = ["metallb-native.yaml"];
      cluster = await TestCluster.start({ address: managementAddress, manifests, without });
      const established = () => cluster.api.get(`${metallb}/l2advertisements`);
      await eventually(established, ({ status }) => status === 200);
      const make = (kind: string, spec: object, annotations: object = {}): Promise<Json> => {
        const metadata = { name: "lan", annotations };
        const object = { apiVersion: "metallb.io/v1beta1", kind, metadata, spec };
        return cluster.create(`${metallb}/${kind.toLowerCase()}s`, object);
      };
      await make("IPAddressPool", { addresses: ["192.168.2.0/24"] });
      await make("L2Advertisement", {}, { "metallb-ts/preempt": "false" });
      for (const name of nodes) await cluster.addSpeakerNode(name, lan.address(name));
      for (let index = 1; index <= serviceCount; index++) {
        await addService(cluster, `s${index}`, `192.168.2.${index}`);
      }
      mkdirSync(join(cluster.scratch, "secret"));
      writeFileSync(join(cluster.scratch, "secret", "secretkey"), "of this test\n");
      for (const node of nodes) await startSpeaker(node);
      await settled((found) => new Set(found.values()).size === nodes.length);
    });
    after(async () => {
      for (const speaker of speakers.values()) await speaker.kill();
      await cluster?.stop();
      lan?.remove();
    });

    async function startSpeaker(node: string): Promise<void> {
      speakers.set(node, await runSpeaker(cluster, lan, node));
    }

    /** Service -> nodes whose speakers live and announce it. */
    function announcers(): Map<string, string[]> {
      const found = new Map<string, string[]>();
      for (const node of nodes) {
        const own = new Set<string>();
        // The last line may be written in this moment.
        for (const line of speakers.get(node)?.log().split("\n").slice(0, -1) ?? []) {
          const { event, service } = line.startsWith("{") ? JSON.parse(line) : {};
          if (event === "serviceAnnounced") own.add(service);
          if (event === "serviceWithdrawn") own.delete(service);
        }
        for (const service of own) found.set(service, [...(found.get(service) ?? []), node]);
      }
      return found;
    }

    /** Owner by Service, once each has exactly one and they are as wanted. */
    async function settled(
      isWanted: (owners: Map<string, string>) => boolean,
    ): Promise<Map<string, string>> {
      const one = (): Map<string, string> =>
        new Map(
          [...announcers()].flatMap(([key, own]) => (own.length === 1 ? [[key, own[0]!]] : [])),
        );
      return eventually(
        () => Promise.resolve(one()),
        (owners) => owners.size === serviceCount && isWanted(owners),
      );
    }

    /** Once the speaker on the node says that so many addresses are claimed: nobody joined for 30 s by then. */
    async function claimed(node: string, count: number): Promise<void> {
      const [program, ...words] = [...lan.on(node), process.execPath, cli, "members", "-o", "json"];
      for (;;) {
        const { stdout } = await run(program, words).catch(({ stdout: told }) => ({
          stdout: told,
        }));
        // Nothing before its page is there.
        if (stdout !== "" && JSON.parse(stdout).claimedAddresses === count) return;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }

    const of = (owners: Map<string, string>, node: string): string[] =>
      [...owners].flatMap(([service, owner]) => (owner === node ? service : []));

    it("a node that dies and returns takes nothing back", async () => {
      const before = await settled(() => true);
      assert.ok(of(before, "node1").length > 0);
      await claimed("node2", serviceCount);
      await speakers.get("node1")?.kill();
      speakers.delete("node1");
      const without = await settled((owners) => of(owners, "node1").length === 0);
      // Claims are made 0.5 to 0.8 s after the takeover.
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await startSpeaker("node1");
      await claimed("node1", serviceCount);
      assert.deepEqual(await settled(() => true), without);
      assert.ok(!speakers.get("node1")!.log().includes("serviceAnnounced"));
    });

    it("the status objects say that owners keep their addresses", async () => {
      const reasons = async (): Promise<string[]> => {
        const { body } = await cluster.api.get(`${metallb}/servicel2statuses`);
        return body.items.map(
          ({ status }: Json) =>
            status?.conditions?.find((one: Json) => one.type === "Announced")?.reason,
        );
      };
      const found = await eventually(reasons, (all) => all.every((one) => one === "KeepsAddress"));
      assert.equal(found.length, serviceCount);
    });

    it("without the annotation it does, and with spread each has its share", async () => {
      const annotate = (annotations: object): Promise<Json> =>
        cluster.merge(advertisement, { metadata: { annotations } });
      await annotate({ "metallb-ts/preempt": null });
      await settled((owners) => of(owners, "node1").length > 0);
      await annotate({ "metallb-ts/spread": "bounded" });
      await settled((owners) =>
        nodes.every((node) => of(owners, node).length === serviceCount / 3),
      );
      await speakers.get("node3")?.kill("SIGTERM");
      speakers.delete("node3");
      await settled((owners) => of(owners, "node1").length === serviceCount / 2);
    });
  },
);
