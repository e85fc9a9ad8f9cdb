/**
 * Addresses that move because somebody meant it: the next node answers before the last one stops. A client asks every
 * millisecond, and its questions are counted. No controller runs here: speakers do without.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { enterPrivateNetwork, LanProbe } from "../../src/testing/index.ts";
import { eventually } from "../kube-api/api-client.ts";
import { reasonToSkip } from "./cluster.ts";
import { lanObstacle } from "./lan.ts";
import { addressesElsewhere, LanSpeakers } from "./lan-speakers.ts";

const nodes = ["node1", "node2", "node3"];
const skip = (await reasonToSkip()) ?? lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();
const addresses = addressesElsewhere(12);
const [service, ip] = ["default/s1", addresses[0]!];

describe("planned moves of addresses", { skip, timeout: 120_000 }, () => {
  let speakers: LanSpeakers;
  let probe: LanProbe;

  before(async () => {
    speakers = await LanSpeakers.prepare({ nodes, others: ["client"], prefix: "pe", addresses });
    probe = new LanProbe(speakers.lan.on("client"));
    for (const node of nodes) await speakers.startSpeaker(node);
    await speakers.settled();
  });
  after(async () => {
    probe?.stop();
    await speakers?.remove();
  });

  const owner = (): string | undefined => new Map(speakers.announced()).get(service);

  /** What happens while the client asks, until these announce; at most one question may stay without an answer. */
  async function lostWhile(among: readonly string[], act: () => Promise<void>): Promise<void> {
    probe.watch(ip, 1);
    await act();
    await speakers.settled(among);
    const mac = speakers.lan.mac(owner() ?? "");
    const heard = await probe.firstHeard((one) => one.mac === mac && one.by === "answer", 20_000);
    assert.ok(heard, "the next owner answers");
    probe.rest();
    // On a busy machine the last answers take their time.
    await eventually(
      () => probe.report(),
      ({ lost }) => lost <= 1,
    );
  }

  it("L2-161: SIGTERM loses no question, nor does the return", async () => {
    const first = owner() ?? "";
    const others = nodes.filter((node) => node !== first);
    await lostWhile(others, () => speakers.stopSpeaker(first, "SIGTERM"));
    await lostWhile(nodes, () => speakers.startSpeaker(first));
    assert.equal(owner(), first);
  });

  it("L2-24: a label that excludes the node loses none, nor does taking it away", async () => {
    const first = owner() ?? "";
    const others = nodes.filter((node) => node !== first);
    const setLabel = async (value: "" | null): Promise<void> => {
      const labels = { "node.kubernetes.io/exclude-from-external-load-balancers": value };
      await speakers.cluster.merge(`/api/v1/nodes/${first}`, { metadata: { labels } });
    };
    await lostWhile(others, () => setLabel(""));
    await lostWhile(nodes, () => setLabel(null));
    assert.equal(owner(), first);
  });

  it("the update of a DaemonSet loses none, one node after the other", async () => {
    for (const node of nodes) {
      await lostWhile(nodes, async () => {
        await speakers.stopSpeaker(node, "SIGTERM");
        await speakers.startSpeaker(node);
      });
    }
  });
});
