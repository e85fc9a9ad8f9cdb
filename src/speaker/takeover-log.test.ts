import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAddress } from "../ip/index.ts";
import { type Loss, TakeoverLog } from "./takeover-log.ts";

const at = "2026-11-26T10:00:00.000Z";
const ips = [parseAddress("192.0.2.1")!];
const found: Loss = {
  node: "n1",
  because: "dead",
  foundBy: "n2",
  silentMs: 401.4,
  inquiryMs: 52.2,
  decidedMs: 1000,
};

describe("the log of takeovers", () => {
  it("tells for each service from whom it came, why, and how long each part took", () => {
    const log = new TakeoverLog();
    log.lost(found);
    log.passBegins();
    log.announced("default/shop", ips, { nowMs: 1002.24, at });
    log.announced("default/blog", ips, { nowMs: 1009, at });
    const first = {
      service: "default/shop",
      ips: ["192.0.2.1"],
      from: ["n1"],
      because: "dead",
      foundBy: "n2",
      silentMs: 401,
      inquiryMs: 52,
      announcedMs: 2.2,
    } as const;
    assert.deepEqual(log.passEnds(), { addresses: 2, first, lastMs: 9 });
    assert.deepEqual(
      log.show().map(({ service }) => service),
      ["default/blog", "default/shop"],
    );
  });

  it("takes nothing for a takeover that no loss led to", () => {
    const log = new TakeoverLog();
    log.lost(found);
    log.announced("default/new", ips, { nowMs: 1001, at });
    log.passBegins();
    assert.equal(log.passEnds(), undefined);
    log.passBegins();
    log.announced("default/later", ips, { nowMs: 2000, at });
    assert.equal(log.passEnds(), undefined);
    assert.deepEqual(log.show(), []);
  });

  it("names all who were lost together, and keeps the latest hundred only", () => {
    const log = new TakeoverLog();
    log.lost(found);
    log.lost({ ...found, node: "n3" });
    log.passBegins();
    for (let index = 0; index < 150; index++) log.announced(`a/${index}`, ips, { nowMs: 1001, at });
    assert.deepEqual(log.passEnds()?.first.from, ["n1", "n3"]);
    assert.equal(log.show().length, 100);
    assert.equal(log.show()[0]?.service, "a/149");
  });
});
