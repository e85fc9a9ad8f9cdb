import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AddressMove, ServiceEndpoint } from "../election/index.ts";
import type { Config, L2Advertisement } from "../config/index.ts";
import type { Node, Service } from "../kube/index.ts";
import { compileConfigMap } from "../config/index.ts";
import { parseAbility } from "../layer2/index.ts";
import { advertisement, configOf, poolOf } from "../testing/layer2-config.ts";
import { Speaker } from "./speaker.ts";
import type { SpeakerCommand, SpeakerEvent } from "./speaker-messages.ts";

const EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers";
const key = "shop/web";

const nodeEvent = (name: string, labels = {}, ready = "True"): SpeakerEvent => {
  const node: Node = {
    metadata: { name, labels },
    status: { conditions: [{ type: "Ready", status: ready }] },
  };
  return { kind: "node", name, node };
};
const serviceEvent = (ip = "192.168.1.240", spec: Partial<Service["spec"]> = {}): SpeakerEvent => {
  const service: Service = {
    metadata: { name: "web", namespace: "shop", uid: "u" },
    spec: { type: "LoadBalancer", ...spec },
    status: { loadBalancer: { ingress: [{ ip }] } },
  };
  return { kind: "service", key, service };
};
const endpointsOn = (...nodes: string[]): SpeakerEvent => {
  const endpoints: ServiceEndpoint[] = nodes.map((nodeName) => {
    return { nodeName, isReady: true, canServe: true };
  });
  return { kind: "endpoints", key, endpoints };
};
const members = (...names: string[]): SpeakerEvent => {
  return { kind: "members", alive: new Set(names) };
};
/** All three are there, and say that of their interfaces; stock where nothing is given. */
const links = (texts: Record<string, string>): SpeakerEvent => {
  const abilities = new Map(
    Object.entries(texts).map(([name, text]) => [name, parseAbility(text)]),
  );
  return { kind: "members", alive: new Set(["kmaster", "knode1", "knode2"]), abilities };
};
const up = "eth0:192.168.1.0/24";
const failed = "eth0!carrier:192.168.1.0/24";
const settling = "eth0?:192.168.1.0/24";
const accepted = (config: Config): SpeakerEvent => {
  return { kind: "config", outcome: { kind: "accepted", config, warnings: [] } };
};
const lan = (...ads: L2Advertisement[]): Config =>
  configOf(poolOf("lan", ["192.168.1.0/24"], ads.length > 0 ? ads : [advertisement()]));
const local = { externalTrafficPolicy: "Local" };

/** What the speaker of `nodeName` tells of moves. For 192.168.1.240 the order is knode2, knode1, kmaster (L2-41). */
function speakerOn(nodeName: string, awaitsMembers = false) {
  const speaker = new Speaker({
    nodeName,
    configName: "metallb-system/config",
    lbClass: "",
    ignoresExcludeLabel: false,
    awaitsMembers,
  });
  const step = (event: SpeakerEvent): SpeakerCommand[] => {
    const commands = speaker.step(event);
    if (commands.at(-1)?.kind !== "continue") return commands;
    return [...commands.slice(0, -1), ...step({ kind: "continue" })];
  };
  const moves = (...events: SpeakerEvent[]): AddressMove[] =>
    events.flatMap(step).flatMap((one) => (one.kind === "moved" ? one.move : []));
  for (const name of ["kmaster", "knode1", "knode2"]) step(nodeEvent(name));
  return { step, moves };
}

/** The same, started and with the service served from knode1. */
function started(nodeName: string, spec: Partial<Service["spec"]> = {}) {
  const { step, moves } = speakerOn(nodeName);
  const start = [serviceEvent(undefined, spec), endpointsOn("knode1"), accepted(lan())];
  assert.deepEqual(moves(...start, { kind: "synced" }), [], "a start is no move");
  return { step, moves };
}

const told = ({ from, to, because, detail }: AddressMove) => [from, to, because, detail];

