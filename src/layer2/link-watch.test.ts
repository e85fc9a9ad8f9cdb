import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { canAnswerNow, parseAbility } from "./answering-ability.ts";
import { linkHoldMs, LinkWatch } from "./link-watch.ts";
import { type NetworkInterface, planInterfaces } from "./interface-plan.ts";

function link(name: string, more: Partial<NetworkInterface> = {}): NetworkInterface {
  return {
    index: 2,
    name,
    mac: "02:00:00:00:00:01",
    isUp: true,
    canBroadcast: true,
    hasNoArp: false,
    operState: "up",
    addresses: ["192.168.1.9", "fe80::1"],
    subnets: ["192.168.1.0/24", "fe80::/64"],
    ...more,
  };
}

const noCarrier = { operState: "lowerlayerdown" };

/** A watch, and what it told last. */
class Told {
  readonly watch: LinkWatch;
  text = "";
  count = 0;
  againMs: number | undefined;

  readonly #exclusion: RegExp | undefined;

  constructor({ tellsLinks = true, exclusion }: { tellsLinks?: boolean; exclusion?: RegExp } = {}) {
    this.watch = new LinkWatch({ tellsLinks });
    this.#exclusion = exclusion;
  }

  at(nowMs: number, ...interfaces: NetworkInterface[]): string {
    this.watch.setInterfaces(planInterfaces(interfaces, this.#exclusion), nowMs);
    return this.pass(nowMs);
  }

  pass(nowMs: number): string {
    const { text, againMs } = this.watch.news(nowMs);
    if (text !== undefined) this.count++;
    this.text = text ?? this.text;
    this.againMs = againMs;
    return this.text;
  }
}

describe("the watch over our links", () => {
  it("tells interfaces that take part, with the subnets of their global addresses", () => {
    const told = new Told();
    const text = told.at(
      0,
      link("lo", { canBroadcast: false, subnets: ["127.0.0.0/8", "::1/128"], addresses: [] }),
      link("eth0", { subnets: ["192.168.1.0/24", "fe80::/64", "2001:db8::/64"] }),
      link("eth1", { addresses: [], subnets: [] }),
      link("port0", { masterIndex: 9 }),
      link("br0", { subnets: ["10.1.0.0/16", "10.9.9.9/32", "2001:db8::5/128"] }),
    );
    assert.equal(text, "br0:10.1.0.0/16;eth0:192.168.1.0/24,2001:db8::/64;eth1/4");
    assert.equal(told.againMs, undefined);
  });

  it("L2-85: leaves out interfaces that are excluded, and the ends of cables to containers", () => {
    const told = new Told({ exclusion: /^mgmt/ });
    const others = ["mgmt0", "cali12345678901", "veth0", "docker0", "br-0123456789ab", "cni0"];
    assert.equal(
      told.at(0, link("lom1"), ...others.map((name) => link(name))),
      "lom1:192.168.1.0/24",
    );
  });

  it("tells a failure at once, with the cause and the subnets that went with the link", () => {
    for (const [now, text] of [
      [[link("eth0", noCarrier)], "eth0!carrier:192.168.1.0/24"],
      [[link("eth0", { isUp: false, subnets: [] })], "eth0!down:192.168.1.0/24"],
      [[], "eth0!gone:192.168.1.0/24"],
      [[link("eth0", { masterIndex: 7 })], "eth0!gone:192.168.1.0/24"],
      [[link("eth0", { operState: "dormant" })], "eth0!carrier:192.168.1.0/24"],
      [[link("eth0", { operState: "unknown" })], "eth0:192.168.1.0/24"],
    ] as const) {
      const told = new Told();
      told.at(0, link("eth0"));
      assert.equal(told.at(1000, ...now), text);
    }
  });

  it("tells a return after a second, and only then counts the time until it is as good as before", () => {
    const told = new Told();
    told.at(0, link("eth0"));
    told.at(1000, link("eth0", noCarrier));
    assert.equal(told.at(5000, link("eth0")), "eth0!carrier:192.168.1.0/24");
    assert.equal(told.againMs, 1000);
    assert.equal(told.pass(6000), "eth0?:192.168.1.0/24");
    assert.equal(told.againMs, linkHoldMs - 1000);
    assert.equal(told.pass(5000 + linkHoldMs), "eth0:192.168.1.0/24");
    assert.equal(told.againMs, undefined);
  });

  it("does not tell a link that flaps more than once, and begins to count anew each time", () => {
    const told = new Told();
    told.at(0, link("eth0"));
    for (let ms = 1000; ms < 20_000; ms += 500) {
      told.at(ms, link("eth0", ms % 1000 === 0 ? noCarrier : {}));
    }
    assert.equal(told.count, 2);
    assert.equal(told.text, "eth0!carrier:192.168.1.0/24");
    assert.equal(told.pass(19_000 + linkHoldMs), "eth0?:192.168.1.0/24");
    assert.equal(told.pass(19_500 + linkHoldMs), "eth0:192.168.1.0/24");
  });

  it("takes a link that is down when the speaker starts for one that failed", () => {
    const told = new Told();
    assert.equal(told.at(0, link("eth0", noCarrier)), "eth0!carrier:192.168.1.0/24");
    told.at(100, link("eth0"));
    assert.equal(told.pass(1100), "eth0?:192.168.1.0/24");
  });

  it("tells for which families an interface answers", () => {
    const told = new Told();
    assert.equal(told.at(0, link("eth0", { addresses: [] })), "eth0/4:192.168.1.0/24");
    assert.equal(told.at(1000, link("eth0", { canBroadcast: false })), "eth0/6:192.168.1.0/24");
  });

  it("says that its links do not count where the operator wants that", () => {
    const told = new Told({ tellsLinks: false });
    assert.equal(told.at(0, link("eth0")), "+eth0:192.168.1.0/24");
    assert.equal(told.at(1000, link("eth0", noCarrier)), "+eth0!carrier:192.168.1.0/24");
  });

  it("tells the first news at once and at most five a second; the last one is always told", () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 120 }), fc.nat(4));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const told = new Told();
        told.at(0, link("eth0"));
        let [ms, lastMs] = [10_000, -1000];
        const look = (nowMs: number): void => {
          const before = told.count;
          told.pass(nowMs);
          if (told.count === before) return;
          assert.ok(nowMs - lastMs >= 200);
          lastMs = nowMs;
        };
        for (const [waitMs, number] of steps) {
          const dueMs = ms + (told.againMs ?? Infinity);
          if (dueMs <= ms + waitMs) look(dueMs);
          ms += waitMs;
          const subnets = [`10.${number}.0.0/16`];
          told.watch.setInterfaces(planInterfaces([link("eth0", { subnets })]), ms);
          look(ms);
        }
        for (let left = 5; told.againMs !== undefined && left > 0; left--) {
          ms += told.againMs;
          look(ms);
        }
        const last = steps.at(-1);
        if (last !== undefined) assert.equal(told.text, `eth0:10.${last[1]}.0.0/16`);
      }),
    );
  });

  it("counts an interface as able only if it is up, and has been for the hold time since it failed", () => {
    const step = fc.tuple(fc.integer({ min: 1, max: 40_000 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const watch = new LinkWatch({ tellsLinks: true });
        watch.setInterfaces(planInterfaces([link("eth0")]), 0);
        let [ms, isUp, sinceMs] = [0, true, -linkHoldMs];
        for (const [waitMs, next] of steps) {
          ms += waitMs;
          watch.setInterfaces(planInterfaces([link("eth0", next ? {} : noCarrier)]), ms);
          if (next && !isUp) sinceMs = ms;
          isUp = next;
          const eth0 = watch.ability(ms).interfaces.get("eth0")!;
          assert.equal(eth0.link === "up", isUp && ms - sinceMs >= linkHoldMs);
          if (!isUp) assert.ok(!canAnswerNow(eth0));
        }
      }),
    );
  });

  it("keeps its text short, and its memory, however many interfaces come and go", () => {
    const told = new Told();
    for (let index = 0; index < 300; index++) {
      told.at(
        index * 1000,
        link("eth0"),
        link(`vlan${index}`, { subnets: [`10.0.${index % 250}.0/24`] }),
      );
    }
    assert.ok(told.text.length <= 256);
    assert.ok(told.watch.ability(0).interfaces.size <= 64);
    assert.equal(parseAbility(told.text).interfaces.get("eth0")?.link, "up");
  });
});
