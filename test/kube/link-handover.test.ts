/**
 * A link fails while its node lives: the speaker is in the ring over another interface, and the next node answers. No
 * controller runs here, and the API server is the embedded one: speakers do without either.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { electionKey, electionOrder } from "../../src/election/layer2-election.ts";
import { type IpAddress, parseAddress } from "../../src/ip/index.ts";
import { enterPrivateNetwork } from "../../src/testing/index.ts";
import type { Daemon } from "../../tools/realkube/index.ts";
import { eventually, type Json } from "../kube-api/api-client.ts";
import { systemNamespace, TestCluster } from "./cluster.ts";
import { Lan, lanObstacle, managementAddress } from "./lan.ts";
import { addService } from "./lan-speakers.ts";

const nodes = ["node1", "node2", "node3"];
const skip = lanObstacle() ?? false;
if (skip === false) enterPrivateNetwork();
const metallb = `/apis/metallb.io/v1beta1/namespaces/${systemNamespace}`;
/** Of both families, so that each node has some of each. */
const addresses = Array.from({ length: 8 }, (_, at) => [
  `192.168.1.${100 + at}`,
  `fd00:1::${100 + at}`,
]);

const nameOf = (ip: string): string => `s${ip.replaceAll(/[.:]+/g, "-")}`;

describe("a link that fails while its node lives", { skip, timeout: 280_000 }, () => {
  let lan: Lan;
  let cluster: TestCluster;
  const speakers = new Map<string, Daemon & { log(): string }>();

  before(async () => {
    lan = new Lan([...nodes, "client"], "lh");
    for (const [at, host] of [...nodes, "client"].entries()) {
      inside(host, `addr add fd00:1::${10 + at}/64 dev eth0 nodad`);
    }
    const without = ["DaemonSet", "Deployment", "ValidatingWebhookConfiguration"];
    const manifests = ["metallb-native.yaml"];
    const server = { server: "embedded", address: managementAddress } as const;
    cluster = await TestCluster.start({ ...server, manifests, without });
    const established = () => cluster.api.get(`${metallb}/l2advertisements`);
    await eventually(established, ({ status }) => status === 200);
    const make = (kind: string, spec: object): Promise<Json> => {
      const object = { apiVersion: "metallb.io/v1beta1", kind, metadata: { name: "lan" }, spec };
      return cluster.create(`${metallb}/${kind.toLowerCase()}s`, object);
    };
    await make("IPAddressPool", { addresses: ["192.168.1.100-192.168.1.120", "fd00:1::100/120"] });
    await make("L2Advertisement", {});
    for (const [at, name] of nodes.entries()) await cluster.addSpeakerNode(name, gossipAddress(at));
    for (const ip of addresses.flat()) await addService(cluster, nameOf(ip), ip);
    mkdirSync(join(cluster.scratch, "secret"));
    writeFileSync(join(cluster.scratch, "secret", "secretkey"), "of this test\n");
    for (const node of nodes) await startSpeaker(node);
    await eventually(owners, (found) =>
      addresses.flat().every((ip) => found.get(ip) === firstOf(ip)),
    );
    await everybodyKnows(/"l2":"eth0:192\.168\.1\.0\/24,fd00:1::\/64/, nodes);
  });
  after(async () => {
    for (const speaker of speakers.values()) await speaker.kill();
    await cluster?.stop();
    lan?.remove();
  });

  /** Gossip goes over the management network, which stays up. */
  const gossipAddress = (at: number): string => `169.254.231.${10 + at}`;
  const inside = (host: string, words: string): void => {
    execFileSync("ip", ["-n", lan.namespace(host), ...words.split(" ")]);
  };
  /** The switch's end of a node's cable. */
  const setPort = (node: string, words: string): void => {
    inside("switch", `link set p${nodes.indexOf(node)} ${words}`);
  };

  const firstOf = (ip: string): string | undefined =>
    electionOrder(nodes, electionKey(parseAddress(ip) as IpAddress))[0];

  async function startSpeaker(node: string, more: Record<string, string> = {}): Promise<void> {
    const env = {
      METALLB_NODE_NAME: node,
      METALLB_POD_NAME: `speaker-${node}`,
      METALLB_HOST: "127.0.0.1",
      METALLB_ML_BIND_ADDR: gossipAddress(nodes.indexOf(node)),
      METALLB_ML_LABELS: "app=metallb,component=speaker",
      METALLB_ML_SECRET_KEY_PATH: join(cluster.scratch, "secret"),
      ...more,
    };
    const folder = await cluster.accountFolder("speaker");
    speakers.set(node, cluster.run(["speaker", "--log-level=info"], folder, env, lan.on(node)));
  }

  /** Address -> the node of the ServiceL2Status. */
  async function owners(): Promise<Map<string, string>> {
    const { items } = (await cluster.api.get(`${metallb}/servicel2statuses`)).body;
    const byService = new Map<string, string>(
      items.map(({ status }: Json) => [status?.serviceName, status?.node]),
    );
    return new Map(
      addresses.flat().flatMap((ip) => {
        const node = byService.get(nameOf(ip));
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

  const hostOf = (macs: readonly string[]): (string | undefined)[] =>
    macs.map((mac) => nodes.find((node) => lan.mac(node) === mac));
  /** Who answers the client; a node that has just lost its link cannot. */
  const answering = (ip: string): (string | undefined)[] => hostOf(lan.whoHas("client", ip));
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
    const owner = before.get(addresses[0]![0]!) ?? "";
    const [v4 = "", v6 = ""] = ofBoth(before, owner);
    assert.deepEqual([answering(v4), answering(v6)], [[owner], [owner]]);
    setPort(owner, "down");
    await eventually(
      owners,
      (now) => now.size === before.size && ![...now.values()].includes(owner),
    );
    const during = await owners();
    assert.deepEqual([answering(v4), answering(v6)], [[during.get(v4)], [during.get(v6)]]);
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
      async () => [answering(v4), answering(v6)],
      (now) => JSON.stringify(now) === JSON.stringify([[owner], [owner]]),
    );
  });

  it("a cluster over two segments: nodes in the subnet of an address announce it where the advertisement asks for that", async () => {
    const before = await owners();
    const away = before.get(addresses[0]![0]!) ?? "";
    const [v4 = "", v6 = ""] = ofBoth(before, away);
    inside("switch", "link add lan2 type bridge");
    inside("switch", "link set lan2 up");
    setPort(away, "master lan2");
    inside(away, "addr flush dev eth0 scope global");
    inside(away, "addr add 192.168.7.10/24 dev eth0");
    inside(away, "addr add fd00:7::10/64 dev eth0 nodad");
    await everybodyKnows(/"eth0:192\.168\.7\.0\/24,fd00:7::\/64/, [away]);
    assert.deepEqual([answering(v4), answering(v6)], [[], []], "MetalLB elects it all the same");
    const annotate = (value: string | null): Promise<void> => {
      const metadata = { annotations: { "metallb-ts/subnet-aware": value } };
      return cluster.merge(`${metallb}/l2advertisements/lan`, { metadata });
    };
    await annotate("true");
    const now = await eventually(
      owners,
      (found) => found.size === before.size && ![...found.values()].includes(away),
    );
    assert.deepEqual([answering(v4), answering(v6)], [[now.get(v4)], [now.get(v6)]]);
    await annotate(null);
    await eventually(owners, (found) => [...found.values()].includes(away));
  });
});
