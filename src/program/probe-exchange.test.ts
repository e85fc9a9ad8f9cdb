import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  openReply,
  openRequest,
  probeKey,
  type ProbeReply,
  type ProbeRequest,
  sealReply,
  sealRequest,
} from "./probe-exchange.ts";

const key = probeKey("the secret of this test") as Uint8Array;
const other = probeKey("another secret") as Uint8Array;
const request: ProbeRequest = { nonce: "n1", at: 1_000_000, do: "probe", addresses: ["192.0.2.1"] };
const reply = { node: "a", answers: { "192.0.2.1": { kind: "free" } } } as const;

const isRefused = (text: string, nowMs = 1_000_000): boolean =>
  "refused" in openRequest(key, text, nowMs);

describe("questions to speakers", () => {
  it("come through as they were said, with their answers", () => {
    assert.deepEqual(openRequest(key, sealRequest(key, request), 1_000_000), request);
    assert.deepEqual(openReply(key, "n1", sealReply(key, "n1", reply)), reply);
  });

  it("are taken only from those who hold the secret, and only for five minutes", () => {
    assert.ok(isRefused(sealRequest(other, request)));
    assert.ok(!isRefused(sealRequest(key, request), 1_300_000));
    assert.ok(isRefused(sealRequest(key, request), 1_300_001));
    assert.ok(isRefused(sealRequest(key, request), 699_999));
    assert.equal(probeKey(""), undefined);
  });

  it("are answered only by those who hold the secret, and by this question's answer alone", () => {
    assert.equal(openReply(key, "n1", sealReply(other, "n1", reply)), undefined);
    assert.equal(openReply(key, "n2", sealReply(key, "n1", reply)), undefined);
    const echo = sealRequest(key, request);
    assert.equal(openReply(key, "n1", echo), undefined, "a question is no answer");
  });

  it("get no answer from a reply of another shape, and never throw", () => {
    const sealed = (body: unknown) =>
      openReply(key, "n1", sealReply(key, "n1", body as ProbeReply));
    for (const body of [null, 1, [], {}, { node: "a" }, { node: "a", answers: null }]) {
      assert.equal(sealed(body), undefined, JSON.stringify(body));
    }
    assert.equal(sealed({ node: 1, answers: {} }), undefined);
    const used = { kind: "used", mac: "02:00:00:00:00:99", on: "eth0", how: "has" };
    const unfit = [
      null,
      "free",
      {},
      { kind: "asleep" },
      { kind: "elsewhere" },
      { ...used, mac: 1 },
    ];
    unfit.push({ ...used, how: "wants" }, { ...used, on: undefined });
    for (const one of unfit) {
      const answers = { "192.0.2.1": one, "192.0.2.2": { ...used, whose: 1, more: 1 } };
      assert.deepEqual(sealed({ node: "a", answers, more: 1 }), {
        node: "a",
        answers: { "192.0.2.2": used },
      });
    }
    const named = { node: "a", answers: { "192.0.2.2": { ...used, whose: "b" } } };
    assert.deepEqual(sealed(named), named);
    fc.assert(fc.property(fc.jsonValue(), (body) => void sealed(body)));
  });

  it("are refused, and never throw, whatever is sent", () => {
    for (const addresses of [["192.0.2.1", "x"], [1], "192.0.2.1", Array(129).fill("192.0.2.1")]) {
      const wrong = { ...request, addresses } as unknown as ProbeRequest;
      assert.ok(isRefused(sealRequest(key, wrong)), JSON.stringify(addresses).slice(0, 40));
    }
    assert.ok(isRefused(sealRequest(key, { ...request, do: "take" as "probe" })));
    const sealed = sealRequest(key, request);
    fc.assert(
      fc.property(fc.string(), fc.nat(sealed.length - 1), (text, at) => {
        assert.ok(isRefused(text));
        const wrong = sealed[at] === "0" ? "1" : "0";
        assert.ok(isRefused(sealed.slice(0, at) + wrong + sealed.slice(at + 1)));
      }),
    );
  });
});
