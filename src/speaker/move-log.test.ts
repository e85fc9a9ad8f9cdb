import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AddressMove } from "../election/index.ts";
import { type Loss, MoveLog } from "./move-log.ts";

const at = "2026-11-26T10:00:00.000Z";
const object = { kind: "Service", namespace: "default", name: "shop" };
const found: Loss = {
  node: "n1",
  because: "dead",
  foundBy: "n2",
  silentMs: 401.4,
  inquiryMs: 52.2,
  decidedMs: 1000,
};
const moveOf = (service: string, more: Partial<AddressMove> = {}): AddressMove => ({
  service,
  ips: ["192.0.2.1"],
  from: "n1",
  to: "n2",
  because: "dead",
  ...more,
});

function logWith(...losses: Loss[]) {
  const log = new MoveLog();
  for (const loss of losses) log.lost(loss);
  const moved = (move: AddressMove, nowMs: number): void =>
    log.moved({ move, object }, { nowMs, at });
  return { log, moved };
}

describe("the log of moves", () => {
  it("adds what the ring knows: who found the node dead, and how long each part took", () => {
    const { log, moved } = logWith(found);
    moved(moveOf("default/shop"), 1002.24);
    assert.deepEqual(log.show(), [
      {
        at,
        ...moveOf("default/shop"),
        foundBy: "n2",
        silentMs: 401,
        inquiryMs: 52,
        announcedMs: 2.2,
      },
    ]);
  });

  it("tells a goodbye from a death, and which of two lost nodes it was", () => {
    const { inquiryMs: _, silentMs: __, foundBy: ___, ...left } = found;
    const unknown = { inquiryMs: undefined, silentMs: undefined, foundBy: undefined };
    const { log, moved } = logWith(found, { ...left, ...unknown, node: "n3", because: "left" });
    moved(moveOf("a/a", { from: "n3" }), 1001);
    moved(moveOf("a/b"), 1001);
    assert.deepEqual(
      log.show().map(({ service, because }) => [service, because]),
      [
        ["a/b", "dead"],
        ["a/a", "left"],
      ],
    );
  });

  it("leaves other reasons as they are, also of a node that was lost before", () => {
    const { log, moved } = logWith(found);
    moved(moveOf("a/a", { because: "node", detail: "a label" }), 1001);
    const [move] = log.show();
    assert.deepEqual([move?.because, move?.detail, move?.foundBy], ["node", "a label", undefined]);
  });

  it("knows how long a node was away that takes its addresses back", () => {
    const { log, moved } = logWith(found);
    assert.equal(log.joined("n9", 5000), undefined);
    assert.equal(log.joined("n1", 5000), 4000);
    moved(moveOf("a/a", { from: "n2", to: "n1", because: "joined" }), 5001);
    moved(moveOf("a/b", { from: "n2", to: "n9", because: "joined" }), 5001);
    assert.deepEqual(
      log.show().map(({ awayMs }) => awayMs),
      [undefined, 4000],
    );
  });

  it("gives what is to be told once, by nodes and reason, and keeps the latest hundred", () => {
    const { log, moved } = logWith(found);
    for (let index = 0; index < 150; index++) moved(moveOf(`a/${index}`), 1001 + index);
    moved(moveOf("b/0", { from: "n3", because: "node" }), 1200);
    assert.deepEqual(
      log.takeUntold().map((group) => [group.length, group[0].move.from]),
      [
        [150, "n1"],
        [1, "n3"],
      ],
    );
    assert.deepEqual(log.takeUntold(), []);
    assert.equal(log.show().length, 100);
    assert.equal(log.show()[0]?.service, "b/0");
  });
});
