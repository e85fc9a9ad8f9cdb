import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AddressMove, moveText } from "../election/index.ts";
import type { KubeEvent, KubeObject } from "../kube/index.ts";
import { addressHistory } from "./address-history.ts";

const service = { metadata: { namespace: "shop", name: "web", uid: "u1" } };
const move: AddressMove = {
  service: "shop/web",
  ips: ["192.0.2.1"],
  from: "a",
  to: "b",
  because: "dead",
  foundBy: "b",
  silentMs: 412,
};

function eventOf(more: Partial<KubeEvent>, annotations: Record<string, string> = {}): KubeEvent {
  const at = "2026-11-26T10:00:01Z";
  return {
    metadata: { name: "web.1", namespace: "shop", annotations },
    involvedObject: { kind: "Service", namespace: "shop", name: "web", uid: "u1" },
    reason: "AddressMoved",
    message: "told",
    type: "Normal",
    source: { component: "metallb-speaker", host: "b" },
    reportingComponent: "metallb-speaker",
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
    ...more,
  };
}

const historyOf = (about: KubeObject, ofService: KubeEvent[], ofNodes: KubeEvent[]) =>
  addressHistory(about, { ofService, ofNodes, msOf: Date.parse });

const moved = (told: AddressMove, at = "2026-11-26T10:00:01Z"): KubeEvent =>
  eventOf(
    { message: moveText(told), lastTimestamp: at },
    { "metallb-ts/address-move": JSON.stringify(told) },
  );

const assigned = (node: string, firstTimestamp: string, lastTimestamp = firstTimestamp) =>
  eventOf({
    reason: "nodeAssigned",
    message: `announcing from node "${node}" with protocol "layer2"`,
    firstTimestamp,
    lastTimestamp,
  });

const summary = eventOf(
  {
    involvedObject: { kind: "Node", name: "b", uid: "b" },
    reason: "AddressesMoved",
    message: "2000 addresses moved",
    lastTimestamp: "2026-11-26T10:00:05Z",
  },
  {
    "metallb-ts/address-move": JSON.stringify({ ...move, service: "shop/other" }),
    "metallb-ts/addresses": "2000",
  },
);

describe("the history of a Service's addresses", () => {
  it("is what its events tell, the newest first", () => {
    const back: AddressMove = { ...move, from: "b", to: "a", because: "joined", awayMs: 9000 };
    const found = historyOf(service, [moved(move), moved(back, "2026-11-26T10:00:09Z")], []);
    assert.deepEqual(found, [
      { ...back, at: "2026-11-26T10:00:09Z", message: moveText(back) },
      { ...move, at: "2026-11-26T10:00:01Z", message: moveText(move) },
    ]);
  });

  it("keeps the order of moves within one second, which the events' own times do not tell", () => {
    const later = { ...move, from: "b", to: "c", at: "2026-11-26T10:00:01.900Z" };
    const events = [moved({ ...move, at: "2026-11-26T10:00:01.200Z" }), moved(later)];
    assert.deepEqual(
      historyOf(service, events, []).map(({ at, to }) => [at, to]),
      [
        ["2026-11-26T10:00:01.900Z", "c"],
        ["2026-11-26T10:00:01.200Z", "b"],
      ],
    );
    const [repeated] = historyOf(service, [{ ...moved(later), count: 2 }], []);
    assert.equal(repeated?.at, "2026-11-26T10:00:01Z");
  });

  it("is not that of an earlier Service of the same name, nor what others write", () => {
    const earlier = { ...moved(move), involvedObject: { kind: "Service", name: "web", uid: "u0" } };
    const foreign = { ...moved(move), source: { component: "kubelet" } };
    const { source: _, ...sourceless } = moved(move);
    const torn = eventOf({}, { "metallb-ts/address-move": '{"from": "a"}' });
    const events = [earlier, foreign, sourceless as KubeEvent, torn, eventOf({})];
    assert.deepEqual(historyOf(service, events, [summary]), []);
  });

  it("includes a move of many that has no event of its own here, if the new node began to announce it then", () => {
    const [found, ...rest] = historyOf(
      service,
      [
        assigned("a", "2026-11-26T09:00:00Z"),
        assigned("b", "2026-11-26T10:00:02Z", "2026-11-26T10:30:00Z"),
      ],
      [summary],
    );
    assert.deepEqual(rest, []);
    assert.deepEqual(
      [found?.service, found?.ips, found?.oneOf, found?.from, found?.message],
      ["shop/web", [], 2000, "a", "2000 addresses moved"],
    );
    const others = [
      assigned("b", "2026-11-26T09:00:00Z", "2026-11-26T10:30:00Z"),
      assigned("c", "2026-11-26T10:00:02Z"),
    ];
    assert.deepEqual(historyOf(service, others, [summary]), []);
  });

  it("tells a move once where both an event of its own and that of many do", () => {
    const events = [assigned("b", "2026-11-26T10:00:02Z"), moved(move, "2026-11-26T10:00:03Z")];
    assert.deepEqual(
      historyOf(service, events, [summary]).map(({ oneOf }) => oneOf),
      [undefined],
    );
  });

  it("is cut after the ten newest", () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      moved(move, `2026-11-26T10:${String(index).padStart(2, "0")}:00Z`),
    );
    const found = historyOf(service, many, []);
    assert.deepEqual([found.length, found[0]?.at], [10, "2026-11-26T10:29:00Z"]);
  });
});
