import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Member, ourVersions } from "./member.ts";
import { messageOfTold, ownState, versionConflict } from "./push-pull.ts";
import { lanTimings, newsMs, pushPullIntervalMs, retransmitLimit, wanTimings } from "./timings.ts";

const none = new Uint8Array();

function member(name: string, state: Member["state"], vsn = ourVersions): Member {
  const place = { addr: Uint8Array.of(10, 0, 0, 1), address: "10.0.0.1", port: 7946 };
  return { name, ...place, meta: none, vsn, incarnation: 3, state, changedMs: 0 };
}

describe("exchange of tables", () => {
  it("ML-71: tells everybody, the suspect, the dead and the left too, each with six bytes of versions", () => {
    const states = ["alive", "suspect", "dead", "left"] as const;
    const { nodes } = ownState(
      states.map((state) => member(state, state, none)),
      true,
    );
    assert.deepEqual(
      nodes.map(({ state }) => state),
      [0, 1, 2, 3],
    );
    assert.ok(nodes.every(({ vsn }) => vsn.length === 6));
  });

  it("ML-73: takes left for a goodbye, and suspect and dead for a suspicion of its own", () => {
    const told = ownState(
      (["alive", "suspect", "dead", "left"] as const).map((s) => member("x", s)),
      false,
    );
    const messages = told.nodes.map((node) => messageOfTold(node, "self")!);
    assert.deepEqual(
      messages.map(({ kind }) => kind),
      ["alive", "suspect", "suspect", "dead"],
    );
    assert.deepEqual(
      messages.slice(1).map((one) => ("from" in one ? one.from : "")),
      ["self", "self", "x"],
    );
  });

  it("ML-74: refuses a table with a member that speaks what the living do not", () => {
    const remote = ownState([member("old", "dead", Uint8Array.of(1, 5, 0, 0, 0, 0))], false).nodes;
    assert.match(
      versionConflict([member("self", "alive")], remote)!,
      /member "old" speaks protocol version 0/,
    );
    assert.equal(
      versionConflict([member("self", "alive")], ownState([member("x", "dead")], false).nodes),
      undefined,
    );
  });
});

describe("timings", () => {
  it("ML-91: news are sent 4, 8 and 12 times, by the number of members", () => {
    assert.deepEqual(
      [1, 9, 10, 99, 100, 999].map((n) => retransmitLimit(lanTimings, n)),
      [4, 4, 8, 8, 12, 12],
    );
  });

  it("ML-110: above 32 members tables are exchanged less often", () => {
    const seconds = [1, 32, 33, 64, 65, 128].map((n) => pushPullIntervalMs(lanTimings, n) / 1000);
    assert.deepEqual(seconds, [30, 30, 60, 60, 90, 90]);
  });

  it("ML-130: the numbers of LAN and WAN are memberlist's", () => {
    const { probeIntervalMs, probeTimeoutMs, suspicionMult, gossipNodes, gossipToTheDeadMs } =
      wanTimings;
    assert.deepEqual(
      [probeIntervalMs, probeTimeoutMs, suspicionMult, gossipNodes, gossipToTheDeadMs],
      [5000, 3000, 6, 4, 60_000],
    );
    assert.equal(lanTimings.suspicionMult * lanTimings.probeIntervalMs, 4000);
  });

  it("news take a few rounds of gossip, more of them in a large ring", () => {
    assert.deepEqual(
      [5, 50, 500].map((n) => newsMs(lanTimings, n)),
      [400, 600, 800],
    );
  });
});