describe("moves of addresses", () => {
  it("are told by the new owner, when the ring lost the old one, and not by others", () => {
    for (const [node, expected] of [
      ["knode1", ["knode2", "knode1", "dead", undefined]],
      ["kmaster", undefined],
    ] as const) {
      const { moves } = started(node);
      assert.deepEqual(moves(members("kmaster", "knode1", "knode2")), []);
      assert.deepEqual(moves(members("kmaster", "knode1")).map(told), expected ? [expected] : []);
    }
  });

  it("are told right behind the announcement, whose time counts, with the Service that an event is about", () => {
    const { step } = started("knode1");
    step(members("kmaster", "knode1", "knode2"));
    const commands = step(members("kmaster", "knode1"));
    const at = commands.findIndex(({ kind }) => kind === "announce");
    const ref = { kind: "Service", apiVersion: "v1", namespace: "shop", name: "web", uid: "u" };
    assert.partialDeepStrictEqual(commands[at + 1], {
      kind: "moved",
      object: ref,
      move: { service: key, ips: ["192.168.1.240"], from: "knode2", to: "knode1" },
    });
  });

  it("are told by the old owner to whom the ring brings a member that is before it: that one cannot know", () => {
    const { moves } = started("knode1");
    moves(members("kmaster", "knode1", "knode2"), members("kmaster", "knode1"));
    assert.deepEqual(moves(members("kmaster", "knode1", "knode2")).map(told), [
      ["knode1", "knode2", "joined", undefined],
    ]);
    const returned = speakerOn("knode2", true);
    const start = [serviceEvent(), endpointsOn("knode1"), accepted(lan())];
    const all = members("kmaster", "knode1", "knode2");
    assert.deepEqual(returned.moves(...start, { kind: "synced" }, all), []);
  });

  it("are told by who stands in for a node whose link failed, with the interface, and by that node when it is back", () => {
    const all = { kmaster: up, knode1: up, knode2: up };
    const during = { ...all, knode2: failed };
    const other = started("knode1");
    assert.deepEqual(other.moves(links(all)), []);
    const detail = 'node "knode2" cannot answer: its interface eth0 has no carrier';
    assert.deepEqual(other.moves(links(during)).map(told), [["knode2", "knode1", "link", detail]]);
    assert.deepEqual(other.moves(links({ ...all, knode2: settling }), links(all)), []);
    const owner = started("knode2");
    assert.deepEqual(owner.moves(links(all), links(during)), []);
    assert.deepEqual(owner.moves(links({ ...all, knode2: settling })), []);
    const back = 'node "knode2" can answer again, and comes first';
    assert.deepEqual(owner.moves(links(all)).map(told), [["knode1", "knode2", "link", back]]);
  });

  it("name the subnet where an advertisement asks for a node in it", () => {
    const { moves, step } = started("knode1");
    moves(links({ kmaster: up, knode1: up, knode2: "eth0:10.0.0.0/8" }));
    const aware = { ...advertisement(), isSubnetAware: true };
    const detail =
      'node "knode2" cannot answer: none of its interfaces has an address in the subnet of 192.168.1.240';
    assert.deepEqual(moves(accepted(lan(aware))).map(told), [["knode2", "knode1", "link", detail]]);
    const nowhere = "eth0:10.0.0.0/8";
    step(links({ kmaster: nowhere, knode1: nowhere, knode2: nowhere }));
    const alone = step({
      ...members("knode1"),
      abilities: new Map([["knode1", parseAbility(nowhere)]]),
    } as never);
    const reasons = alone.flatMap((one) => (one.kind === "record-event" ? one.note.reason : []));
    assert.deepEqual(reasons, ["NoNodeInSubnet", "nodeAssigned"]);
  });

  it("are not told by a node that the ring lost together with its link: another has them until that has settled", () => {
    const { moves } = started("knode2");
    moves(links({ kmaster: up, knode1: up, knode2: up }));
    assert.deepEqual(moves(members("knode2")), []);
    assert.deepEqual(moves(links({ kmaster: up, knode1: up, knode2: settling })), []);
    const back = moves(links({ kmaster: up, knode1: up, knode2: up }));
    assert.deepEqual(
      back.map(told).map(([from, to, because]) => [from, to, because]),
      [["knode1", "knode2", "link"]],
    );
  });

  it("L2-24: name the label of the node that gave way, and who takes it back when that is gone", () => {
    const { moves } = started("knode1");
    assert.deepEqual(moves(nodeEvent("knode2", { [EXCLUDE]: "" })).map(told), [
      [
        "knode2",
        "knode1",
        "node",
        `node "knode2" may not announce it any more: the node has the label ${EXCLUDE}`,
      ],
    ]);
    const { moves: ofFirst } = started("knode2");
    assert.deepEqual(ofFirst(nodeEvent("knode2", { [EXCLUDE]: "" })), []);
    assert.deepEqual(ofFirst(nodeEvent("knode2")).map(told), [
      ["knode1", "knode2", "node", 'node "knode2" may announce again, and is first in the order'],
    ]);
  });

  it("L2-22, L2-61: without gossip name what the API says of the node", () => {
    const { moves } = started("knode1");
    assert.match(
      moves(nodeEvent("knode2", {}, "Unknown"))[0]?.detail ?? "",
      /"knode2" may not announce it any more: its Node object is not Ready$/,
    );
    const { moves: again } = started("knode1");
    const gone = { kind: "node", name: "knode2", node: undefined } as const;
    assert.match(again(gone)[0]?.detail ?? "", /: its Node object is gone$/);
  });

  it("L2-30, L2-44: tell what a new configuration has to do with it", () => {
    const { moves } = started("knode1");
    const onlyHere = accepted(lan(advertisement({ nodes: new Set(["knode1"]) })));
    assert.deepEqual(moves(onlyHere).map(told), [
      [
        "knode2",
        "knode1",
        "configuration",
        'node "knode2" may not announce it any more: no matching L2Advertisement selects it',
      ],
    ]);
    assert.deepEqual(moves(onlyHere), [], "the same again is no move");
    const { moves: ofOther } = started("kmaster");
    const preferred = accepted(lan(advertisement({ preference: new Map([["kmaster", 1]]) })));
    assert.deepEqual(ofOther(preferred).map(told), [
      [
        "knode2",
        "kmaster",
        "configuration",
        'the configuration changed, and node "kmaster" is first in the order now',
      ],
    ]);
  });

  it("L2-31: are told by a node that no advertisement selected until then", () => {
    const { moves } = started("knode1");
    moves(accepted(lan(advertisement({ nodes: new Set(["kmaster"]) }))));
    const onlyHere = accepted(lan(advertisement({ nodes: new Set(["knode1"]) })));
    assert.deepEqual(moves(onlyHere).map(told)[0]?.slice(0, 3), [
      "kmaster",
      "knode1",
      "configuration",
    ]);
  });

  it("L2-23, L2-51: follow the endpoints, also where there were none between", () => {
    const { moves } = started("knode2", local);
    const gone = "externalTrafficPolicy is Local and no endpoint on it can serve";
    assert.deepEqual(moves(endpointsOn(), endpointsOn("knode2")).map(told), [
      ["knode1", "knode2", "endpoints", `node "knode1" may not announce it any more: ${gone}`],
    ]);
    const both = started("knode2", local);
    assert.deepEqual(both.moves(endpointsOn("knode1", "knode2")).map(told), [
      [
        "knode1",
        "knode2",
        "endpoints",
        'the endpoints changed, and node "knode2" is first in the order now',
      ],
    ]);
  });

  it("L2-40: follow the ready endpoints of v0.9.5, and tell of a switch between the generations", () => {
    const text = "address-pools: [{name: lan, protocol: layer2, addresses: [192.168.1.0/24]}]";
    const compiled = compileConfigMap(text);
    assert.ok(compiled.ok);
    const { moves } = started("kmaster");
    assert.deepEqual(moves(accepted(compiled.config)), [], "knode1 has the only endpoint");
    const [move] = moves(endpointsOn("kmaster"));
    assert.deepEqual([move?.from, move?.because], ["knode1", "endpoints"]);
    assert.match(move?.detail ?? "", /"knode1".*: no endpoint of the service is ready on it$/);
  });

  it("L2-8: are none where the Service has another address, or comes again", () => {
    const { moves } = started("knode1");
    const next = "192.168.1.241"; // first in its order is knode1
    assert.deepEqual(moves(serviceEvent(next)), []);
    const gone = { kind: "service", key, service: undefined } as const;
    assert.deepEqual(moves(gone, serviceEvent(), gone, serviceEvent(next)), []);
  });

  it("L2-2: are none where the Service was of another type between", () => {
    const { moves } = started("knode1");
    const other = serviceEvent(undefined, { type: "ClusterIP" });
    assert.deepEqual(moves(other, nodeEvent("knode2", { [EXCLUDE]: "" }), serviceEvent()), []);
  });

  it("tell of a Service whose traffic policy changed", () => {
    const { moves } = started("knode2", local);
    const [move] = moves(serviceEvent(undefined, {}));
    assert.deepEqual(
      [move?.from, move?.to, move?.because, move?.detail],
      [
        "knode1",
        "knode2",
        "service",
        'the Service changed, and node "knode2" is first in the order now',
      ],
    );
  });

  it("say of an address that is claimed from an owner which lives that the shares are to be even", () => {
    const { step, moves } = speakerOn("kmaster", true);
    const next: SpeakerEvent = {
      kind: "service",
      key: "shop/api",
      service: {
        metadata: { name: "api", namespace: "shop" },
        spec: { type: "LoadBalancer" },
        status: { loadBalancer: { ingress: [{ ip: "192.168.1.241" }] } },
      },
    };
    const claim = (address: string, owner: string, term: number): SpeakerEvent => {
      return { kind: "claims", claims: { news: [{ address, owner, term }], forgotten: [] } };
    };
    const spread = accepted(lan(advertisement({ spread: "bounded" })));
    const known = [
      serviceEvent(),
      next,
      endpointsOn("knode1"),
      spread,
      { kind: "synced" },
    ] as const;
    const api = { ...endpointsOn("knode1"), key: "shop/api" } as SpeakerEvent;
    const claims = ["192.168.1.240", "192.168.1.241"].map((one) => claim(one, "knode2", 1));
    const commands = [...known, api, ...claims, members("kmaster", "knode1", "knode2")].flatMap(
      step,
    );
    assert.deepEqual(
      commands.flatMap((one) => (one.kind === "announce" ? one.service : [])),
      [],
    );
    const wanted = commands.flatMap((one) =>
      one.kind === "use" && one.use.isToClaim === true ? one.use.address : [],
    );
    assert.deepEqual(wanted, ["192.168.1.241"]);
    const detail = 'so that the nodes\' shares of addresses are even, node "kmaster" claimed it';
    assert.deepEqual(moves(claim("192.168.1.241", "kmaster", 2)).map(told), [
      ["knode2", "kmaster", "spread", detail],
    ]);
  });

  it("are told by the new owner where a stock speaker makes the order count alone, and where it goes", () => {
    const all = ["kmaster", "knode1", "knode2"];
    const ring = (...stock: string[]): SpeakerEvent => {
      return { kind: "members", alive: new Set([...all, ...stock]), stock: new Set(stock) };
    };
    const claims = {
      news: [{ address: "192.168.1.240", owner: "kmaster", term: 1 }],
      forgotten: [],
    };
    const keeps = accepted(lan(advertisement({ preempt: false, nodes: new Set(all) })));
    const machines = new Map(all.map((name) => [name, speakerOn(name, true)]));
    const toldBy = (...events: SpeakerEvent[]) =>
      [...machines].flatMap(([name, { moves }]) =>
        moves(...events).map((move) => [name, ...told(move)]),
      );
    const start = [serviceEvent(), endpointsOn("knode1"), keeps, { kind: "synced" }] as const;
    assert.deepEqual(toldBy({ kind: "claims", claims }, ...start, ring()), []);
    const order =
      'only the order counts now (see OwnershipByOrderOnly), and node "knode2" is first in it';
    assert.deepEqual(toldBy(ring("stock")), [["knode2", "kmaster", "knode2", "claims", order]]);
    const kept = 'node "kmaster" claims it (metallb-ts/preempt is false)';
    assert.deepEqual(toldBy(ring()), [["kmaster", "knode2", "kmaster", "claims", kept]]);
  });
});
