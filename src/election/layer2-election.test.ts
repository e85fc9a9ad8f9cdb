import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { parseAddress } from "../ip/index.ts";
import {
  electionDigest,
  electionKey,
  electionOrder,
  legacyElectionKey,
} from "./layer2-election.ts";

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
      assert.deepEqual(electionOrder(NODES, key), names);
      for (const [name, firstBytes] of order) {
        assert.ok(electionDigest(name, key).startsWith(firstBytes));
      }
    });
  }

  it("L2-44: a higher preference score comes before the hash, a missing score is 0", () => {
    const key = ipKey("192.168.1.240");
    const scores = new Map([
      ["kmaster", 150],
      ["knode1", 100],
    ]);
    assert.deepEqual(electionOrder(NODES, key, scores), ["kmaster", "knode1", "knode2"]);
    const equal = new Map([
      ["kmaster", 5],
      ["knode1", 5],
    ]);
    assert.deepEqual(electionOrder(NODES, key, equal), ["knode1", "kmaster", "knode2"]);
  });

  it("L2-47: node names are compared byte for byte, case sensitive", () => {
    assert.equal(electionOrder(["Node", "node"], "k").length, 2);
    assert.notEqual(electionDigest("Node", "k"), electionDigest("node", "k"));
  });

  it("L2-32: no candidate, no winner", () => {
    assert.deepEqual(electionOrder([], "k"), []);
  });

  it("L2-40: exactly one winner on equal views, in whatever order the nodes are seen", () => {
    fc.assert(
      fc.property(anyNodes, fc.string(), (nodes, key) => {
        const winners = nodes.filter((self) => {
          const view = [self, ...nodes.toReversed()];
          return electionOrder(view, key)[0] === self;
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
          const [winner] = electionOrder(nodes, key);
          for (const gone of nodes) {
            if (gone === winner) continue;
            const rest = nodes.filter((node) => node !== gone);
            assert.equal(electionOrder(rest, key)[0], winner);
          }
          assert.ok([winner, newcomer].includes(electionOrder([...nodes, newcomer], key)[0]));
        },
      ),
    );
  });
});
