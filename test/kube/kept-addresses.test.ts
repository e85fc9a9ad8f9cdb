/** Owners that keep their addresses: real speakers in network namespaces, on a real kube-apiserver. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import { eventually, type Json } from "../kube-api/api-client.ts";
import { reasonToSkip, systemNamespace } from "./cluster.ts";
import { lanObstacle } from "./lan.ts";
import { addressesElsewhere, LanSpeakers } from "./lan-speakers.ts";

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
    let ring: LanSpeakers;

    before(async () => {
      ring = await LanSpeakers.prepare({
        nodes,
        prefix: "kp",
        addresses: addressesElsewhere(serviceCount),
      });
      await annotate({ "metallb-ts/preempt": "false" });
      for (const node of nodes) await ring.startSpeaker(node);
      await settled((found) => new Set(found.values()).size === nodes.length);
    });
    after(() => ring?.remove());

    const annotate = (annotations: object): Promise<Json> =>
      ring.cluster.merge(advertisement, { metadata: { annotations } });

    /** Owner by Service, once each has exactly one and they are as wanted. */
    async function settled(
      isWanted: (owners: Map<string, string>) => boolean,
    ): Promise<Map<string, string>> {
      const one = (): Map<string, string> => {
        const announced = [...Map.groupBy(ring.announced(), ([service]) => service).values()];
        return new Map(announced.flatMap((pairs) => (pairs.length === 1 ? pairs : [])));
      };
      return eventually(
        () => Promise.resolve(one()),
        (owners) => owners.size === serviceCount && isWanted(owners),
      );
    }

    /** Once the speaker on the node says that so many addresses are claimed: nobody joined for 30 s by then. */
    async function claimed(node: string, count: number): Promise<void> {
      const [program, ...words] = [
        ...ring.lan.on(node),
        process.execPath,
        cli,
        "members",
        "-o",
        "json",
      ];
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
      await ring.stopSpeaker("node1", "SIGKILL");
      const without = await settled((owners) => of(owners, "node1").length === 0);
      // Claims are made 0.5 to 0.8 s after the takeover.
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await ring.startSpeaker("node1");
      await claimed("node1", serviceCount);
      assert.deepEqual(await settled(() => true), without);
      assert.ok(!ring.running.get("node1")!.log().includes("serviceAnnounced"));
    });

    it("the status objects say that owners keep their addresses", async () => {
      const reasons = async (): Promise<string[]> => {
        const { body } = await ring.cluster.api.get(`${metallb}/servicel2statuses`);
        return body.items.map(
          ({ status }: Json) =>
            status?.conditions?.find((one: Json) => one.type === "Announced")?.reason,
        );
      };
      const found = await eventually(reasons, (all) => all.every((one) => one === "KeepsAddress"));
      assert.equal(found.length, serviceCount);
    });

    it("without the annotation it does, and with spread each has its share", async () => {
      await annotate({ "metallb-ts/preempt": null });
      await settled((owners) => of(owners, "node1").length > 0);
      await annotate({ "metallb-ts/spread": "bounded" });
      await settled((owners) =>
        nodes.every((node) => of(owners, node).length === serviceCount / 3),
      );
      await ring.stopSpeaker("node3", "SIGTERM");
      await settled((owners) => of(owners, "node1").length === serviceCount / 2);
    });
  },
);
