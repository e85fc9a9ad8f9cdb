import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { parseAddress } from "../ip/index.ts";
import { ElectionHashes, electionText } from "./election-hashes.ts";
import { electedNode, electionKey, electionOrder, legacyElectionKey } from "./layer2-election.ts";

const NODES = ["kmaster", "knode1", "knode2"];
const anyNodes = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 12,
});
const ipKey = (text: string) => electionKey(parseAddress(text)!);

/** The worked example of the specification: key, order, first 8 bytes of each digest. */
const EXAMPLE = [
  {
    rule: "L2-41",
    key: ipKey("192.168.1.240"),
    order: [
      ["knode2", "08f99b16461d96f9"],
      ["knode1", "27aa6c299e434f41"],
      ["kmaster", "b5b635fac40e257f"],
    ],
  },
  {
    rule: "L2-41",
    key: ipKey("192.168.1.241"),
    order: [
      ["knode1", "ac627f5861720553"],
      ["kmaster", "c6b00c3f1b1a85ef"],
      ["knode2", "dd97bab7330ae553"],
    ],
  },
  {
    rule: "L2-42",
    key: ipKey("FD00:1:0::0240"),
    order: [
      ["knode1", "41f1dae8b2fa73ec"],
      ["knode2", "c93b2be8d12e3fe4"],
      ["kmaster", "d43f36b126b18232"],
    ],
  },
  {
    rule: "L2-40",
    key: legacyElectionKey("default/nginx"),
    order: [
      ["knode1", "5ddac93c4775b561"],
      ["kmaster", "e491c522aae7c1b1"],
      ["knode2", "ee90687cfd2cb6af"],
    ],
  },
] as const;

describe("layer 2 election", () => {
  for (const { rule, key, order } of EXAMPLE) {
    it(`${rule} L2-43: the worked example for ${key}`, () => {
      const names = order.map(([name]) => name);
      assert.deepEqual(electionOrder(NODES, key, new ElectionHashes()), names);
      assert.equal(electedNode(NODES, key, new ElectionHashes()), names[0]);
      for (const [name, firstBytes] of order) {
        const digest = hash("sha256", electionText(name, key));
        assert.ok(digest.startsWith(firstBytes));
      }
    });
  }

  it("L2-43: digests with equal first bytes are told apart by the rest", () => {
    const digest = (text: string) => "a".repeat(62) + Buffer.from(text).toString("hex", 0, 1);
    const hashes = new ElectionHashes(digest);
    assert.deepEqual(electionOrder(["z", "b", "m"], "key", hashes), ["b", "m", "z"]);
  });

  it("L2-44: a higher preference score comes before the hash, a missing score is 0", () => {
    const hashes = new ElectionHashes();
    const key = ipKey("192.168.1.240");
    const scores = new Map([
      ["kmaster", 150],
      ["knode1", 100],
    ]);
    assert.deepEqual(electionOrder(NODES, key, hashes, scores), ["kmaster", "knode1", "knode2"]);
    const equal = new Map([
      ["kmaster", 5],
      ["knode1", 5],
    ]);
    assert.deepEqual(electionOrder(NODES, key, hashes, equal), ["knode1", "kmaster", "knode2"]);
  });

  it("L2-47: node names are compared byte for byte, case sensitive", () => {
    const hashes = new ElectionHashes();
    assert.equal(electionOrder(["Node", "node"], "k", hashes).length, 2);
    assert.notEqual(hashes.compare("k", "Node", "node"), 0);
  });

  it("L2-32: no candidate, no winner", () => {
    assert.equal(electedNode([], "k", new ElectionHashes()), undefined);
  });

  it("L2-40: exactly one winner on equal views, in whatever order the nodes are seen", () => {
    fc.assert(
      fc.property(anyNodes, fc.string(), (nodes, key) => {
        const winners = nodes.filter((self) => {
          const view = [self, ...nodes.toReversed()];
          return electedNode(view, key, new ElectionHashes()) === self;
        });
        assert.equal(winners.length, 1);
      }),
    );
  });

  it("L2-48: removing a node that is not first changes nothing, adding one moves only to itself", () => {
    fc.assert(
      fc.property(
        anyNodes,
        fc.string(),
        fc.string({ minLength: 9, maxLength: 9 }),
        (nodes, key, newcomer) => {
          const hashes = new ElectionHashes();
          const winner = electedNode(nodes, key, hashes);
          for (const gone of nodes) {
            if (gone === winner) continue;
            const rest = nodes.filter((node) => node !== gone);
            assert.equal(electedNode(rest, key, hashes), winner);
          }
          assert.ok([winner, newcomer].includes(electedNode([...nodes, newcomer], key, hashes)));
        },
      ),
    );
  });

  it("L2-40: kept digests give the order that fresh ones give, each computed once", () => {
    fc.assert(
      fc.property(anyNodes, anyNodes, (first, second) => {
        let computed = 0;
        const hashes = new ElectionHashes((text) => {
          computed++;
          return hash("sha256", text);
        });
        electionOrder(first, "ns/a", hashes);
        electionOrder([...second, ...first], "ns/b", hashes);
        const order = electionOrder([...first, ...second], "ns/a", hashes);
        assert.deepEqual(order, electionOrder([...second, ...first], "ns/a", new ElectionHashes()));
        const known = new Set([...first, ...second]).size;
        assert.ok(computed <= 2 * known);
      }),
    );
  });

  it("L2-40: a forgotten key is computed anew", () => {
    let computed = 0;
    const hashes = new ElectionHashes((text) => {
      computed++;
      return hash("sha256", text);
    });
    electionOrder(["a", "b"], "ns/a", hashes);
    hashes.forget("ns/a");
    electionOrder(["a", "b"], "ns/a", hashes);
    assert.equal(computed, 4);
  });
});
