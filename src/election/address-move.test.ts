import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AddressMove, moveText, parseMove, whyMoved } from "./address-move.ts";

const base = { service: "shop/web", ips: ["192.0.2.1"], from: "a", to: "b" } as const;
const dead: AddressMove = {
  ...base,
  because: "dead",
  foundBy: "b",
  silentMs: 412,
  inquiryMs: 51,
  announcedMs: 6.2,
};

describe("a move of an address", () => {
  it("tells who noticed, who decided and when it was announced, and how long each took", () => {
    assert.equal(
      moveText(dead),
      '192.0.2.1 moved from node "a" to node "b": node "a" was silent for 412 ms (noticed), found dead after ' +
        "an inquiry of 51 ms (decided), first announcement 6.2 ms later (announced); 469 ms in all",
    );
  });

  it("says only what is known where another found it", () => {
    const { inquiryMs: _, ...heard } = { ...dead, foundBy: "c" };
    assert.equal(
      whyMoved(heard),
      'node "a" was silent for 412 ms when node "c" found it dead (noticed, decided), ' +
        "first announcement 6.2 ms later (announced); 418 ms in all",
    );
    const { silentMs: __, ...unheard } = heard;
    assert.equal(
      whyMoved(unheard),
      'node "c" found node "a" dead (decided), first announcement 6.2 ms later (announced)',
    );
    assert.equal(whyMoved({ ...base, because: "dead" }), 'the ring found node "a" dead (decided)');
  });

  it("tells a goodbye, a return and a first coming from a death", () => {
    assert.equal(
      whyMoved({ ...base, because: "left", announcedMs: 2 }),
      'the speaker of node "a" said goodbye, first announcement 2 ms later (announced)',
    );
    const joined = { ...base, because: "joined" } as const;
    const why = (awayMs: number): string => whyMoved({ ...joined, awayMs });
    assert.equal(
      why(4230),
      'the speaker of node "b" is back after 4.2 s, and is first in the order',
    );
    assert.match(why(95_000), /after 95 s,/);
    assert.match(why(20 * 60_000), /after 20 min,/);
    assert.match(why(5 * 3_600_000), /after 5 h,/);
    assert.equal(
      whyMoved(joined),
      'the speaker of node "b" joined the ring, and is first in the order',
    );
  });

  it("is read from an event's annotation, and nothing else is taken for one", () => {
    assert.deepEqual(parseMove(JSON.stringify(dead)), dead);
    const wrong: unknown[] = [
      null,
      [],
      "dead",
      {},
      { ...dead, because: "tired" },
      { ...dead, ips: "192.0.2.1" },
      { ...dead, ips: [1] },
      { ...dead, silentMs: "412" },
      { ...dead, detail: 7 },
      { ...dead, to: undefined },
    ];
    for (const value of wrong) assert.equal(parseMove(JSON.stringify(value)), undefined);
    assert.equal(parseMove("{"), undefined);
  });
});
