/** What a person sees when addresses move: events, on a real kube-apiserver with the rights of metallb-native.yaml. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import { eventually, type Json } from "../kube-api/api-client.ts";
import { reasonToSkip, type TestCluster } from "./cluster.ts";
import { lanObstacle } from "./lan.ts";
import { addressesElsewhere, LanSpeakers } from "./lan-speakers.ts";

const nodes = ["node1", "node2", "node3"];
const skip = (await reasonToSkip()) ?? lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();
const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
/** Enough that one node takes over more than get an event of their own. */
const serviceCount = 90;
const excludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

describe("moves of addresses, on a real API server", { skip, timeout: 280_000 }, () => {
  let speakers: LanSpeakers;
  let cluster: TestCluster;
  const owners = (): Map<string, string> => new Map(speakers.announced());

  before(async () => {
    speakers = await LanSpeakers.prepare({
      nodes,
      prefix: "mv",
      addresses: addressesElsewhere(serviceCount),
    });
    ({ cluster } = speakers);
    for (const node of nodes) await speakers.startSpeaker(node);
    await speakers.settled();
  });
  after(() => speakers?.remove());

  const eventsOf = async (reason: string): Promise<Json[]> => {
    const query = encodeURIComponent(`reason=${reason}`);
    return (await cluster.api.get(`/api/v1/events?fieldSelector=${query}`)).body.items;
  };
  const moveIn = (event: Json): Json =>
    JSON.parse(event.metadata.annotations["metallb-ts/address-move"]);
  /** Those with this reason, once there are so many that tell of `from`. */
  const movesFrom = async (from: string, because: string, count: number): Promise<Json[]> => {
    const isOf = (event: Json): boolean =>
      moveIn(event).from === from && moveIn(event).because === because;
    const found = await eventually(
      async () => (await eventsOf("AddressMoved")).filter(isOf),
      ({ length }) => length >= count,
    );
    assert.equal(found.length, count, JSON.stringify(found.map(({ message }) => message)));
    return found;
  };
  const nodeEvent = async (reason: string, node: string): Promise<Json> => {
    const found = await eventually(
      async () => (await eventsOf(reason)).filter((one) => one.involvedObject.name === node),
      ({ length }) => length > 0,
    );
    assert.equal(found.length, 1, JSON.stringify(found));
    return found[0];
  };

  it("a start tells MetalLB's own event and nothing else", async () => {
    assert.deepEqual(await eventsOf("AddressMoved"), []);
    const assigned = await eventsOf("nodeAssigned");
    assert.ok(assigned.length > 0);
    for (const { message } of assigned) {
      assert.match(message, /^announcing from node "node\d" with protocol "layer2"$/);
    }
  });

  it("kill -9: each Service of the node tells who noticed, decided and announced, and the Node that its speaker is dead", async () => {
    const before = owners();
    const taken = [...before].filter(([, node]) => node === "node1").map(([service]) => service);
    assert.ok(taken.length > 0 && taken.length <= 50, `${taken.length} on node1`);
    await speakers.stopSpeaker("node1", "SIGKILL");
    const found = await movesFrom("node1", "dead", taken.length);
    assert.deepEqual(found.map((event) => moveIn(event).service).sort(), taken.sort());
    for (const { message, involvedObject, source } of found) {
      assert.match(
        message,
        /^192\.168\.2\.\d+ moved from node "node1" to node "node\d": node "node\d" /,
      );
      assert.match(message, /dead.*\(.*decided\).* ms later \(announced\)/);
      assert.ok(involvedObject.uid !== undefined && source.component === "metallb-speaker");
    }
    const { message, type } = await nodeEvent("SpeakerDead", "node1");
    assert.equal(type, "Warning");
    assert.match(message, /^the speaker of node "node1" counts as dead: .*found by node node\d/);
  });

  it("a goodbye: 25 Services tell it, and one event on the new announcer's Node tells of all", async () => {
    const count = [...owners().values()].filter((node) => node === "node2").length;
    assert.ok(count > 25);
    await speakers.stopSpeaker("node2", "SIGTERM");
    const summary = await nodeEvent("AddressesMoved", "node3");
    assert.match(
      summary.message,
      /addresses moved from node "node2" to node "node3": the speaker of/,
    );
    assert.equal(summary.metadata.annotations["metallb-ts/addresses"], String(count));
    assert.equal(moveIn(summary).because, "left");
    await movesFrom("node2", "left", 25);
    await nodeEvent("SpeakerLeft", "node2");
  });

  it("metallb explain tells it again, also of a Service that has no event of its own", async () => {
    const told = new Set(
      (await movesFrom("node2", "left", 25)).map((event) => moveIn(event).service),
    );
    const untold = [...owners().keys()].find((service) => !told.has(service)) ?? "";
    const [own = ""] = told;
    const explain = async (...words: string[]): Promise<string> => {
      const env = { ...process.env, KUBECONFIG: cluster.kubeconfig() };
      const argv = [program, "explain", "service", ...words];
      return (await promisify(execFile)(process.execPath, argv, { env })).stdout;
    };
    assert.match(
      await explain(own),
      /Moved lately\n {2}\S+Z {2}192\.168\.2\.\d+ moved from node "node2"/,
    );
    const { moves } = JSON.parse(await explain(own, "-o", "json")) as { moves: Json[] };
    assert.partialDeepStrictEqual(moves[0], { from: "node2", to: "node3", because: "left" });
    assert.match(await explain(untold), /Moved lately\n(.*\n)* {2}\S+Z {2}(one of many: )?/);
  });

  it("a return: who gave the addresses back tells for the one that cannot know, and how long it was away", async () => {
    await speakers.startSpeaker("node2");
    const { message } = await nodeEvent("SpeakerReturned", "node2");
    assert.match(message, /^the speaker of node "node2" is back in the ring after \d/);
    const joined = await eventually(
      async () =>
        (await eventsOf("AddressMoved")).filter((one) => moveIn(one).because === "joined"),
      ({ length }) => length > 0,
    );
    for (const event of joined) {
      const { from, to, awayMs } = moveIn(event);
      assert.deepEqual([from, to, typeof awayMs], ["node3", "node2", "number"]);
    }
  });

  it("L2-24: a label that excludes the node is named as the reason", async () => {
    await cluster.merge("/api/v1/nodes/node2", { metadata: { labels: { [excludeLabel]: "" } } });
    const [event] = await eventually(
      async () => (await eventsOf("AddressMoved")).filter((one) => moveIn(one).because === "node"),
      ({ length }) => length > 0,
    );
    assert.match(
      event.message,
      /"node2" may not announce it any more: the node has the label node\./,
    );
  });

  it("K8S-3: at rest nothing is written", async () => {
    const writes = (): number => cluster.writesOf("speaker").length;
    let count = writes();
    await eventually(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 3000));
        const before = count;
        count = writes();
        return count - before;
      },
      (more) => more === 0,
    );
  });
});
