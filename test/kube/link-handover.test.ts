/**
 * A link fails while its node lives: the speaker is in the ring over another interface, and the next node answers. No
 * controller runs here, and the API server is the embedded one: speakers do without either.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import { eventually, type Json } from "../kube-api/api-client.ts";
import { systemNamespace, type TestCluster } from "./cluster.ts";
import { type Lan, lanObstacle } from "./lan.ts";
import { LanSpeakers } from "./lan-speakers.ts";

const nodes = ["node1", "node2", "node3"];
const skip = lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();
const metallb = `/apis/metallb.io/v1beta1/namespaces/${systemNamespace}`;
/** Of both families, so that each node has some of each. */
const addresses = Array.from({ length: 8 }, (_, at) => [
  `192.168.1.${100 + at}`,
  `fd00:1::${100 + at}`,
]).flat();

describe("a link that fails while its node lives", { skip, timeout: 280_000 }, () => {
  let speakers: LanSpeakers;
  let lan: Lan;
  let cluster: TestCluster;

  before(async () => {
    speakers = await LanSpeakers.prepare({
      nodes,
      others: ["client"],
      prefix: "lh",
      addresses,
      server: "embedded",
      // Over the management network, which stays up.
      gossipsApart: true,
    });
    ({ lan, cluster } = speakers);
    for (const node of nodes) await speakers.startSpeaker(node);
    await eventually(owners, (found) =>
      addresses.every((ip) => found.get(ip) === speakers.ownerOf(ip)),
    );
    await everybodyKnows(/"l2":"eth0:192\.168\.1\.0\/24,fd00:1::\/64/, nodes);
  });
  after(() => speakers?.remove());

  /** The switch's end of a node's cable. */
  const setPort = (node: string, words: string): void => {
    lan.ip("switch", `link set p${nodes.indexOf(node)} ${words}`);
  };

  /** Address -> the node of the ServiceL2Status. */
  async function owners(): Promise<Map<string, string>> {
    const { items } = (await cluster.api.get(`${metallb}/servicel2statuses`)).body;
    const byService = new Map<string, string>(
      items.map(({ status }: Json) => [status?.serviceName, status?.node]),
    );
    return new Map(
      addresses.flatMap((ip, at) => {
        const node = byService.get(`s${at + 1}`);
        return node === undefined ? [] : [[ip, node]];
      }),
    );
  }

  const ring = async (node: string): Promise<Json> => {
    const words = [...lan.on(node), "curl", "-sf", "http://127.0.0.1:17472/members"];
    return JSON.parse(execFileSync(words[0]!, words.slice(1), { encoding: "utf8" }));
  };
  /** Each of these has heard from each of the others that its interfaces are as told. */
  async function everybodyKnows(pattern: RegExp, of: readonly string[]): Promise<void> {
    for (const node of nodes) {
      await eventually(
        () => ring(node),
        ({ members }) =>
          members.length === nodes.length &&
          members.every((one: Json) => !of.includes(one.name) || pattern.test(JSON.stringify(one))),
        60_000,
      );
    }
  }

  /** Who answers the client for each; a node that has just lost its link cannot. */
  const answering = (...ips: string[]): Promise<(string | undefined)[][]> =>
    Promise.all(
      ips.map(async (ip) => {
        const macs = await lan.whoHas("client", ip);
        return macs.map((mac) => nodes.find((node) => lan.mac(node) === mac));
      }),
    );
  const movesFrom = async (from: string): Promise<Json[]> => {
    const query = encodeURIComponent("reason=AddressMoved");
    const { items } = (await cluster.api.get(`/api/v1/events?fieldSelector=${query}`)).body;
    const moves = items.map((event: Json) =>
      JSON.parse(event.metadata.annotations["metallb-ts/address-move"]),
    );
    return moves.filter((move: Json) => move.from === from);
  };

  /** Of either family, one that the node has. */
  const ofBoth = (found: Map<string, string>, node: string): string[] => {
    const own = [...found].flatMap(([ip, owner]) => (owner === node ? ip : []));
    const pair = [own.find((ip) => ip.includes(".")), own.find((ip) => ip.includes(":"))];
    return pair.filter((ip) => ip !== undefined);
  };

  it("the next node answers, in both families, and says why; afterwards the owner has its addresses back", async () => {
    const before = await owners();
    const owner = before.get(addresses[0]!) ?? "";
    const [v4 = "", v6 = ""] = ofBoth(before, owner);
    assert.deepEqual(await answering(v4, v6), [[owner], [owner]]);
    setPort(owner, "down");
    await eventually(
      owners,
      (now) => now.size === before.size && ![...now.values()].includes(owner),
    );
    const during = await owners();
    assert.deepEqual(await answering(v4, v6), [[during.get(v4)], [during.get(v6)]]);
    for (const node of nodes) {
      const { members } = await ring(node);
      assert.deepEqual(
        members.map(({ state }: Json) => state),
        ["alive", "alive", "alive"],
      );
    }
    const told = await eventually(
      () => movesFrom(owner),
      (moves) => moves.length === [...before.values()].filter((node) => node === owner).length,
    );
    for (const { because, detail, from } of told) {
      assert.equal(because, "link");
      assert.equal(detail, `node "${from}" cannot answer: its interface eth0 has no carrier`);
    }
    setPort(owner, "up");
    await everybodyKnows(/"eth0\?:/, [owner]);
    assert.deepEqual(
      await owners(),
      during,
      "nothing comes back before the link has been up for long",
    );
    await everybodyKnows(/"eth0:/, [owner]);
    await eventually(owners, (now) => JSON.stringify([...now]) === JSON.stringify([...before]));
    await eventually(
      () => answering(v4, v6),
      (now) => JSON.stringify(now) === JSON.stringify([[owner], [owner]]),
    );
  });

  it("a cluster over two segments: nodes in the subnet of an address announce it where the advertisement asks for that", async () => {
    const before = await owners();
    const away = before.get(addresses[0]!) ?? "";
    const [v4 = "", v6 = ""] = ofBoth(before, away);
    lan.ip("switch", "link add lan2 type bridge");
    lan.ip("switch", "link set lan2 up");
    setPort(away, "master lan2");
    lan.ip(away, "addr flush dev eth0 scope global");
    lan.ip(away, "addr add 192.168.7.10/24 dev eth0");
    lan.ip(away, "addr add fd00:7::10/64 dev eth0 nodad");
    await everybodyKnows(/"eth0:192\.168\.7\.0\/24,fd00:7::\/64/, [away]);
    assert.deepEqual(await answering(v4, v6), [[], []], "MetalLB elects it all the same");
    const annotate = (value: string | null): Promise<void> => {
      const metadata = { annotations: { "metallb-ts/subnet-aware": value } };
      return cluster.merge(`${metallb}/l2advertisements/lan`, { metadata });
    };
    await annotate("true");
    const now = await eventually(
      owners,
      (found) => found.size === before.size && ![...found.values()].includes(away),
    );
    assert.deepEqual(await answering(v4, v6), [[now.get(v4)], [now.get(v6)]]);
    await annotate(null);
    await eventually(owners, (found) => [...found.values()].includes(away));
  });
});
