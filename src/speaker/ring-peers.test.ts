import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLogger } from "../platform/index.ts";
import { RingPeers } from "./ring-peers.ts";

type Pod = { readonly metadata: object; readonly status?: { readonly podIP?: string } };

const pod = (podIP?: string): Pod => ({
  metadata: {},
  status: podIP === undefined ? {} : { podIP },
});

/** Lets everything that is due happen. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function searchFor(answers: (Pod[] | Error)[], members: string[] = ["192.0.2.1"]) {
  const calls: { selector: string | undefined; namespace: string | undefined }[] = [];
  const joins: string[][] = [];
  const seen: string[][] = [];
  let settled = 0;
  const known = new Set(members);
  const list = (ref: { namespace?: string }, options: { labelSelector?: string } = {}) => {
    calls.push({ selector: options.labelSelector, namespace: ref.namespace });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({ items: answer ?? [], resourceVersion: "1" });
  };
  const peers = new RingPeers({
    client: { list } as never,
    logger: silentLogger,
    namespace: "metallb-system",
    labels: "app=metallb,component=speaker",
    memberAddresses: () => known,
    onAddresses: (addresses) => seen.push([...addresses]),
    join: (addresses) => joins.push([...addresses]),
    onSettled: () => settled++,
  });
  return { peers, calls, joins, seen, known, settled: () => settled };
}

describe("the search for other speakers", () => {
  it("ML-152: lists the pods with the labels, and skips those without an address", async () => {
    const { peers, calls, joins, seen } = searchFor([
      [pod("192.0.2.1"), pod("192.0.2.2"), pod(""), pod(), pod("192.0.2.3")],
    ]);
    peers.start();
    await turn();
    assert.deepEqual(calls, [
      { selector: "app=metallb,component=speaker", namespace: "metallb-system" },
    ]);
    assert.deepEqual(seen, [["192.0.2.1", "192.0.2.2", "192.0.2.3"]]);
    assert.deepEqual(joins, [["192.0.2.2", "192.0.2.3"]]);
    peers.stop();
  });

  it("ML-153: joins nobody while all are members, and is settled then", async () => {
    const { peers, joins, settled } = searchFor([[pod("192.0.2.1")]]);
    peers.start();
    await turn();
    assert.deepEqual([joins, settled()], [[], 1]);
    peers.stop();
  });

  it("ML-153: collapses requests while a join is under way into one", async () => {
    const { peers, joins, known } = searchFor([[pod("192.0.2.2"), pod("192.0.2.3")]]);
    peers.start();
    await turn();
    for (let times = 0; times < 3; times++) peers.look();
    assert.equal(joins.length, 1);
    known.add("192.0.2.2");
    peers.joined();
    assert.deepEqual(joins, [["192.0.2.2", "192.0.2.3"], ["192.0.2.3"]]);
    peers.joined();
    assert.equal(joins.length, 2);
    peers.stop();
  });

  it("ML-159: joins a member again that the ring lost, as soon as it left", async () => {
    const { peers, joins, known } = searchFor([[pod("192.0.2.2")]], ["192.0.2.1", "192.0.2.2"]);
    peers.start();
    await turn();
    assert.deepEqual(joins, []);
    known.delete("192.0.2.2");
    peers.look();
    assert.deepEqual(joins, [["192.0.2.2"]]);
    peers.stop();
  });

  it("ML-160: every minute joins whom it misses, and every five minutes lists who is new", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const { peers, calls, joins } = searchFor([[pod("192.0.2.2")]]);
    peers.start();
    await turn();
    peers.joined();
    context.mock.timers.tick(60_000);
    assert.equal(joins.length, 2);
    context.mock.timers.tick(4 * 60_000);
    await turn();
    assert.equal(calls.length, 2);
    peers.stop();
  });

  it("tries again soon while the API server does not answer, and nobody is missed meanwhile", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const { peers, calls, joins, settled } = searchFor([new Error("refused"), [pod("192.0.2.2")]]);
    peers.start();
    await turn();
    peers.look();
    assert.deepEqual([joins, settled()], [[], 0]);
    context.mock.timers.tick(2000);
    await turn();
    assert.deepEqual([calls.length, joins], [2, [["192.0.2.2"]]]);
    peers.stop();
  });
});
