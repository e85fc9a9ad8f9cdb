/**
 * Addresses that move because somebody meant it: the next node answers before the last one stops. A client asks every
 * millisecond, and its questions are counted. No controller runs here: speakers do without.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { enterPrivateNetwork, LanProbe } from "../../src/testing/index.ts";
import { eventually } from "../kube-api/api-client.ts";
import { reasonToSkip } from "./cluster.ts";
import { lanObstacle } from "./lan.ts";
import { LanSpeakers } from "./lan-speakers.ts";

const nodes = ["node1", "node2", "node3"];
const skip = (await reasonToSkip()) ?? lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();
const [service, ip] = ["default/s1", "192.168.2.1"];
/** What a question that nobody answers waits for before it counts as lost, and more. */
const lateMs = 300;

describe("planned moves of addresses", { skip, timeout: 120_000 }, () => {
  let speakers: LanSpeakers;
  let probe: LanProbe;

  before(async () => {
    speakers = await LanSpeakers.prepare({ nodes, others: ["client"], prefix: "pe", services: 4 });
    probe = new LanProbe(speakers.lan.on("client"));
    for (const node of nodes) await speakers.startSpeaker(node);
    await settled();
  });
  after(async () => {
    probe?.stop();
    await speakers?.remove();
  });

  /** The owner once the ring is whole again, every Service has an owner, and the client hears this one alone. */
  async function settled(): Promise<string> {
    const macs = nodes.map((node) => speakers.lan.mac(node));
    const found = await eventually(
      async () => {
        await probe.watch(ip, 10);
        await pause(200);
        const owners = speakers.owners();
        const { answerers } = await probe.report();
        return { owner: owners.get(service), count: owners.size, answerers };
      },
      ({ owner, count, answerers: [first, ...others] }) =>
        count === 4 &&
        others.length === 0 &&
        macs.indexOf(first?.mac ?? "") === nodes.indexOf(owner ?? "-") &&
        owner !== undefined,
    );
    return found.owner ?? "";
  }

  /** What happens while the client asks; at most one question may stay without an answer. */
  async function move(
    act: (owner: string) => Promise<void>,
  ): Promise<{ from: string; to: string }> {
    const from = await settled();
    await probe.watch(ip, 1);
    await act(from);
    const to = await eventually(
      async () => speakers.owners().get(service),
      (owner) => owner !== undefined && owner !== from,
    );
    await pause(lateMs);
    const { sent, lost, answerers } = await probe.report();
    const macs = answerers.map(({ mac }) => mac);
    const text = `${lost} of ${sent} questions were lost`;
    assert.ok(lost <= 1, text);
    for (const node of [from, to ?? ""]) assert.ok(macs.includes(speakers.lan.mac(node)), node);
    return { from, to: to ?? "" };
  }

  it("L2-161: SIGTERM loses no question, nor does the return", async () => {
    const { from, to } = await move((owner) => speakers.stopSpeaker(owner, "SIGTERM"));
    const back = await move(() => speakers.startSpeaker(from));
    assert.deepEqual(back, { from: to, to: from });
  });

  it("L2-24: a label that excludes the node loses none, nor does taking it away", async () => {
    const label = (value: "" | null): object => ({
      metadata: { labels: { "node.kubernetes.io/exclude-from-external-load-balancers": value } },
    });
    const setLabel = async (node: string, value: "" | null): Promise<void> => {
      await speakers.cluster.merge(`/api/v1/nodes/${node}`, label(value));
    };
    const { from, to } = await move((owner) => setLabel(owner, ""));
    assert.deepEqual(await move(() => setLabel(from, null)), { from: to, to: from });
  });

  it("the update of a DaemonSet, one node after the other, loses at most one question a node", async () => {
    const owner = await settled();
    await probe.watch(ip, 1);
    for (const node of nodes) {
      await speakers.stopSpeaker(node, "SIGTERM");
      await speakers.startSpeaker(node);
      // As the readiness probe would: the next one is stopped when this one has found the others.
      await eventually(
        async () =>
          speakers.running
            .get(node)
            ?.log()
            .match(/NodeJoin/g)?.length,
        (members) => members === nodes.length,
      );
      await eventually(
        async () => speakers.owners().get(service),
        (found) => found === owner,
      );
      await pause(lateMs);
    }
    const { sent, lost } = await probe.report();
    assert.ok(sent > 1000 && lost <= nodes.length, `${lost} of ${sent} questions were lost`);
  });
});
